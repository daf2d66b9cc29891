"""TLS of what leaves: certificates are checked against the name that was asked for, whatever the address."""

import ssl

import httpx
import pytest

from domain.deliveries import Attempt, Email, HttpRequest
from infrastructure import clocks
from infrastructure.outgoing import smtp_servers
from infrastructure.outgoing.guard import Guard
from infrastructure.outgoing.http_sender import HttpSender
from infrastructure.outgoing.smtp_sender import SmtpSender
from tests import certificates, mail_servers, raw_servers
from tests.certificates import Certificate
from tests.mail_servers import Postbox
from tests.raw_servers import serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.issue(tmp_path_factory.mktemp("tls"), "hooks.example.com", "localhost")


def posted(url: str, trust: ssl.SSLContext) -> Attempt:
    guard = Guard(resolve=lambda host, seconds: ["127.0.0.1"], allowance="loopback", ports=(range(1, 65_536),))
    sender = HttpSender(guard=guard, trust=trust, clock=clocks.system, seconds=5)
    return sender.send(HttpRequest(url=url, body=b"{}"), delivery="d1")


def mailed(address: str, trust: ssl.SSLContext) -> Attempt:
    server = smtp_servers.read(address)
    sender = SmtpSender(server=server, sender="a@example.com", trust=trust, clock=clocks.system, seconds=5)
    return sender.send(Email(to="b@example.com", subject="Hi", text="Hi", message_id="d1"))


def test_the_certificate_is_the_names_although_the_address_is_pinned(certificate: Certificate) -> None:
    with serving(raw_servers.answers(200), tls=certificate.server()) as target:
        assert posted(target.url("hooks.example.com"), certificate.trust()).outcome == "delivered"


def test_the_certificate_of_another_name_is_not_accepted(certificate: Certificate) -> None:
    with serving(raw_servers.answers(200), tls=certificate.server()) as target:
        attempt = posted(target.url("other.example.com"), certificate.trust())
    assert (attempt.outcome, attempt.code, target.received) == ("failed", "unreachable", [])
    assert "certificate" in attempt.message


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate: Certificate) -> None:
    with serving(raw_servers.answers(200), tls=certificate.server()) as target:
        attempt = posted(target.url("hooks.example.com"), httpx.create_ssl_context())
    assert (attempt.outcome, attempt.code, target.received) == ("failed", "unreachable", [])
    assert "certificate" in attempt.message


def test_a_target_that_speaks_no_tls_is_not_reached(certificate: Certificate) -> None:
    with raw_servers.serving(raw_servers.greets_as_mail_server, speaks_first=True) as server:
        attempt = posted(f"https://hooks.example.com:{server.port}/", certificate.trust())
    assert (attempt.outcome, attempt.code) == ("failed", "unreachable")


@pytest.mark.parametrize("query", ["", "?starttls=required"])
def test_a_mail_server_that_offers_starttls_is_spoken_to_in_tls(certificate: Certificate, query: str) -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, tls=certificate.server()) as port:
        attempt = mailed(f"smtp://localhost:{port}{query}", certificate.trust())
    assert (attempt.outcome, postbox.encrypted) == ("delivered", [True])


def test_a_mail_servers_certificate_is_checked(certificate: Certificate) -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, tls=certificate.server()) as port:
        by_other_name = mailed(f"smtp://127.0.0.1:{port}", certificate.trust())
        by_nobody = mailed(f"smtp://localhost:{port}", ssl.create_default_context())
    assert [attempt.outcome for attempt in (by_other_name, by_nobody)] == ["failed", "failed"]
    assert "certificate" in by_other_name.message
    assert postbox.envelopes == []


def test_starttls_can_be_left_out(certificate: Certificate) -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, tls=certificate.server()) as port:
        attempt = mailed(f"smtp://localhost:{port}?starttls=never", ssl.create_default_context())
    assert (attempt.outcome, postbox.encrypted) == ("delivered", [False])


def test_smtps_is_tls_from_the_first_byte(certificate: Certificate) -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, smtps=certificate.server()) as port:
        assert mailed(f"smtps://localhost:{port}", certificate.trust()).outcome == "delivered"
        assert mailed(f"smtps://127.0.0.1:{port}", certificate.trust()).outcome == "failed"
    assert postbox.encrypted == [True]
