"""Replays over a test's database, put together as the composition root does it, and carried on in the test's thread."""

from collections.abc import Callable, Mapping
from typing import Any

from application.applying import Applying
from application.catalogue import ConfigurationHistory
from application.readmitting import Readmitting
from application.records import Attribution, Change
from application.replaying import Replaying
from application.simulating import Means
from domain import replays
from domain.configurations import Configuration
from domain.json_values import Json
from domain.replays import ReplayRequested
from domain.slices import Slice
from domain.verification import Verdict, Verifier
from domain.webhooks import Pin
from infrastructure import bodies, clocks, schemas
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.replays.chronicle import PostgresChronicle
from infrastructure.replays.journal import PostgresJournal
from infrastructure.scripts.sandbox import QuickJsScripts
from infrastructure.views.replays import PostgresReplays
from tests import examples, stores

ACTOR = "key_admin"
EVERYTHING = Slice()


def no_verifier(configuration: Configuration) -> Verifier:
    """The verifier of sources that verify nothing."""
    return lambda headers, body, at, query: Verdict("none", "unverified", "no_verification", "nothing is verified")


def no_variables(environment: str) -> Mapping[str, Json]:
    """There are no variables."""
    return {}


def journal(database: Database) -> PostgresJournal:
    """What replays keep."""
    recorder = database.recorder(WorkerRecorder)
    return PostgresJournal(
        recorder=recorder, ledger=stores.ledger(database), mapper=database.mapper, clock=clocks.system
    )


def replaying(
    database: Database, *, page: int = 500, make_verifier: Callable[[Configuration], Verifier] = no_verifier
) -> Replaying:
    """The use case; `page` is how many events of the log are read at once."""
    ledger, kept = stores.ledger(database), journal(database)
    history = ConfigurationHistory(ledger)
    readmitting = Readmitting(
        parse=bodies.read, make_verifier=make_verifier, variables=no_variables, engine=QuickJsScripts()
    )
    recorder = database.recorder(WorkerRecorder)
    return Replaying(
        journal=kept,
        chronicle=PostgresChronicle(recorder=recorder, mapper=database.mapper, page=page),
        means=Means(parse=bodies.read, readmitting=readmitting, configuration_of=history.of),
        applying=Applying(
            orders=kept,
            histories=ledger.histories,
            readmitting=readmitting,
            configuration_of=history.of,
            clock=clocks.system,
            sleep=lambda seconds: stores.drain(database),
        ),
        check_schema=schemas.violation,
        clock=clocks.system,
    )


def request(
    database: Database,
    replay_id: str,
    *,
    source: str,
    environment: str,
    pin: Pin | None = None,
    of: Slice = EVERYTHING,
    **members: Any,
) -> str:
    """Put a request on record; without a pin each webhook meets its own configuration."""
    said = {"mode": "what_if", "mappings": (), "reason": None, "force": False, "per_second": 1_000, **members}
    event = ReplayRequested(
        replay_id=replay_id,
        source=source,
        environment=environment,
        wanted="version" if pin else "recorded",
        pin=pin,
        slice=of,
        requested_at=examples.LATER,
        **said,
    )
    because = Attribution(actor=ACTOR)
    change = Change(stream=replays.stream(replay_id), version=0, events=(event,), attribution=because)
    stores.ledger(database).append(change)
    stores.drain(database)
    return replay_id


def at_once() -> None:
    """Nobody has to be given way to."""


def run(database: Database, replay_id: str, **options: Any) -> dict[str, Any]:
    """Carry a replay on to its end, and see how it stands then."""
    replaying(database, **options).carry_on(replay_id, at_once)
    stores.drain(database)
    return shown(database, replay_id)


def views(database: Database) -> PostgresReplays:
    """The port that reads."""
    return PostgresReplays(ledger=stores.ledger(database), recorder=database.recorder(WorkerRecorder))


def shown(database: Database, replay_id: str) -> dict[str, Any]:
    """How a replay stands."""
    found = views(database).replay(replay_id, None)
    assert found is not None
    return dict(found)


def changes(database: Database, replay_id: str) -> dict[str, list[dict[str, Any]]]:
    """The differences by webhook."""
    found = views(database).differences(replay_id, kind=None, everything=False, against=None)
    return {str(each["event_log_id"]): each["changes"] for each in found}  # type: ignore[misc]
