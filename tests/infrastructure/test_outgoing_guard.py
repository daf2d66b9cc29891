"""Where requests may go: everything that leads into a private net is refused, in any spelling; public ones pass."""

import socket
import threading
from collections.abc import Sequence

import pytest

from domain.errors import Refused
from infrastructure.outgoing import guard, targets
from infrastructure.outgoing.addresses import Allowance
from infrastructure.outgoing.guard import AddressRefused, Guard, Unresolved
from infrastructure.outgoing.targets import UrlRefused

NEVER = [
    *("0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.9", "198.18.0.1", "198.19.255.255", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001::1", "2001:0:a9fe:a9fe::", "2001:10::1", "2001:2::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1"),
    *("fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "4000::1", "fd00:ec2::254", "fd20:ce::254"),
]
PRIVATE = [
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255"),
    *("fc00::1", "fd12:3456::1"),
]
LOOPBACK = ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"]
PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "93.184.215.14", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"),
    *("192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255", "169.255.0.0"),
    *("126.255.255.255", "128.0.0.0", "198.17.255.255", "198.20.0.0", "192.0.1.0", "223.255.255.255", "1.0.0.0"),
    *("2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:80b::200e", "2001:200::1", "2003::1"),
    *("2620:0:ccc::2", "3ffe::1", "2000::1"),
]
CLEAR_SPELLINGS = [
    *("127.0.0.1.", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７．０．０．１", "[::1]", "[0:0:0:0:0:0:0:1]"),  # noqa: RUF001
]
ODD_SPELLINGS = [
    *("0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1", "0", "0x", "1"),
    *("127.0.0.1..", "127.0.0.01", "127.0.0.0x1", "127.0.0.256", "localhost.1", "a.0x7f", "1.1.1.1.1"),
    *("0177｡0｡0｡1", "１69.254.169.254"),  # noqa: RUF001
    *(
        "[::]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
    ),
    *("[64:ff9b::a9fe:a9fe]", "[::1].example.com", "[v1.x]", "[]", "[127.0.0.1]", "[::1", "::1"),
    *("%31%32%37.0.0.1", "127%2e0.0.1", "127.0.0.1%00.example.com", "a..b", ".", "..", "-a.com", "a b.com", "a*.com"),
]
ODD_URLS = [
    *("", "example.com", "//example.com", "/a", "http:", "http://", "http:///a", "https:example.com", "http:/\\a.com"),
    *("ftp://example.com/", "file:///etc/passwd", "gopher://a.com", "javascript:alert(1)", "unix:///run/x", "data:,a"),
    *(
        "http://user:pass@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1@example.com/",
        "http://@a.com",
    ),
    *("http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http://127.0.0.1#@example.com/"),
    *(
        "http://exam\nple.com/",
        "http://example.com/\r\nHost: a",
        "http://127.0.\t0.1",
        " http://a.com",
        "http://a.com/ b",
    ),
    *("http://example.com:22/", "http://example.com:6379", "http://example.com:0", "http://example.com:99999/"),
    *("http://example.com:8o/", "http://example.com:-80/", "http://example.com:８０/", "http://a.com:80:80/"),  # noqa: RUF001
    *("http://example.com\x00.evil.com/", "http://" + "a" * 64 + ".com/", "http://a.com/" + "a" * 2_048),
    *("http://exa\u200bmple..com/", "http://a.com\u2100b/", "http://" + "a." * 127 + "com/"),
]


def guarding(*addresses: str, allowance: Allowance = "none") -> Guard:
    return Guard(resolve=lambda host, seconds: addresses, allowance=allowance)


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", [*NEVER, *PRIVATE, *LOOPBACK])
def test_no_name_leads_into_a_private_net(address: str) -> None:
    with pytest.raises(AddressRefused, match="must not be called"):
        guarding(address).vet("https://hooks.example.com/", 1)


@pytest.mark.parametrize("address", [*NEVER, *PRIVATE, *LOOPBACK])
def test_no_written_address_does_either(address: str) -> None:
    with pytest.raises(AddressRefused):
        guarding().check(f"http://{bracketed(address)}/")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    assert guarding(address).vet("https://hooks.example.com/", 1).addresses == (address,)
    assert guarding().vet(f"http://{bracketed(address)}/", 1).addresses == (address,)


@pytest.mark.parametrize("bad", ["10.0.0.1", "::1", "64:ff9b::7f00:1", "no address", "fe80::1%eth0"])
@pytest.mark.parametrize("first", [True, False])
def test_one_bad_address_among_good_ones_is_enough(bad: str, first: bool) -> None:
    found = (bad, "8.8.8.8") if first else ("8.8.8.8", "1.1.1.1", bad)
    with pytest.raises(AddressRefused):
        guarding(*found).vet("https://hooks.example.com/", 1)


@pytest.mark.parametrize("host", [*ODD_SPELLINGS, *CLEAR_SPELLINGS])
def test_odd_spellings_of_addresses_are_refused(host: str) -> None:
    with pytest.raises(Refused):
        guarding("8.8.8.8").check(f"http://{host}/")


@pytest.mark.parametrize("host", ODD_SPELLINGS)
def test_spellings_that_can_be_read_in_two_ways_are_refused_even_of_allowed_addresses(host: str) -> None:
    with pytest.raises(Refused):
        guarding("8.8.8.8", allowance="loopback").check(f"http://{host}/")


@pytest.mark.parametrize("host", CLEAR_SPELLINGS)
def test_spellings_that_everybody_reads_alike_are_allowed_with_their_addresses(host: str) -> None:
    assert guarding(allowance="loopback").vet(f"http://{host}/", 1).addresses[0] in ("127.0.0.1", "::1")


@pytest.mark.parametrize("url", ODD_URLS)
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        guarding("8.8.8.8").vet(url, 1)


@pytest.mark.parametrize("address", NEVER)
def test_no_setting_opens_metadata_services_and_what_is_no_address_of_a_machine(address: str) -> None:
    with pytest.raises(AddressRefused):
        guarding(address, allowance="private").vet("https://hooks.example.com/", 1)


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, "8.8.8.8"])
def test_private_addresses_may_be_called_when_that_is_set(address: str) -> None:
    assert guarding(address, allowance="private").vet("https://intranet/", 1).addresses == (address,)


def test_the_allowance_of_loopback_opens_nothing_else() -> None:
    assert guarding("127.0.0.1", "::1", allowance="loopback").vet("http://localhost/", 1).addresses
    with pytest.raises(AddressRefused):
        guarding("10.0.0.1", allowance="loopback").vet("http://intranet/", 1)


def test_a_name_is_resolved_once() -> None:
    asked: list[str] = []

    def resolve(host: str, seconds: float) -> Sequence[str]:
        asked.append(host)
        return ["8.8.8.8"]

    Guard(resolve=resolve).vet("https://Hooks.Example.com./a", 1)
    assert asked == ["hooks.example.com"]


def test_only_ports_that_are_allowed() -> None:
    wide = Guard(resolve=lambda host, seconds: ["8.8.8.8"], ports=(range(8000, 9000),))
    assert wide.vet("http://example.com:8080/", 1).target.port == 8080
    with pytest.raises(UrlRefused, match="port 443 is not allowed"):
        wide.vet("https://example.com/", 1)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("HTTP://EXAMPLE.com:80/A?b=c#d", "example.com", "/A?b=c"),
        ("https://example.com:80/", "example.com:80", "/"),
        ("https://my_service.internal./x", "my_service.internal", "/x"),
        ("https://münchen.example/ü?q=ü", "xn--mnchen-3ya.example", "/%C3%BC?q=%C3%BC"),
        ("https://example.com/%2e%2E/a%20b", "example.com", "/%2e%2E/a%20b"),
        ("https://[2606:4700:4700:0::1111]/", "[2606:4700:4700::1111]", "/"),
        ("https://example.com?a=b", "example.com", "/?a=b"),
    ],
)
def test_what_was_read_is_what_is_asked_for(url: str, authority: str, path: str) -> None:
    target = targets.read(url)
    assert (target.authority, target.path) == (authority, path)


def test_a_name_without_addresses_is_tried_again_later() -> None:
    with pytest.raises(Unresolved):
        guarding().vet("https://gone.example.com/", 1)


def test_a_refused_url_does_not_show_a_password() -> None:
    with pytest.raises(UrlRefused) as refused:
        guarding().check("https://user:hunter2@example.com/")
    assert "hunter2" not in str(refused.value)


def test_the_machines_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in guard.system_resolver("localhost", 5)


def test_a_resolver_that_does_not_answer_in_time_leaves_a_name_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
    with pytest.raises(Unresolved, match="within 0 s"):
        guard.system_resolver("slow.example.com", 0.01)
    over.set()


def test_a_name_that_cannot_be_is_unresolved() -> None:
    with pytest.raises(Unresolved, match="is not resolved"):
        guard.system_resolver("a" * 70 + ".example.com", 5)
