"""Read the URL of a target, strictly: one that two programs could read differently is refused.

What is read here is also what is asked for: host, port and path go into the request as they come out of this module.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import attrs
import idna

from domain.errors import Refused
from infrastructure.outgoing.addresses import Address

LONGEST: Final = 2_048
PORTS: Final[Sequence[range]] = (range(80, 81), range(443, 444))
"""Those that may be called unless settings say otherwise."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# White space and control characters are dropped by some parsers; a backslash is a slash to others.
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class UrlRefused(Refused):
    """A URL cannot be a target, whatever its name resolves to."""

    def __init__(self, url: str, problem: str) -> None:
        shown = repr(url) if len(url) <= 200 and "@" not in url else "the URL"
        super().__init__(f"url: {shown} cannot be called: {problem}", field="url")


@attrs.frozen
class Target:
    """Where a request goes: `host` in ASCII and lower case, `address` when it is written as an IP address."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read(url: str, ports: Sequence[range] = PORTS) -> Target:
    """Read a URL. Raises UrlRefused with what would be right."""
    if len(url) > LONGEST:
        raise UrlRefused(url, f"it has more than {LONGEST} characters")
    if _AMBIGUOUS.search(url):
        raise UrlRefused(url, "it holds white space, a backslash or a control character; write %20 for a space")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused(url, f"{error}; it must be like https://example.com/path") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise UrlRefused(url, "it must begin with https:// or http:// and a name")
    if "@" in parts.netloc:
        raise UrlRefused(url, "it holds user and password; send them in a header")
    host, address = _host(url, parts)
    return Target(parts.scheme, host, _port(url, parts.scheme, port, ports), _path(parts), address)


def _port(url: str, scheme: str, port: int | None, allowed: Sequence[range]) -> int:
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if not any(port in ports for ports in allowed):
        raise UrlRefused(url, f"port {port} is not allowed; HOOKLEDGER_OUTGOING_PORTS says which are")
    return port


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_VISIBLE)
    return f"{path}?{quote(parts.query, safe=_VISIBLE)}" if parts.query else path


def _host(url: str, parts: SplitResult) -> tuple[str, Address | None]:
    written = parts.hostname or ""
    if parts.netloc.startswith("["):
        return _in_brackets(url, parts.netloc, written)
    host = _ascii(url, written).removesuffix(".")
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        address = _v4(url, host)
        return str(address), address
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise UrlRefused(url, "its host is no name, such as example.com")
    return host, None


def _in_brackets(url: str, netloc: str, written: str) -> tuple[str, Address]:
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?", netloc):
        raise UrlRefused(url, "what stands in brackets must be an IPv6 address without a zone")
    try:
        address = ipaddress.IPv6Address(written)
    except ValueError as error:
        raise UrlRefused(url, f"{error}; brackets are for IPv6 addresses") from error
    return str(address), address


def _v4(url: str, host: str) -> Address:
    """Read an IPv4 address. To some 0177.0.0.1, 127.1, 2130706433 and 0x7f000001 are 127.0.0.1, to others not."""
    try:
        return ipaddress.IPv4Address(host)
    except ValueError as error:
        raise UrlRefused(url, "its IPv4 address must be written as four decimal numbers, as in 198.51.100.7") from error


def _ascii(url: str, host: str) -> str:
    """Write a name in ASCII as browsers do (UTS 46): full-width letters, digits and dots are what they look like."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise UrlRefused(url, f"its name cannot be written in ASCII: {error}") from error
