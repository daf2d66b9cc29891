"""Read the options of a verification strictly, so that a wrong setting is refused when it is saved and never later."""

from collections.abc import Iterable, Mapping
from string import ascii_letters, digits
from urllib.parse import urlsplit

from domain.errors import Refused

Options = Mapping[str, object]

# RFC 9110 §5.6.2: the characters of a field name.
_HEADER_CHARACTERS = frozenset(ascii_letters + digits + "!#$%&'*+-.^_`|~")
# What these say decides how a body is read, and a header that holds a secret is not kept as it was.
_TAKEN = ("content-encoding", "content-length", "content-type", "host", "transfer-encoding")
_LONGEST = 256
# Within a day a replayed request meets the idempotency window; beyond it, nothing would stop the replay.
_LONGEST_TOLERANCE = 86_400
_DEFAULT_TOLERANCE = 300


def refused(name: str, value: object, right: str) -> Refused:
    """Build the refusal of option `name`: it holds `value`, and `right` says what it should be."""
    return Refused(f"options.{name} is {value!r:.80}; {right}", field=f"options.{name}")


def check_names(options: Options, known: Iterable[str]) -> None:
    """Refuse options that the scheme does not have: a misspelt option must not be silently without effect."""
    names = sorted(known)
    for name, value in options.items():
        if name not in names:
            raise refused(
                name, value, f"this scheme has {'the options ' + ', '.join(names) if names else 'no options'}"
            )


def text(options: Options, name: str, default: str | None = None) -> str:
    """Read a short text of visible ASCII characters and spaces. Without a default the option is required."""
    value = options.get(name, default)
    if not isinstance(value, str) or not value:
        raise refused(name, value, "it must be a text that is not empty")
    if len(value) > _LONGEST or not value.isascii() or not value.isprintable():
        raise refused(name, value, f"it must be at most {_LONGEST} printable ASCII characters")
    return value


def header(options: Options, name: str, default: str | None = None) -> str:
    """Read the name of a header, lower-cased as requests hold it."""
    value = text(options, name, default)
    if not _HEADER_CHARACTERS.issuperset(value) or value.lower() in _TAKEN:
        raise refused(name, value, "it must be the name of one header of the sender's own, such as x-signature")
    return value.lower()


def choice(options: Options, name: str, allowed: Iterable[str], default: str) -> str:
    """Read one of the allowed words."""
    words = tuple(allowed)
    value = options.get(name, default)
    if value not in words:
        raise refused(name, value, f"it must be one of {', '.join(words)}")
    return str(value)


def url(options: Options, name: str) -> str:
    """Read the address of an endpoint as its sender knows it, without user, query and fragment."""
    value = text(options, name)
    right = "it must be the whole public address without a query, such as https://hooks.example.com/in/abc"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as problem:
        raise refused(name, value, right) from problem
    beyond = any(mark in value for mark in " ?#@\\[")
    if parts.scheme not in ("http", "https") or not parts.hostname or beyond or port == 0 or parts.netloc[-1] == ":":
        raise refused(name, value, right)
    return value


def tolerance(options: Options, default: int = _DEFAULT_TOLERANCE) -> int:
    """Read `tolerance_seconds`: how far a signed time may lie from the time of receipt, to either side."""
    value = options.get("tolerance_seconds", default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST_TOLERANCE:
        raise refused("tolerance_seconds", value, f"it must be a whole number from 1 to {_LONGEST_TOLERANCE}")
    return value
