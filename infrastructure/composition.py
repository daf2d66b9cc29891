"""The composition root: the one place where use cases meet the world. Everything else is given what it needs."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import attrs
import psycopg
from eventsourcing.persistence import OperationalError

from application.calling import Calling
from application.catalogue import Catalogue, ConfigurationHistory
from application.collecting import Collecting
from application.gateway import Gateway, Limits
from application.judging import Judging
from application.judging_events import JudgingEvents
from application.looking_again import LookingAgain
from application.managing import Managing
from application.pipeline import Pipeline
from application.ports import Scripts
from application.receiving import Receiving
from application.rehearsing import Rehearsing
from application.secret_edits import SecretEdits
from application.source_edits import SourceEdits
from application.throttling import Throttle
from application.trying_scripts import TryingScripts
from application.variable_edits import VariableEdits
from domain.errors import Refused
from infrastructure import (
    batch_bodies,
    bodies,
    bootstrapping,
    clocks,
    doctor,
    identifiers,
    migrations,
    variables,
    verifiers,
    write_keys,
)
from infrastructure import settings as settings_module
from infrastructure.database import Database
from infrastructure.discreet_scripts import DiscreetScripts
from infrastructure.embedded_postgres import EmbeddedPostgresError
from infrastructure.event_store.appender import GroupCommit
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import LedgerRecorder, WorkerRecorder
from infrastructure.projections import rebuilding, registry
from infrastructure.projections.inbox import PostgresInbox
from infrastructure.script_threads import ScriptThreads
from infrastructure.scripts.sandbox import QuickJsScripts
from infrastructure.settings import Settings
from infrastructure.signatures import schemes
from infrastructure.supervision import Stop, keep_running, server_beside, server_for
from infrastructure.templates.loading import YamlTemplates
from infrastructure.vault import MasterKeyVault, master_key
from infrastructure.views.directory import PostgresDirectory
from infrastructure.views.logs import PostgresLogs
from infrastructure.views.overviews import PostgresOverviews
from infrastructure.worker import Worker

RECEIVE = "/integrations/receive/"

Unreachable = (psycopg.OperationalError, OperationalError, EmbeddedPostgresError)
"""What is raised where the database cannot be reached or started."""

__all__ = [
    "Parts",
    "Settings",
    "Stop",
    "Unreachable",
    "examine",
    "gateway",
    "keep_running",
    "load_settings",
    "parts",
    "prepare",
    "projection_names",
    "rebuild",
    "schemes",
    "server_beside",
    "server_for",
    "warm_up",
    "worker",
]


def load_settings() -> Settings:
    """The settings of this process. Raises SettingRefused."""
    return settings_module.load(os.environ)


def _endpoint_url(settings: Settings, token: str) -> str:
    return f"{settings.url}{RECEIVE}{token}"


@attrs.frozen(kw_only=True)
class Parts:
    """What the processes share: the database, the event store on it, and the use cases of management."""

    settings: Settings
    database: Database
    mapper: RecordMapper
    ledger: PostgresLedger
    catalogue: Catalogue
    managing: Managing
    templates: YamlTemplates
    scripts: Scripts


@contextmanager
def parts(settings: Settings) -> Iterator[Parts]:
    """Everything over the database of `settings.database_url`, which must be set."""
    assert settings.database_url is not None
    database = Database(settings.database_url)
    try:
        yield _parts(settings, database)
    finally:
        database.close()


def _parts(settings: Settings, database: Database) -> Parts:
    mapper = RecordMapper(transcoder=None)  # type: ignore[arg-type]
    ledger = PostgresLedger(recorder=database.recorder(LedgerRecorder), mapper=mapper, clock=clocks.system)
    vault = MasterKeyVault(master_key(settings.master_key, settings.data_dir))
    catalogue = _catalogue(settings, ledger, vault)
    templates, scripts = YamlTemplates(), DiscreetScripts(QuickJsScripts())
    managing = Managing(
        store=ledger,
        catalogue=catalogue,
        edits=_edits(templates, scripts, vault),
        variable_edits=VariableEdits(vault=vault),
        clock=clocks.system,
        new_id=identifiers.new_id,
        new_key=identifiers.new_key,
    )
    return Parts(
        settings=settings,
        database=database,
        mapper=mapper,
        ledger=ledger,
        catalogue=catalogue,
        managing=managing,
        templates=templates,
        scripts=scripts,
    )


def _catalogue(settings: Settings, ledger: PostgresLedger, vault: MasterKeyVault) -> Catalogue:
    return Catalogue(
        store=ledger,
        make_verifier=verifiers.maker(vault, partial(_endpoint_url, settings)),
        make_write_key=write_keys.maker(vault),
        covered=verifiers.covered,
        open_variables=variables.opener(vault),
    )


def _edits(templates: YamlTemplates, scripts: Scripts, vault: MasterKeyVault) -> SourceEdits:
    return SourceEdits(
        templates=templates,
        schemes=schemes,
        scripts=scripts,
        secrets=SecretEdits(schemes=schemes, vault=vault, new_id=identifiers.new_id),
        new_id=identifiers.new_id,
        new_token=identifiers.new_token,
    )


def gateway(shared: Parts) -> tuple[Gateway, GroupCommit]:
    """The gateway for an HTTP process, and the appender, which must be entered in the process's event loop."""
    settings, database = shared.settings, shared.database
    appender = GroupCommit(
        recorder=database.recorder(LedgerRecorder),
        mapper=shared.mapper,
        conninfo=database.conninfo,
        clock=clocks.system,
    )
    receiving = Receiving(
        appender=appender,
        catalogue=shared.catalogue,
        look_again=LookingAgain(shared.catalogue),
        judging=Judging(
            parse=bodies.read, dumps=bodies.dumps, run_script=ScriptThreads(shared.scripts), clock=clocks.system
        ),
        new_id=identifiers.new_id,
        throttle=Throttle(per_second=settings.rejections_per_second, now=time.monotonic),
    )
    rehearsing = Rehearsing(
        store=shared.ledger,
        catalogue=shared.catalogue,
        clock=clocks.system,
        new_id=identifiers.new_id,
        engine=shared.scripts,
        dumps=bodies.dumps,
        now=time.monotonic,
        sleep=time.sleep,
    )
    reader = database.recorder(WorkerRecorder)
    whole = Gateway(
        catalogue=shared.catalogue,
        managing=shared.managing,
        receiving=receiving,
        collecting=_collecting(receiving, settings),
        rehearsing=rehearsing,
        calling=Calling(
            store=shared.ledger,
            clock=clocks.system,
            new_id=identifiers.new_id,
            dumps=bodies.dumps,
            now=time.monotonic,
            sleep=time.sleep,
        ),
        trying_scripts=TryingScripts(
            catalogue=shared.catalogue,
            engine=shared.scripts,
            dumps=bodies.dumps,
            clock=clocks.system,
            timer=time.perf_counter,
        ),
        templates=shared.templates,
        logs=PostgresLogs(ledger=shared.ledger, recorder=reader),
        overviews=PostgresOverviews(ledger=shared.ledger, recorder=reader),
        directory=PostgresDirectory(reader),
        parse=bodies.parse,
        clock=clocks.system,
        new_id=identifiers.new_id,
        endpoint_url=partial(_endpoint_url, settings),
        limits=Limits(
            body_bytes=settings.max_body_bytes,
            batch_bytes=settings.max_batch_bytes,
            body_seconds=settings.body_timeout_seconds,
        ),
    )
    return whole, appender


def _collecting(receiving: Receiving, settings: Settings) -> Collecting:
    """Event clients and webhooks share a way into the log, and a throttle."""
    return Collecting(
        appender=receiving.appender,
        catalogue=receiving.catalogue,
        look_again=receiving.look_again,
        judging=JudgingEvents(judging=receiving.judging, event_bytes=settings.max_body_bytes),
        parse=bodies.parse,
        read_batch=batch_bodies.read,
        new_id=receiving.new_id,
        throttle=receiving.throttle,
    )


def warm_up(shared: Parts) -> None:
    """Load every script that is in force, and their engine with the first, so that no webhook waits for it."""
    for endpoint in shared.catalogue.snapshot.endpoints.values():
        script = endpoint.configuration.settings.preprocess_script
        if script is not None:
            with suppress(Refused):  # one that another version took; what it does to a request is on record there
                shared.scripts.check(script.source)


def worker(shared: Parts) -> Worker:
    """The worker over a database."""
    inbox = PostgresInbox(recorder=shared.database.recorder(WorkerRecorder), mapper=shared.mapper, clock=clocks.system)
    history = ConfigurationHistory(shared.ledger)
    pipeline = Pipeline(inbox=inbox, configuration_at=history.at, parse=bodies.read)
    return Worker(database=shared.database, pipeline=pipeline)


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
    reader = shared.database.recorder(WorkerRecorder)
    overviews = PostgresOverviews(ledger=shared.ledger, recorder=reader)
    return doctor.examine(shared.database, overviews, shared.settings.data_dir)
