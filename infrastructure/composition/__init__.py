"""The composition root: the one place where use cases meet the world. Everything else is given what it needs."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import psycopg
from eventsourcing.persistence import OperationalError

from application import moments
from application.catalogue import ConfigurationHistory
from application.erasing import retention_days
from application.pipeline import Pipeline
from application.queries import AccountingFilter, Moment
from application.workflow_edits import WorkflowEdits
from domain.errors import Refused
from infrastructure import (
    bodies,
    bootstrapping,
    clocks,
    delivering,
    doctor,
    editing,
    forwarding_doctor,
    master_keys,
    migrations,
    recounting,
    recounts,
)
from infrastructure import schemas as json_schemas
from infrastructure import settings as settings_module
from infrastructure.composition import replaying, sealing
from infrastructure.composition.parts import Parts, parts
from infrastructure.composition.serving import destroyer, erasing, gateway
from infrastructure.embedded_postgres import EmbeddedPostgresError
from infrastructure.erasing.pruning import Pruner, Pruning
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import as_of, rebuilding, registry
from infrastructure.projections.inbox import PostgresInbox
from infrastructure.recounting import Line, Recount
from infrastructure.recounts import Recounting
from infrastructure.seals import findings
from infrastructure.settings import Settings
from infrastructure.signatures import schemes
from infrastructure.supervision import Stop, keep_running, server_beside, server_for
from infrastructure.views.forwards import PostgresForwards
from infrastructure.views.overviews import PostgresOverviews
from infrastructure.worker import Worker

Unreachable = (psycopg.OperationalError, OperationalError, EmbeddedPostgresError)
"""What is raised where the database cannot be reached or started."""

__all__ = [
    "Line",
    "Moment",
    "Parts",
    "Settings",
    "Stop",
    "Unreachable",
    "accounting",
    "compare_projections",
    "erase_again",
    "examine",
    "gateway",
    "keep_running",
    "load_settings",
    "parts",
    "prepare",
    "projection_names",
    "projections_as_of",
    "rebuild",
    "recount",
    "require_master_key",
    "schemes",
    "sealing",
    "server_beside",
    "server_for",
    "warm_up",
    "worker",
    "workflow_checks",
]


def load_settings() -> Settings:
    """The settings of this process. Raises SettingRefused."""
    return settings_module.load(os.environ)


def workflow_checks() -> WorkflowEdits:
    """What can be told of a workflow without its server: all but whether that lets its deliveries go where they go."""
    anywhere = attrs.evolve(load_settings(), allow_private_targets="private", outgoing_ports=(range(1, 65_536),))
    return editing.workflow_edits(delivering.outgoing(anywhere, clocks.system))


def warm_up(shared: Parts) -> None:
    """Load every script that is in force, and their engine with the first, so that no webhook waits for it."""
    for endpoint in shared.catalogue.snapshot.endpoints.values():
        script = endpoint.configuration.settings.preprocess_script
        if script is not None:
            with suppress(Refused):  # one that another version took; what it does to a request is on record there
                shared.scripts.check(script.source)


def worker(shared: Parts) -> Worker:
    """The worker over a database, with what carries runs on beside it. Raises MasterKeyInvalid."""
    master_keys.require(shared.database)
    inbox = PostgresInbox(recorder=shared.database.recorder(WorkerRecorder), mapper=shared.mapper, clock=clocks.system)
    history = ConfigurationHistory(shared.ledger)
    pipeline = Pipeline(
        inbox=inbox,
        configuration_at=history.at,
        configuration_of=history.of,
        histories=shared.ledger.histories,
        parse=bodies.read,
        check_schema=json_schemas.violation,
    )
    deliverer = delivering.deliverer(
        shared.database, shared.ledger, shared.mapper, shared.outgoing, shared.catalogue.variables, shared.account_of
    )
    pruner = Pruner(destroyer=destroyer(shared), clock=clocks.system)
    pruning = Pruning(database=shared.database, pruner=pruner, days=partial(retention_days, shared.catalogue))
    return Worker(
        database=shared.database,
        pipeline=pipeline,
        sealer=sealing.sealer(shared),
        beside={
            "deliverer": deliverer,
            "replayer": replaying.replayer(shared),
            "pruning": pruning,
            **_recounting(shared),
            **sealing.publisher(shared),
        },
    )


def _recounting(shared: Parts) -> Mapping[str, Recounting]:
    hours = shared.settings.recount_hours
    return {"recounting": Recounting(database=shared.database, hours=hours, clock=clocks.system)} if hours else {}


def erase_again(shared: Parts) -> int:
    """Destroy again what is on record as destroyed; how many keys were there."""
    return erasing(shared).again()


def require_master_key(shared: Parts) -> None:
    """Raises MasterKeyInvalid where payloads are sealed under another master key than this process has."""
    master_keys.require(shared.database)


def prepare(shared: Parts) -> str | None:
    """Migrate and bring to life; the admin token if one was made."""
    migrations.migrate(shared.database)
    return bootstrapping.bootstrap(shared.managing, admin_token=shared.settings.admin_token)


def rebuild(shared: Parts, names: Sequence[str], progress: Callable[[int, int], None]) -> None:
    """Rebuild projections by name, or all."""
    rebuilding.rebuild(shared.database, names, progress)


def projection_names() -> Sequence[str]:
    """The names of all projections."""
    return list(registry.PROJECTIONS)


def examine(shared: Parts) -> Iterator[Any]:
    """The doctor's findings."""
    settings = shared.settings
    forwards = PostgresForwards(ledger=shared.ledger, recorder=shared.database.recorder(WorkerRecorder))
    yield from doctor.examine(
        shared.database,
        _overviews(shared),
        settings.data_dir,
        settings.allow_private_targets,
        lambda: forwarding_doctor.findings(shared.catalogue.current(), forwards),
    )
    yield from findings.examine(sealing.sealing(shared))
    yield from recounts.examine(shared.database, settings.recount_hours, clocks.system)


def compare_projections(shared: Parts, names: Sequence[str], progress: Callable[[int, int], None]) -> Sequence[Any]:
    """Compare projections, by name or all, with what the log alone makes of them."""
    return rebuilding.compare(shared.database, names, progress)


def projections_as_of(shared: Parts, moment: Moment, names: Sequence[str], progress: Callable[[int, int], None]) -> str:
    """Make the read models as of a moment; the schema that they are in."""
    head = shared.ledger.head()
    position = head if moment.position is None else moment.position
    if moment.recorded_at is not None:
        position = moments.position_at(shared.ledger, moment.recorded_at)
    return as_of.build(shared.database, position, head, names, progress)


def accounting(shared: Parts) -> Sequence[Any]:
    """Per source and environment: received, and how many had each outcome."""
    return _overviews(shared).accounting(AccountingFilter())


def _overviews(shared: Parts) -> PostgresOverviews:
    return PostgresOverviews(ledger=shared.ledger, recorder=shared.database.recorder(WorkerRecorder))


def recount(shared: Parts, progress: Callable[[int, int], None]) -> Recount:
    """Count from the log what every source received and what it came to, and keep whether the projection agrees."""
    recount = recounting.recount(shared.database, progress)
    recounts.keep(shared.database, recount, clocks.system())
    return recount
