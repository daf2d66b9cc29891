"""Settings from the environment. All have defaults; an unknown name that begins with HOOKLEDGER_ is refused."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from domain import errors
from infrastructure.embedded_postgres import default_data_dir
from infrastructure.outgoing import messages, smtp_servers, targets
from infrastructure.outgoing.addresses import Allowance
from infrastructure.outgoing.smtp_servers import SmtpServer

PREFIX = "HOOKLEDGER_"
SECRETS = f"{PREFIX}SECRET_"
"""Begins the names of secrets that files of sources refer to; they are no settings."""


class SettingRefused(errors.Refused):
    """A setting has an unknown name or a value that cannot be."""


@attrs.frozen(kw_only=True)
class Settings:
    """See docs/settings.md. `database_url` None means the embedded server under `data_dir`."""

    host: str = "127.0.0.1"
    port: int = 8400
    public_url: str | None = None
    data_dir: Path = attrs.Factory(lambda: default_data_dir().parent)
    database_url: str | None = None
    admin_token: str | None = attrs.field(default=None, repr=False)
    master_key: str | None = attrs.field(default=None, repr=False)
    max_body_bytes: int = 1_048_576
    max_batch_bytes: int = 6_291_456
    body_timeout_seconds: float = 10.0
    max_connections: int = 1_000
    rejections_per_second: float = 100.0
    rate_limits: float = 0.0
    allow_private_targets: Allowance = "none"
    outgoing_ports: Sequence[range] = targets.PORTS
    smtp_url: SmtpServer | None = attrs.field(default=None, repr=False)
    smtp_sender: str | None = None
    signing_key: str | None = attrs.field(default=None, repr=False)
    checkpoint_file: Path | None = None
    checkpoint_url: str | None = None
    checkpoint_events: int = 1_000
    checkpoint_seconds: float = 10.0
    recount_hours: float = 24.0
    log_level: str = "info"

    @property
    def checkpoints(self) -> Path:
        """The file of checkpoints outside the database."""
        return self.checkpoint_file or self.data_dir / "checkpoints.ndjson"

    @property
    def url(self) -> str:
        """Where the API is reached from outside."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _integer(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return value

    return read


def _factor(text: str) -> float:
    known = {"off": 0.0, "on": 1.0}
    try:
        return known[text.lower()] if text.lower() in known else _number(0.001, 1_000)(text)
    except ValueError as error:
        raise ValueError("off, on, or a number from 0.001 to 1000 by which the limits are multiplied") from error


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("an address that begins with http:// or https://")
    return text


def _token(text: str) -> str:
    if len(text) < 16:
        raise ValueError("at least 16 characters, best taken from a random source")
    return text


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("debug, info, warning or error")
    return text.lower()


def _allowance(text: str) -> str:
    if text.lower() not in ("none", "loopback", "private"):
        raise ValueError("none, loopback or private")
    return text.lower()


def _ports(text: str) -> tuple[range, ...]:
    bounds = [
        [int(end) if end.isascii() and end.isdigit() else 0 for end in part.split("-")] for part in text.split(",")
    ]
    if not all(len(each) <= 2 and 1 <= each[0] <= each[-1] <= 65_535 for each in bounds):
        raise ValueError("ports and ranges of them such as 80,443,8000-8099")
    return tuple(range(each[0], each[-1] + 1) for each in bounds)


def _sender(text: str) -> str:
    try:
        messages.address(text, "sender")
    except errors.Refused as refused:
        raise ValueError("one address, such as no-reply@example.com or Example <no-reply@example.com>") from refused
    return text


READ: Mapping[str, Callable[[str], Any]] = {
    "host": str,
    "port": _integer(1, 65_535),
    "public_url": _url,
    "data_dir": lambda text: Path(text).expanduser().resolve(),
    "admin_token": _token,
    "master_key": str,
    "max_body_bytes": _integer(1_024, 100_000_000),
    "max_batch_bytes": _integer(1_024, 100_000_000),
    "body_timeout_seconds": _number(0.1, 300),
    "max_connections": _integer(1, 100_000),
    "rejections_per_second": _number(0.1, 100_000),
    "rate_limits": _factor,
    "allow_private_targets": _allowance,
    "outgoing_ports": _ports,
    "smtp_url": smtp_servers.read,
    "smtp_sender": _sender,
    "signing_key": str,
    "checkpoint_file": lambda text: Path(text).expanduser().resolve(),
    "checkpoint_url": _url,
    "checkpoint_events": _integer(1, 100_000),
    "checkpoint_seconds": _number(0.1, 3_600),
    "recount_hours": _number(0, 8_760),
    "log_level": _level,
}


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises SettingRefused, which names the variable and what would be right."""
    given: dict[str, Any] = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and not variable.startswith(SECRETS) and text != "":
            name = variable.removeprefix(PREFIX).lower()
            given[name] = _read(variable, name, text)
    return Settings(**given, database_url=environ.get("DATABASE_URL") or None)


def _read(variable: str, name: str, text: str) -> Any:
    if name not in READ:
        close = difflib.get_close_matches(name, READ, n=1)
        hint = f"did you mean {PREFIX}{close[0].upper()}?" if close else "see docs/settings.md"
        raise SettingRefused(f"{variable} is not a setting; {hint}", field=variable)
    try:
        return READ[name](text)
    except ValueError as error:
        shown = "its value" if name in ("admin_token", "master_key", "signing_key", "smtp_url") else repr(text)
        raise SettingRefused(f"{variable}: {shown} will not do; it must be {error}", field=variable) from error
