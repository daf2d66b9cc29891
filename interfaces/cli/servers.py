"""A running Hookledger as commands speak to it: where it is, which token opens it, its refusals put into one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import attrs
import click
import httpx

from domain.errors import Refused
from infrastructure import composition
from interfaces.cli import addresses, admin_tokens

SECONDS = 10.0
"""How long the server may take for one answer."""

Command = TypeVar("Command", bound=Callable[..., Any])


class ServerFailed(Refused):
    """The server does not do what is asked of it, for a reason that its user can do something about."""


class ServerAway(ServerFailed):
    """The connection to the server broke."""


@attrs.frozen
class Token:
    """An admin token, and the file that it was found in."""

    value: str = attrs.field(repr=False)
    file: Path | None = None


@attrs.frozen
class Server:
    """A running Hookledger at `url`; `client` carries the token."""

    url: str
    client: httpx.Client

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The JSON that it answers with. Raises ServerFailed for anything but a success."""
        return self._json(path, self.send(method, path, **request))

    def entries(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The entries of a list that is whole on one page. Raises ServerFailed."""
        entries: list[dict[str, Any]] = self.ask("GET", path, params=query)["entries"]
        return entries

    def find(self, path: str, **request: Any) -> Any | None:
        """What is there, None if nothing is."""
        answer = self.send("GET", path, **request)
        return None if answer.status_code == 404 and _is_json(answer) else self._json(path, answer)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Its answer, whatever that is. Raises ServerFailed if there is none."""
        try:
            return self.client.request(method, path, **request)
        except httpx.TransportError as error:
            raise ServerFailed(
                f"no answer from {self.url} ({str(error) or type(error).__name__}); "
                "start the server with `hookledger serve`, or say where it is with --url"
            ) from error

    @contextmanager
    def streamed(self, path: str, *, seconds: float = SECONDS, **request: Any) -> Iterator[httpx.Response]:
        """A success that is read while it arrives; `seconds` is the longest silence. Raises ServerFailed otherwise."""
        try:
            with self.client.stream("GET", path, timeout=httpx.Timeout(SECONDS, read=seconds), **request) as answer:
                if not answer.is_success:
                    answer.read()
                    self._json(path, answer)
                yield answer
        except httpx.TransportError as error:
            raise ServerAway(
                f"no answer from {self.url} ({str(error) or type(error).__name__}); is the server still running?"
            ) from error

    def _json(self, path: str, answer: httpx.Response) -> Any:
        if answer.status_code == 401:
            raise ServerFailed(
                f"{self.url} does not know this token; give the one that `hookledger serve` printed there"
            )
        if answer.status_code == 204:
            return None
        if not answer.is_success or not _is_json(answer):
            raise ServerFailed(f"{self.url}{path} answers {words(answer)}")
        return answer.json()


def _is_json(answer: httpx.Response) -> bool:
    kind: str = answer.headers.get("content-type", "")
    return kind.startswith("application/json")


def words(answer: httpx.Response) -> str:
    """The status and message of an answer that is no success."""
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        message = "which is not an answer of Hookledger; is --url right?"
    return f"{answer.status_code}: {message}"


def options(command: Command) -> Command:
    """Give a command the options --url and --token."""
    where = "Where the server is; by default where `serve` listens on this machine."
    which = "An admin token; by default HOOKLEDGER_ADMIN_TOKEN, or the one that `serve` kept."
    return click.option("--url", callback=_address, help=where)(click.option("--token", help=which)(command))


def locate(url: str | None, token: str | None) -> tuple[str, Token]:
    """The address and the token that are meant by these options. Raises ServerFailed without any token."""
    settings = composition.load_settings()
    place = url or addresses.local_url(settings.host, settings.port)
    return place, _token(token, place, settings)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


@contextmanager
def reached(url: str, token: Token) -> Iterator[Server]:
    """The server at `url`."""
    headers = {b"authorization": f"Bearer {token.value}".encode()}
    # No proxy stands between this machine and itself; to others the way may lead through one, or need its certificates.
    away = not addresses.is_loopback(url)
    with httpx.Client(base_url=url, headers=headers, timeout=SECONDS, trust_env=away) as client:
        yield Server(url, client)


def _address(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    try:
        url = httpx.URL(given.rstrip("/"))
    except httpx.InvalidURL as error:
        raise click.BadParameter(str(error)) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter(f"{given!r} is no address such as http://127.0.0.1:8400")
    return str(url)


def _token(given: str | None, url: str, settings: composition.Settings) -> Token:
    value = (given or settings.admin_token or "").strip()
    if value:
        return Token(value)
    # What was kept is this machine's, and not for any other's ears.
    kept = admin_tokens.kept(settings.data_dir) if addresses.is_loopback(url) else None
    if kept is None:
        raise ServerFailed(
            "an admin token is needed: `hookledger serve` prints one on its first start and keeps it in "
            f"{admin_tokens.place(settings.data_dir)}; give it as --token hl_st_…, or set HOOKLEDGER_ADMIN_TOKEN "
            "to the one that the server was given"
        )
    return Token(kept, admin_tokens.place(settings.data_dir))
