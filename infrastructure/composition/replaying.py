"""Replays, put together: those who ask for them, and what carries them on beside the worker."""

import time

from application.applying import Applying
from application.catalogue import ConfigurationHistory
from application.drafts import Drafts
from application.replaying import Replaying
from application.requesting_replays import RequestingReplays
from application.simulating import Means
from infrastructure import bodies, clocks, identifiers, schemas
from infrastructure.composition.parts import Parts
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.replays.chronicle import PostgresChronicle
from infrastructure.replays.journal import PostgresJournal
from infrastructure.replays.replayer import Replayer


def requesting(shared: Parts) -> RequestingReplays:
    """The use cases of those who ask."""
    return RequestingReplays(
        store=shared.ledger,
        catalogue=shared.catalogue,
        drafts=Drafts(edits=shared.managing.edits),
        configuration_at=ConfigurationHistory(shared.ledger).at,
        count=_journal(shared).count,
        clock=clocks.system,
        new_id=identifiers.new_id,
    )


def replayer(shared: Parts) -> Replayer:
    """What carries replays on."""
    recorder, journal = shared.database.recorder(WorkerRecorder), _journal(shared)
    return Replayer(database=shared.database, recorder=recorder, journal=journal, replaying=_replaying(shared, journal))


def _replaying(shared: Parts, journal: PostgresJournal) -> Replaying:
    history = ConfigurationHistory(shared.ledger)
    return Replaying(
        journal=journal,
        chronicle=PostgresChronicle(recorder=shared.database.recorder(WorkerRecorder), mapper=shared.mapper),
        means=Means(parse=bodies.read, readmitting=shared.readmitting, configuration_of=history.of),
        applying=Applying(
            orders=journal,
            histories=shared.ledger.histories,
            readmitting=shared.readmitting,
            configuration_of=history.of,
            clock=clocks.system,
            sleep=time.sleep,
        ),
        check_schema=schemas.violation,
        clock=clocks.system,
    )


def _journal(shared: Parts) -> PostgresJournal:
    recorder = shared.database.recorder(WorkerRecorder)
    return PostgresJournal(recorder=recorder, ledger=shared.ledger, mapper=shared.mapper, clock=clocks.system)
