"""E-mails, handed over to real servers on loopback, and what comes of each attempt."""

import datetime as dt
import ssl
import time

import attrs
import pytest

from domain.deliveries import Attempt, Email
from infrastructure import clocks
from infrastructure.outgoing import smtp_servers
from infrastructure.outgoing.smtp_sender import SmtpSender
from tests import mail_servers, raw_servers
from tests.mail_servers import Postbox

DELIVERY = "018f3a1e-1c3c-7e9a-8c54-1f4e6b2d9a10"
EMAIL = Email(to="ann@example.com", subject="Grüße", text="Hello Zoë,\n.\nbye", message_id=DELIVERY)


def sender(port: int, query: str = "", login: str = "", seconds: float = 5) -> SmtpSender:
    return SmtpSender(
        server=smtp_servers.read(f"smtp://{login}127.0.0.1:{port}{query}"),
        sender="Hookledger <no-reply@hooks.example.com>",
        trust=ssl.create_default_context(),
        clock=clocks.system,
        seconds=seconds,
    )


def sent(postbox: Postbox, email: Email = EMAIL) -> Attempt:
    with mail_servers.serving(postbox) as port:
        return sender(port).send(email)


def test_a_message_arrives_as_it_was_written() -> None:
    postbox = Postbox()
    attempt = sent(postbox, attrs.evolve(EMAIL, html="<p>Hello Zoë</p>"))
    assert (attempt.outcome, attempt.status, attempt.answer) == ("delivered", 250, b"OK: queued as 12345")
    (envelope,), (message,) = postbox.envelopes, postbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@hooks.example.com", ["ann@example.com"])
    assert [message[name] for name in ("From", "To", "Subject")] == [
        "Hookledger <no-reply@hooks.example.com>",
        "ann@example.com",
        "Grüße",
    ]
    plain, html = message.get_body(["plain"]), message.get_body(["html"])
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "Hello Zoë,\n.\nbye\n"
    assert html.get_content().strip() == "<p>Hello Zoë</p>"
    assert abs(message["Date"].datetime - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_every_attempt_carries_the_same_message_id() -> None:
    postbox = Postbox(data=("451 try later", "gone", mail_servers.TAKEN))
    with mail_servers.serving(postbox) as port:
        attempts = [sender(port).send(EMAIL) for _ in range(3)]
    assert [attempt.outcome for attempt in attempts] == ["failed", "failed", "delivered"]
    assert [each["Message-ID"] for each in postbox.messages] == [f"<{DELIVERY}@hooks.example.com>"] * 3


def test_an_answer_that_is_lost_after_the_message_is_a_failure() -> None:
    attempt = sent(Postbox(data=("gone",)))
    assert (attempt.outcome, attempt.status, attempt.code) == ("failed", None, "unreachable")


def test_greylisting_is_tried_again() -> None:
    postbox = Postbox(rcpt=("450 4.7.1 greylisted, come back later", "250 OK"))
    with mail_servers.serving(postbox) as port:
        first, second = sender(port).send(EMAIL), sender(port).send(EMAIL)
    assert (first.outcome, first.status, first.answer) == ("failed", 450, b"4.7.1 greylisted, come back later")
    assert second.outcome == "delivered"


def test_a_recipient_that_does_not_exist_is_refused_for_good() -> None:
    attempt = sent(Postbox(rcpt=("550 5.1.1 no such user",)))
    assert (attempt.outcome, attempt.status) == ("refused", 550)
    assert "no such user" in attempt.message


def test_a_message_that_is_refused_is_refused_for_good() -> None:
    attempt = sent(Postbox(data=("554 5.7.1 this is spam",)))
    assert (attempt.outcome, attempt.status) == ("refused", 554)


def test_user_and_password_are_given() -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, auth=True) as port:
        attempt = sender(port, login="ann%40example.com:p%40ss%2Fword@").send(EMAIL)
    assert attempt.outcome == "delivered"
    assert postbox.users == ["ann@example.com"]


@pytest.mark.parametrize(("login", "status"), [("", "530"), ("ann:wrong@", "535")])
def test_without_the_right_password_it_is_tried_again_since_the_operator_can_mend_it(login: str, status: str) -> None:
    with mail_servers.serving(Postbox(), auth=True) as port:
        attempt = sender(port, login=login).send(EMAIL)
    assert attempt.outcome == "failed"
    assert status in attempt.message
    assert "wrong" not in attempt.message


def test_a_password_is_not_sent_in_the_clear_to_another_machine() -> None:
    postbox = Postbox()
    with mail_servers.serving(postbox, auth=True) as port:
        # By another name, this machine is another one.
        away = smtp_servers.read(f"smtp://ann:p%40ss%2Fword@127.1:{port}")
        attempt = attrs.evolve(sender(port), server=away).send(EMAIL)
    assert attempt.outcome == "failed"
    assert "no TLS" in attempt.message
    assert postbox.users == []


def test_starttls_can_be_required() -> None:
    with mail_servers.serving(Postbox()) as port:
        attempt = sender(port, "/?starttls=required").send(EMAIL)
    assert attempt.outcome == "failed"
    assert "STARTTLS" in attempt.message


@pytest.mark.parametrize(
    "behaviour",
    [raw_servers.is_silent, raw_servers.drips_a_greeting, raw_servers.greets_as_mail_server],
    ids=["silent", "drips", "half"],
)
def test_a_server_that_is_slow_or_none_is_given_up_at_the_deadline(behaviour: raw_servers.Behaviour) -> None:
    started = time.monotonic()
    with raw_servers.serving(behaviour, speaks_first=True) as server:
        attempt = sender(server.port, seconds=0.7).send(EMAIL)
    assert (attempt.outcome, attempt.status) == ("failed", None)
    assert time.monotonic() - started < 5


def test_nobody_there_is_a_failure() -> None:
    with raw_servers.serving(raw_servers.is_silent, speaks_first=True) as server:
        pass
    assert sender(server.port).send(EMAIL).outcome == "failed"


INJECTIONS = [
    "ann@example.com\r\nBcc: eve@example.com",
    "ann@example.com\nBcc: eve@example.com",
    "ann@example.com, eve@example.com",
    "ann@example.com; eve@example.com",
    "ann@example.com eve@example.com",
    "ann@example.com>\r\nRCPT TO:<eve@example.com",
    "friends: ann@example.com;",
    "Ann\r\n <ann@example.com>",
    "<ann@example.com> <eve@example.com>",
    "ann@example.com\x00",
    "ann@exam\u2028ple.com",
    "ann",
    "@example.com",
    "ann@",
    "ann@@example.com",
    "ann@example..com",
    '"ann eve"@example.com',
    "ann@[127.0.0.1]",
    " ",
    "a" * 65 + "@example.com",
    "ann@" + "a" * 64 + ".com",
    "ann@" + "a." * 130 + "com",
]


@pytest.mark.parametrize("address", INJECTIONS)
@pytest.mark.parametrize("field", ["to", "sender"])
def test_an_address_is_one_address_and_nothing_else(address: str, field: str) -> None:
    postbox = Postbox()
    attempt = sent(postbox, attrs.evolve(EMAIL, **{field: address}))
    assert (attempt.outcome, attempt.code) == ("refused", "message_refused")
    assert postbox.recipients == []


def test_an_empty_address_is_none() -> None:
    assert sent(Postbox(), attrs.evolve(EMAIL, to="")).code == "message_refused"


def test_a_subject_cannot_add_a_header() -> None:
    postbox = Postbox()
    sent(postbox, attrs.evolve(EMAIL, subject="Hi\r\nBcc: eve@example.com\r\n\r\nbody\u2028x\x85y"))
    (message,) = postbox.messages
    assert message["Subject"] == "Hi Bcc: eve@example.com body x y"
    assert message["Bcc"] is None
    assert postbox.recipients == ["ann@example.com"]


@pytest.mark.parametrize(
    "text", ["a\r\n.\r\nMAIL FROM:<eve@x.y>\r\n", "a\n.\nQUIT\n", "a\r.\rRSET\r", ".", "\r\n.\r\n"]
)
def test_a_text_cannot_end_the_message_early(text: str) -> None:
    postbox = Postbox()
    assert sent(postbox, attrs.evolve(EMAIL, text=text)).outcome == "delivered"
    body = postbox.messages[0].get_content()
    assert body.split() == text.split()
    assert len(postbox.envelopes) == 1


def test_a_message_id_cannot_add_a_header() -> None:
    assert sent(Postbox(), attrs.evolve(EMAIL, message_id="a>\r\nBcc: b")).code == "message_refused"


def test_half_a_character_is_refused() -> None:
    assert sent(Postbox(), attrs.evolve(EMAIL, text="\ud800")).code == "message_refused"


def test_names_and_foreign_domains_are_understood() -> None:
    postbox = Postbox()
    email = attrs.evolve(EMAIL, to='"Müller, Zoë" <zoe@münchen.example>', sender="Me <me@example.org>")
    assert sent(postbox, email).outcome == "delivered"
    assert postbox.recipients == ["zoe@xn--mnchen-3ya.example"]
    assert postbox.messages[0]["To"] == '"Müller, Zoë" <zoe@xn--mnchen-3ya.example>'
    assert postbox.messages[0]["Message-ID"] == f"<{DELIVERY}@example.org>"


def test_addresses_beyond_ascii_go_to_servers_that_know_them() -> None:
    postbox = Postbox()
    assert sent(postbox, attrs.evolve(EMAIL, to="zoë@example.com")).outcome == "delivered"
    assert postbox.recipients == ["zoë@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://a:b",
        "smtp://a/b",
        "smtp://a?tls=1",
        "smtp://[::1",
    ],
)
def test_what_is_no_mail_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an address"):
        smtp_servers.read(text)


def test_the_ports_are_those_of_submission_unless_given() -> None:
    assert [smtp_servers.read(text).port for text in ("smtp://a", "smtps://a", "smtp://a:25")] == [587, 465, 25]


def test_a_mail_server_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(smtp_servers.read("smtp://ann:hunter2@mail.example.com"))
