"""Mail servers on loopback, real ones, that refuse, delay and break off as they are told."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TAKEN = "250 OK: queued as 12345"


class Postbox:
    """What arrives at a server. The answers to RCPT and DATA are those given, the last one for all that follow."""

    def __init__(self, *, rcpt: tuple[str, ...] = ("250 OK",), data: tuple[str, ...] = (TAKEN,)) -> None:
        self._rcpt, self._data = list(rcpt), list(data)
        self.wants_password = self.encrypted_at_once = False
        self.recipients: list[str] = []
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.users: list[str] = []

    def answer(self, *, rcpt: tuple[str, ...] = (), data: tuple[str, ...] = ()) -> None:
        """Answer from now on with these, where any are given."""
        self._rcpt, self._data = list(rcpt) or self._rcpt, list(data) or self._data

    @property
    def messages(self) -> list[EmailMessage]:
        """Everything that was taken, read again."""
        contents = [each.content for each in self.envelopes]
        read = [message_from_bytes(each, policy=policy.SMTP) for each in contents if isinstance(each, bytes)]
        return [each for each in read if isinstance(each, EmailMessage)]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a sender."""
        if self.wants_password and not session.authenticated:
            return "530 5.7.0 authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        answer = _next(self._rcpt)
        self.recipients.append(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer to a message; `gone` takes it and lets the answer be lost."""
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None or self.encrypted_at_once)
        answer = _next(self._data)
        if answer == "gone":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer

    def authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
        """Let in who knows the password."""
        assert isinstance(login, LoginPassword)
        self.users.append(login.login.decode())
        return AuthResult(success=login.password == b"p@ss/word", handled=False)


def _next(answers: list[str]) -> str:
    return answers.pop(0) if len(answers) > 1 else answers[0]


@contextlib.contextmanager
def serving(
    postbox: Postbox, *, tls: ssl.SSLContext | None = None, smtps: ssl.SSLContext | None = None, auth: bool = False
) -> Iterator[int]:
    """The port of a server for this postbox: `tls` for STARTTLS, `smtps` for TLS at once; `auth` wants a password."""
    postbox.wants_password, postbox.encrypted_at_once = auth, smtps is not None
    controller = Controller(
        postbox,
        hostname="127.0.0.1",
        port=0,
        enable_SMTPUTF8=True,
        tls_context=tls,
        ssl_context=smtps,
        authenticator=postbox.authenticate if auth else None,
        auth_require_tls=False,
    )
    # The controller calls its own port to see whether it is up, so it has to know which one that is.
    controller.port = _free_port()
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
