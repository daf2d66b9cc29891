"""What an HTTP process is made of, over what it shares with the others."""

import time
from functools import partial

from application.catalogue import ConfigurationHistory
from application.collecting import Collecting
from application.configuration_versions import ConfigurationVersions
from application.erasing import Erasing
from application.explaining import Explaining
from application.following import Following
from application.gateway import Gateway, Limits
from application.judging import Judging
from application.judging_events import JudgingEvents
from application.looking_again import LookingAgain
from application.processing_again import ProcessingAgain
from application.rate_limits import RateLimits
from application.receiving import Receiving
from application.rehearsing import Rehearsing
from application.syncing import Syncing
from application.throttling import Throttle
from application.waiting import WaitingRoom
from infrastructure import (
    batch_bodies,
    bodies,
    calls,
    clocks,
    delivering,
    editing,
    identifiers,
    parquet,
)
from infrastructure.composition import replaying, sealing
from infrastructure.composition.parts import Parts, endpoint_url
from infrastructure.erasing.destroying import Destroyer
from infrastructure.erasing.eraser import PostgresEraser
from infrastructure.event_store.appender import GroupCommit
from infrastructure.event_store.recorder import LedgerRecorder, WorkerRecorder
from infrastructure.news import LogNews
from infrastructure.script_threads import ScriptThreads
from infrastructure.settings import Settings
from infrastructure.views.directory import PostgresDirectory
from infrastructure.views.disabled_targets import PostgresDisabledTargets
from infrastructure.views.exports import PostgresExports
from infrastructure.views.feed import PostgresFeed
from infrastructure.views.forwards import PostgresForwards
from infrastructure.views.lineage import PostgresLineage
from infrastructure.views.logs import PostgresLogs
from infrastructure.views.overviews import PostgresOverviews
from infrastructure.views.replays import PostgresReplays
from infrastructure.views.runs import PostgresRuns


def erasing(shared: Parts) -> Erasing:
    """The use cases of erasure."""
    return Erasing(
        eraser=PostgresEraser(destroyer=destroyer(shared)),
        store=shared.ledger,
        catalogue=shared.catalogue,
        vault=shared.vault,
        clock=clocks.system,
        new_id=identifiers.new_id,
    )


def destroyer(shared: Parts) -> Destroyer:
    """What destroys keys, for erasures as for retention."""
    return Destroyer(
        recorder=shared.database.recorder(WorkerRecorder),
        ledger=shared.ledger,
        mapper=shared.mapper,
        new_id=identifiers.new_id,
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
    receiving = _receiving(shared, appender)
    reader = database.recorder(WorkerRecorder)
    waiting = calls.waiting_room(reader)
    calling = calls.singly(shared.ledger, waiting)
    runs = PostgresRuns(ledger=shared.ledger, recorder=reader)
    forwards = PostgresForwards(ledger=shared.ledger, recorder=reader)
    whole = Gateway(
        catalogue=shared.catalogue,
        managing=shared.managing,
        receiving=receiving,
        collecting=_collecting(receiving, settings),
        rehearsing=_rehearsing(shared, waiting),
        calling=calling,
        syncing=Syncing(calling=calling),
        rate_limits=RateLimits(factor=settings.rate_limits, now=time.monotonic),
        bulk_operations=calls.in_bulk(shared.ledger, calling),
        trying_scripts=editing.trying_scripts(shared.catalogue, shared.scripts),
        templates=shared.templates,
        explaining=_explaining(shared),
        configuration_versions=ConfigurationVersions(store=shared.ledger),
        logs=PostgresLogs(ledger=shared.ledger, recorder=reader, forwards=forwards),
        overviews=PostgresOverviews(ledger=shared.ledger, recorder=reader),
        directory=PostgresDirectory(reader),
        runs=runs,
        disabled_targets=delivering.disabled_targets(shared.ledger),
        disabled_target_list=PostgresDisabledTargets(reader),
        dead_letters=delivering.dead_letters(database, shared.ledger, shared.mapper, runs, forwards),
        forwards=forwards,
        following=_following(shared, reader, forwards),
        table_writer=parquet.writer,
        replays=PostgresReplays(ledger=shared.ledger, recorder=reader),
        requesting_replays=replaying.requesting(shared),
        processing_again=ProcessingAgain(store=shared.ledger, catalogue=shared.catalogue, clock=clocks.system),
        erasing=erasing(shared),
        lineage=PostgresLineage(ledger=shared.ledger, recorder=reader),
        auditing=sealing.auditing(shared),
        parse=bodies.parse,
        clock=clocks.system,
        new_id=identifiers.new_id,
        endpoint_url=partial(endpoint_url, settings),
        limits=Limits(
            body_bytes=settings.max_body_bytes,
            batch_bytes=settings.max_batch_bytes,
            body_seconds=settings.body_timeout_seconds,
        ),
    )
    return whole, appender


def _receiving(shared: Parts, appender: GroupCommit) -> Receiving:
    return Receiving(
        appender=appender,
        catalogue=shared.catalogue,
        look_again=LookingAgain(shared.catalogue),
        judging=Judging(
            parse=bodies.read, dumps=bodies.dumps, run_script=ScriptThreads(shared.scripts), clock=clocks.system
        ),
        new_id=identifiers.new_id,
        throttle=Throttle(per_second=shared.settings.rejections_per_second, now=time.monotonic),
    )


def _explaining(shared: Parts) -> Explaining:
    history = ConfigurationHistory(shared.ledger)
    return Explaining(store=shared.ledger, configuration_of=history.of, parse=bodies.read)


def _following(shared: Parts, reader: WorkerRecorder, forwards: PostgresForwards) -> Following:
    return Following(
        feed=PostgresFeed(shared.ledger),
        exports=PostgresExports(ledger=shared.ledger, recorder=reader, forwards=forwards),
        news=LogNews(shared.database.conninfo),
    )


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


def _rehearsing(shared: Parts, waiting: WaitingRoom) -> Rehearsing:
    return Rehearsing(
        store=shared.ledger,
        catalogue=shared.catalogue,
        clock=clocks.system,
        new_id=identifiers.new_id,
        engine=shared.scripts,
        dumps=bodies.dumps,
        waiting=waiting,
    )
