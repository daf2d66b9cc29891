"""The ports: what the use cases need of the world, in our words. Each has one contract suite for all its adapters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol

from application.records import Change, Due, Recorded
from domain import scripts
from domain.acceptances import Acceptance
from domain.actions.outcomes import Reference
from domain.coverage import Covered
from domain.deliveries import Attempt, Email, HttpRequest
from domain.forwarding import Account
from domain.idempotency import Precedent, Scope
from domain.json_values import Json
from domain.knock_calls import Call
from domain.verification import SigningSecret, Verification, Verifier

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""

NewId = Callable[[], str]
"""A new identifier, ordered by time."""


class EventStore(Protocol):
    """The log: streams of events, and one order over all of them."""

    def append(self, *changes: Change, epoch: int | None = None) -> int:
        """Store all the events or none; the position of the last one. Raises Conflict if a stream has moved on.

        With an `epoch`, raises ConfigurationMoved if a configuration was edited since.
        """

    def history(self, stream: str) -> tuple[Recorded, ...]:
        """Every event of a stream, oldest first."""

    def histories(self, streams_wanted: Sequence[str]) -> Mapping[str, Sequence[Recorded]]:
        """Every event of several streams, oldest first, by stream; those without any are left out."""

    def category(self, name: str, *, after: int = 0) -> tuple[Recorded, ...]:
        """Every event after a position in the streams of a category, in log order."""

    def log(self, *, after: int, limit: int, upto: int | None = None) -> tuple[Recorded, ...]:
        """The next events after a position, in log order, without gaps."""

    def head(self) -> int:
        """The position of the last event; 0 when there is none."""

    def epoch(self) -> int:
        """The position of the last edit of a configuration; 0 when there is none."""


class Appender(Protocol):
    """The way into the log for what is received: many callers share a commit."""

    async def append(self, *changes: Change, epoch: int) -> Acceptance:
        """Store all the events or none and return where they are, once that is committed and on disk.

        Raises Unavailable or Busy, after which they may be stored or not; ConfigurationMoved if a configuration was
        edited since `epoch`, and nothing was stored.
        """


class News(Protocol):
    """Says when there is more in the log, to those who wait for it in one event loop."""

    @property
    def seen(self) -> int:
        """How often there has been news; to be read before one looks, and handed over afterwards."""

    @property
    def ended(self) -> bool:
        """Whether the process is about to end, so that nobody is to wait any more."""

    def place(self) -> AbstractContextManager[None]:
        """A place among those who wait. Raises Busy where there are too many."""

    async def since(self, seen: int, seconds: float) -> None:
        """Return once there has been news since `seen`, and after so many seconds at the latest; often before."""

    def end(self) -> None:
        """Let all go who wait."""


Kind = Literal["text", "integer", "time"]
"""What a column of a table holds; each may be None."""

TableWriter = Callable[[Sequence[tuple[str, Kind]], Iterator[Sequence[Sequence[object]]]], Iterator[bytes]]
"""Write a table as a file, piece by piece: its columns by name and kind, and its rows, which come in pages."""

LookedUp = tuple[Mapping[tuple[str, Reference], object], Mapping[Scope, Precedent]]


class Inbox(Protocol):
    """What waits for the worker, and where it puts what it made of it."""

    def waiting(self, limit: int) -> tuple[Recorded, ...]:
        """The next events that need a decision or a place in the read models, in log order."""

    def look_up(self, references: Sequence[tuple[str, Reference]], scopes: Sequence[Scope]) -> LookedUp:
        """What is known of references (each with its environment) and of earlier deliveries."""

    def settle(self, entries: Sequence["Settled"]) -> None:
        """Store the decisions, the read models and the reading position: all or nothing, once only."""

    def park(self, recorded: Recorded, error: str) -> None:
        """Put an event aside which cannot be settled, so that those behind it go on."""


class Settled(Protocol):
    """An event from the inbox with the changes that it led to."""

    @property
    def recorded(self) -> Recorded:
        """The event that was waiting."""

    @property
    def changes(self) -> Sequence[Change]:
        """What is to be appended because of it."""


class SignatureSchemes(Protocol):
    """How providers sign."""

    def check_options(self, verification: Verification) -> None:
        """Refused when the scheme or one of its options cannot be."""

    def check_secret(self, verification: Verification, value: str) -> None:
        """Refused when the secret cannot be one of the scheme."""

    def covered(self, verification: Verification) -> Covered:
        """What the signature of a verified request vouches for."""

    def verifier(self, verification: Verification, secrets: Sequence[SigningSecret], url: str) -> Verifier:
        """The check of one request, made ready once; `url` is the endpoint's public address."""


class Scripts(Protocol):
    """Runs the scripts of sources, each call as if it were the first, without a clock, chance, network or files."""

    def check(self, source: str) -> None:
        """Refused when the source is too long, does not compile or defines no `main`."""

    def run(self, source: str, call: scripts.Call) -> scripts.Result:
        """What `main` returns of this call. Blocks for at most some 50 ms; never raises for what a script does."""


class BodyParser(Protocol):
    """Strict, bounded JSON; and forms, for those who send them."""

    def __call__(self, body: bytes, content_type: str = "") -> dict[str, Json]:
        """The object that `body` is. Refused, with what and where, for anything else."""


class Vault(Protocol):
    """Keeps secrets: sealed at rest under a key that the database does not hold."""

    def seal(self, plain: str, *, context: str) -> str:
        """The ciphertext of `plain`, bound to `context`."""

    def open(self, sealed: str, *, context: str) -> str:
        """What was sealed for `context`."""

    def derive(self, context: str) -> str:
        """32 URL-safe characters that follow from `context` and can be told by nobody without the key: 192 bits."""


class Sender(Protocol):
    """Makes the requests that leave the gateway, to public addresses only unless settings allow others."""

    def check(self, url: str) -> None:
        """Refused when `url` can be no target whatever its name resolves to: for the time it is written down."""

    def check_secret(self, secret: str) -> None:
        """Refused when `secret` is none to sign with: `whsec_` and 24 to 64 bytes in base64."""

    def send(self, request: HttpRequest, *, delivery: str, secrets: Sequence[str] = ()) -> Attempt:
        """Make one attempt, signed with each of the secrets. `delivery` is the same for every attempt of a delivery.

        Blocks for some 15 s at most; never raises for what the target, its name or its address is like.
        """


class Executor(Protocol):
    """Carries actions out in Knock accounts."""

    def carry_out(self, call: Call, account: Account, *, key: str) -> Attempt:
        """Make one attempt at a call. `key` is its idempotency key, the same for every attempt.

        Blocks for some 15 s at most; never raises for what the account, its name or its address is like.
        """


class Mailer(Protocol):
    """Hands e-mails over to the mail server of the settings."""

    def send(self, email: Email) -> Attempt:
        """Make one attempt. Blocks for some 30 s at most; never raises for what the server or the message is like."""


class Renderer(Protocol):
    """Fills in Liquid templates, bounded whatever they are: what is not there is empty, and nothing else is reached."""

    def check(self, text: str) -> None:
        """Refused, with line and column, when `text` is no template."""

    def check_body(self, body: Json) -> None:
        """Refused, with the path, when a string within `body` is no template."""

    def render(self, text: str, context: Mapping[str, Json], *, html: bool = False) -> str:
        """The text with everything filled in; for `html`, values are escaped. Refused when it exceeds its bounds."""

    def render_body(self, body: Json, context: Mapping[str, Json]) -> Json:
        """The value with every string within it filled in; a string that is one `{{ … }}` becomes the value itself.

        Refused, with the path, when it exceeds its bounds.
        """


class Agenda(Protocol):
    """What is to be done about runs and forwards, and when. Whoever takes one up has it to himself for a while.

    A forward is due only while none before it touches the same.
    """

    def claim(self, at: datetime, *, limit: int, each: int, slots: Mapping[str, int]) -> tuple[Due, ...]:
        """Take up at most `limit` runs that are due; of each target as many as `slots` says, or else `each`."""

    def release(self, run_id: str) -> None:
        """Give back what was taken up, undone."""

    def drop(self, run_id: str) -> None:
        """Strike a run out that has ended."""

    def record(self, change: Change) -> None:
        """Append what was decided about a run, and put down what is to be done next: both or neither.

        Raises Conflict if somebody else took the run up meanwhile and carried it on.
        """
