"""Read where e-mails are handed over: `smtp://user:password@host:port`, or `smtps://…` for TLS from the first byte.

With `smtp://`, STARTTLS is used where it is offered; `?starttls=required` insists, `?starttls=never` does without.
"""

from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import attrs

StartTls = Literal["offered", "required", "never"]

_SHAPE: Final = (
    "an address like smtp://user:password@mail.example.com:587 or smtps://…, with %40 for an @ in a password"
)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@attrs.frozen(kw_only=True)
class SmtpServer:
    """A mail server, and how to speak to it. `encrypted` means TLS from the first byte."""

    host: str
    port: int
    encrypted: bool
    starttls: StartTls = "offered"
    user: str | None = None
    password: str = attrs.field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether nobody can listen on the way there."""
        return self.host in _LOCAL


def read(text: str) -> SmtpServer:
    """Read the setting. Raises ValueError, which says what it must be and nothing of what it was."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(_SHAPE) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError(_SHAPE)
    return SmtpServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        encrypted=parts.scheme == "smtps",
        starttls=_starttls(parts),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
    )


def _starttls(parts: SplitResult) -> StartTls:
    match parse_qsl(parts.query, keep_blank_values=True):
        case []:
            return "offered"
        case [("starttls", "required")]:
            return "required"
        case [("starttls", "never")]:
            return "never"
    raise ValueError("an address that ends in ?starttls=required, ?starttls=never or no question mark")
