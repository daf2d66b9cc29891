"""Hands e-mails over to a mail server, one connection each, within one deadline.

What the server says decides: 2yz is delivered, 4yz is tried again, 5yz to the recipient or the message is refused for
good. What is wrong with the way there, passwords among it, is tried again: the operator can mend it.
"""

import contextlib
import functools
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Final

import attrs

from application.ports import Clock
from domain.deliveries import Attempt, Email, Outcome
from domain.errors import Refused
from infrastructure import failpoints
from infrastructure.outgoing import messages
from infrastructure.outgoing.messages import Message
from infrastructure.outgoing.smtp_servers import SmtpServer

SECONDS: Final = 30.0
_AGAIN: Final = 0.2
# The server's own conditions for talking at all, not its judgement of the message (RFC 4954).
_ABOUT_US: Final = frozenset({530, 534, 535, 538})


class _Answered(Exception):
    """The server said no."""

    def __init__(self, status: int, text: bytes) -> None:
        super().__init__(f"the mail server answered {status} {text.decode(errors='replace')[:200]}")
        self.status = status
        self.text = text


class _Impassable(Exception):
    """There is no way to the server that settings and prudence allow."""


@attrs.frozen(kw_only=True)
class SmtpSender:
    """See the port `Mailer`. `sender` stands in where an e-mail names none; `seconds` is the deadline of an attempt."""

    server: SmtpServer
    sender: str | None
    trust: ssl.SSLContext
    clock: Clock
    seconds: float = SECONDS

    def send(self, email: Email) -> Attempt:
        """See the port."""
        started = time.perf_counter()
        try:
            with failpoints.effect():
                status, answer = self._attempt(messages.made(email, self.sender, self.clock()))
        except Refused as refused:
            return _attempt(started, "refused", "message_refused", str(refused))
        except _Answered as no:
            final = no.status >= 500 and no.status not in _ABOUT_US
            return _attempt(started, "refused" if final else "failed", "answered", str(no), no.status, no.text)
        except (_Impassable, OSError) as error:  # SMTPException is an OSError, too
            code = "timed_out" if time.perf_counter() - started >= self.seconds else "unreachable"
            return _attempt(started, "failed", code, _words(error))
        return _attempt(started, "delivered", "answered", "the mail server took the message", status, answer)

    def _attempt(self, message: Message) -> tuple[int, bytes]:
        with self._connected() as client:
            self._secure(client)
            self._introduce(client)
            return _hand_over(client, message)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        client, over = self._client(), threading.Event()
        threading.Thread(target=_watch, args=(client, over, self.seconds), name="mail deadline", daemon=True).start()
        try:
            status, text = client.connect(self.server.host, self.server.port)
            if status != 220:
                raise _Impassable(f"the mail server greeted with {status} {text.decode(errors='replace')[:200]}")
            yield client
            with contextlib.suppress(OSError):  # the message is taken, whatever becomes of the goodbye
                client.quit()
        finally:
            over.set()
            client.close()

    def _client(self) -> smtplib.SMTP:
        client = (
            smtplib.SMTP_SSL(timeout=self.seconds, local_hostname=_own_name(), context=self.trust)
            if self.server.encrypted
            else smtplib.SMTP(timeout=self.seconds, local_hostname=_own_name())
        )
        # What certificates are checked against. Only the constructor that also connects sets it, and that one cannot be
        # watched.
        client._host = self.server.host  # type: ignore[attr-defined]
        return client

    def _secure(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if self.server.encrypted or self.server.starttls == "never":
            return
        if client.has_extn("starttls"):
            client.starttls(context=self.trust)
            client.ehlo_or_helo_if_needed()
        elif self.server.starttls == "required":
            raise _Impassable("the mail server does not offer STARTTLS, which HOOKLEDGER_SMTP_URL requires")
        elif self.server.user is not None and not self.server.is_local:
            raise _Impassable("the mail server offers no TLS, and without it the password is not sent")

    def _introduce(self, client: smtplib.SMTP) -> None:
        if self.server.user is None:
            return
        try:
            client.login(self.server.user, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            raise _Impassable(f"the mail server does not accept user and password: {error.smtp_code}") from error


def _hand_over(client: smtplib.SMTP, message: Message) -> tuple[int, bytes]:
    options = []
    if message.international:
        if not client.has_extn("smtputf8"):
            raise messages.EmailRefused("to: the mail server takes only addresses in ASCII", field="to")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    _expect(client.mail(message.sender, options))
    _expect(client.rcpt(message.recipient))
    try:
        return _expect(client.data(message.content))
    except smtplib.SMTPDataError as error:
        raise _Answered(error.smtp_code, _bytes(error.smtp_error)) from error


def _expect(answer: tuple[int, bytes]) -> tuple[int, bytes]:
    status, text = answer
    if not 200 <= status < 300:
        raise _Answered(status, text)
    return answer


def _attempt(
    started: float, outcome: Outcome, code: str, message: str, status: int | None = None, answer: bytes = b""
) -> Attempt:
    milliseconds = round((time.perf_counter() - started) * 1000)
    return Attempt(outcome=outcome, status=status, code=code, message=message, milliseconds=milliseconds, answer=answer)


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not accepted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code} {_bytes(error.smtp_error).decode(errors='replace')[:200]}"
    return str(error) or type(error).__name__


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _watch(client: smtplib.SMTP, over: threading.Event, seconds: float) -> None:
    """End a conversation at the deadline from outside, since a timeout of smtplib counts anew with every byte."""
    while not over.wait(seconds):
        seconds = _AGAIN  # the socket may have been about to be replaced by one with TLS
        if client.sock is not None:
            with contextlib.suppress(OSError):
                # Not the method of an SSLSocket, which would take the encryption off first.
                socket.socket.shutdown(client.sock, socket.SHUT_RDWR)


@functools.cache
def _own_name() -> str:
    """The machine's name for EHLO. Asked for once, because that can take the resolver some seconds."""
    return socket.getfqdn()
