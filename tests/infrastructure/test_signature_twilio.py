"""Twilio signs its request's URL: as it was given, with and without the port, and never less than the whole body."""

from collections.abc import Mapping
from hashlib import sha256

import attrs
import pytest

from domain.verification import SigningSecret, Verification
from infrastructure.signatures import schemes
from tests.infrastructure.judged_requests import AT, BODY, URL, Request, b64, mac
from tests.infrastructure.provider_requests import BODY_DIGEST, FORM, PROVIDERS, TWILIO_TOKEN
from tests.infrastructure.signed_requests import assert_failed

JSON = PROVIDERS["twilio, by its package"]
SENT_FORM = PROVIDERS["twilio's form, by its package"]


def signed(text: str, request: Request = JSON) -> Request:
    """The request with a genuine signature of this text."""
    return request.with_header("x-twilio-signature", b64(mac(TWILIO_TOKEN, text.encode(), "sha1")))


PORTS = [
    ("https://a.example.com/in", "https://a.example.com/in", True),
    ("https://a.example.com/in", "https://a.example.com:443/in", True),
    ("https://a.example.com:8443/in", "https://a.example.com:8443/in", True),
    ("https://a.example.com:8443/in", "https://a.example.com/in", True),
    ("https://a.example.com:443/in", "https://a.example.com/in", True),
    ("http://a.example.com/in", "http://a.example.com:80/in", True),
    ("http://a.example.com/in", "http://a.example.com:443/in", False),
    ("https://a.example.com/in", "https://a.example.com:8443/in", False),
    ("https://a.example.com/in", "http://a.example.com/in", False),
    ("https://a.example.com/in", "https://b.example.com/in", False),
    ("https://a.example.com/in", "https://a.example.com/IN", False),
    ("https://a.example.com/in", "https://a.example.com/in/", False),
]


@pytest.mark.parametrize(("ours", "theirs", "verifies"), PORTS, ids=range(len(PORTS)))
@pytest.mark.parametrize("given", ["option", "endpoint"])
def test_the_url_counts_with_its_port_and_without(ours: str, theirs: str, verifies: bool, given: str) -> None:
    request = signed(f"{theirs}?{JSON.query}")
    option = Verification("twilio", {"url": ours} if given == "option" else {})
    address = ours if given == "endpoint" else "https://elsewhere.example.com/"
    verify = schemes.verifier(option, [SigningSecret("0", TWILIO_TOKEN)], address)
    verdict = verify(request.headers, BODY, AT, request.query)
    assert verdict.reason == (None if verifies else "signature_mismatch")


def test_without_any_address_nothing_verifies() -> None:
    verify = schemes.verifier(JSON.verification, [SigningSecret("0", TWILIO_TOKEN)])
    assert verify(JSON.headers, BODY, AT, JSON.query).reason == "signature_mismatch"


QUERIES: Mapping[str, str] = {
    f"bodySHA256={BODY_DIGEST}&a=1": "signature_mismatch",
    f"a=1&bodySHA256={BODY_DIGEST}": "signature_mismatch",
    f"bodySHA256={BODY_DIGEST.upper()}": "signature_mismatch",
    f"bodySHA256={BODY_DIGEST}&bodySHA256={BODY_DIGEST}": "signature_malformed",
    "bodySHA256=": "signature_mismatch",
    "bodySHA256=%C3%A9": "signature_malformed",
    f"bodySHA256={BODY_DIGEST}#": "signature_malformed",
    f"bodySHA256={BODY_DIGEST}\u00e9": "signature_malformed",
    f"bodysha256={BODY_DIGEST}": "signature_missing",
    "": "signature_missing",
}


@pytest.mark.parametrize(("query", "reason"), QUERIES.items(), ids=range(len(QUERIES)))
def test_a_query_that_is_not_the_one_signed_fails(query: str, reason: str) -> None:
    assert_failed(attrs.evolve(JSON, query=query), reason)


def test_a_query_may_hold_more_when_all_of_it_is_signed() -> None:
    query = f"a=1&bodySHA256={BODY_DIGEST}&b=%2F"
    assert attrs.evolve(signed(f"{URL}?{query}"), query=query).verdict().status == "verified"


@pytest.mark.parametrize("content_type", ["", "application/json", f"{FORM}, application/json", "text/plain"])
def test_a_body_that_nothing_covers_is_refused_though_the_url_is_signed(content_type: str) -> None:
    request = attrs.evolve(signed(URL), query="", beside={"content-type": content_type})
    assert_failed(request, "signature_missing")


@pytest.mark.parametrize("body", [BODY, b"&", b"&&", b"no-equals-sign", b"a=1&b", b"a=1&&b=2", b"\xff=1", b"a=%ff"])
def test_what_is_no_form_does_not_pass_for_an_empty_one(body: bytes) -> None:
    """Twilio also signs URLs without fields; such a signature must vouch for no other body."""
    request = attrs.evolve(signed(URL, SENT_FORM), body=body)
    assert_failed(request, "signature_malformed")


def test_the_text_of_a_genuine_form_does_not_verify_as_json() -> None:
    """A message may hold what, cut differently, is a JSON object: the fields sort back into the very text signed."""
    message = '{"a":"|"}~'
    text = f"{URL}AccountSidAC1Body{message}From1Zip2"
    genuine = attrs.evolve(signed(text, SENT_FORM), body=b"AccountSid=AC1&Body=%7B%22a%22%3A%22%7C%22%7D~&From=1&Zip=2")
    assert genuine.verdict().status == "verified"
    for begin in (b"", b" \r\n\t"):
        forged = begin + b'{"a":"=&AccountSidAC1Body=&~From1Zip2=&|="}'
        assert_failed(attrs.evolve(genuine, body=forged), "signature_malformed")


@pytest.mark.parametrize("content_type", [FORM, FORM.title(), f"{FORM}; charset=UTF-8", f" {FORM} "])
def test_a_form_is_told_by_its_content_type(content_type: str) -> None:
    assert attrs.evolve(SENT_FORM, beside={"content-type": content_type}).verdict().status == "verified"


def test_a_form_with_a_body_digest_needs_both() -> None:
    """Else an empty form would verify with the signature of any other body."""
    digest = sha256(SENT_FORM.body).hexdigest()
    query = f"bodySHA256={digest}"
    both = attrs.evolve(signed(f"{URL}?{query}AccountSidAC1BodyhelloFrom15550001", SENT_FORM), query=query)
    assert both.verdict().status == "verified"
    assert_failed(attrs.evolve(JSON, body=b"", beside={"content-type": FORM}), "signature_mismatch")


def test_fields_are_sorted_and_counted_once_and_may_be_empty() -> None:
    request = signed(f"{URL}ABb1b2cé d", SENT_FORM)
    assert attrs.evolve(request, body=b"c=%C3%A9+d&b=2&A=B&b=1&b=2").verdict().status == "verified"
    assert attrs.evolve(signed(f"{URL}ab1", SENT_FORM), body=b"b=1&a=").verdict().status == "verified"


def test_a_form_of_too_many_fields_is_refused() -> None:
    body = b"&".join(b"a=%d" % number for number in range(1001))
    assert_failed(attrs.evolve(SENT_FORM, body=body), "signature_malformed")


def test_an_empty_body_is_covered_by_the_url_alone() -> None:
    assert attrs.evolve(signed(URL), body=b"", query="").verdict().status == "verified"


def test_the_algorithm_is_never_taken_from_the_request() -> None:
    """The header that names one decides nothing, neither for a better nor for a worse one."""
    settings = "x-twilio-webhooks-signature-settings"
    other = PROVIDERS["twilio with sha256, by its package"]
    for algorithm in ("HMAC_SHA1", "HMAC_SHA256"):
        named = {**JSON.beside, settings: f"key=webhooks_sharedkey_1,algorithm={algorithm}"}
        assert attrs.evolve(JSON, beside=named).verdict().status == "verified"
        assert_failed(attrs.evolve(JSON, beside=named, headers=other.headers), "signature_malformed")
        assert_failed(attrs.evolve(other, beside=named, headers=JSON.headers), "signature_malformed")
