"""Accounting again, from the log alone: what every webhook of a source came to, counted without the projections."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import attrs
from psycopg import IsolationLevel
from psycopg.sql import SQL, Identifier

from application.records import Recorded
from domain import webhooks
from infrastructure.database import Database
from infrastructure.event_store import log_pages
from infrastructure.event_store.log_pages import Unreadable
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER

PAGE = 5_000
PENDING = "pending"

ACCOUNTING = "SELECT environment, source, outcome, sum(webhooks)::bigint FROM {} GROUP BY environment, source, outcome"
TRACKING = "SELECT notification_id FROM {} WHERE application_name = %s"
HEAD = "SELECT max(notification_id) FROM {}"
PARKED = "SELECT position FROM {}"

Progress = Callable[[int, int], None]
Count = Mapping[tuple[str, str, str], int]
"""By environment, source and outcome."""


@attrs.frozen(kw_only=True)
class Line:
    """A source in an environment: received, and each outcome, as the projection counts and as the log says."""

    environment: str
    source: str
    received: int
    counted: Mapping[str, int]
    recounted: Mapping[str, int]

    @property
    def agrees(self) -> bool:
        """Whether projection and log say the same, and the outcomes add up to what was received."""
        return self.counted == self.recounted and self.received == sum(self.recounted.values())


@attrs.frozen(kw_only=True)
class Recount:
    """What a recount found, in how many events, and how many of these nobody can read."""

    lines: Sequence[Line]
    events: int
    unreadable: int

    @property
    def wrong(self) -> Sequence[Line]:
        """The lines that do not agree."""
        return [each for each in self.lines if not each.agrees]


@attrs.frozen(kw_only=True)
class _Moment:
    """The accounting as it stood once, with how far the log was settled, how far it went, and what was put aside."""

    counted: Count
    settled: int
    head: int
    parked: frozenset[int]


def recount(database: Database, progress: Progress) -> Recount:
    """Compare the accounting with the log, both as of one moment. Reads the whole log, in bounded memory."""
    moment, recorder = _moment(database), database.recorder(WorkerRecorder)
    received, recounted = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    events, unreadable = 0, 0
    for page in log_pages.pages(recorder, database.mapper, upto=moment.head, size=PAGE):
        for each in page:
            if isinstance(each, Unreadable):
                unreadable += 1
            elif each.position not in moment.parked:  # what was put aside, the worker did not settle either
                _count(each, moment.settled, received, recounted)
        events += len(page)
        progress(page[-1].position or 0, moment.head)
    _add_pending(received, recounted)
    return Recount(lines=_lines(moment.counted, received, recounted), events=events, unreadable=unreadable)


def _add_pending(received: Mapping[tuple[str, str], int], recounted: Counter[tuple[str, str, str]]) -> None:
    for key, number in received.items():
        pending = number - sum(count for each, count in recounted.items() if each[:2] == key)
        if pending:
            recounted[(*key, PENDING)] = pending


def _moment(database: Database) -> _Moment:
    recorder, schema = database.recorder(WorkerRecorder), database.schema
    with database.connect() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            rows = connection.execute(SQL(ACCOUNTING).format(Identifier(schema, "accounting"))).fetchall()
            tracking = SQL(TRACKING).format(Identifier(schema, recorder.tracking_table_name))
            settled = connection.execute(tracking, (READER,)).fetchone()
            head = connection.execute(SQL(HEAD).format(Identifier(schema, recorder.events_table_name))).fetchone()
            parked = connection.execute(SQL(PARKED).format(Identifier(schema, "parked"))).fetchall()
    counted = {(str(environment), str(source), str(outcome)): int(str(n)) for environment, source, outcome, n in rows}
    aside = frozenset(_number(each) for each in parked)
    return _Moment(counted=counted, settled=_number(settled), head=_number(head), parked=aside)


def _number(row: Sequence[object] | None) -> int:
    return int(str(row[0])) if row and row[0] is not None else 0


def _count(
    recorded: Recorded, settled: int, received: Counter[tuple[str, str]], recounted: Counter[tuple[str, str, str]]
) -> None:
    """Take one event in. What arrived after the moment's settling counts as nothing yet, on either side."""
    event = recorded.event
    if isinstance(event, webhooks.Receipt) and (recorded.position or 0) <= settled:
        received[event.environment, event.source] += 1
        if isinstance(event, webhooks.WebhookRejected):
            recounted[event.environment, event.source, "rejected"] += 1
    elif isinstance(event, webhooks.WebhookReleased) and (recorded.position or 0) <= settled:
        recounted[event.environment, event.source, "rejected"] -= 1
    elif isinstance(event, webhooks.WebhookProcessed) and event.evaluation == 1:
        recounted[event.environment, event.source, event.outcome] += 1


def _lines(counted: Count, received: Mapping[tuple[str, str], int], recounted: Count) -> Sequence[Line]:
    keys = sorted({*received, *((environment, source) for environment, source, _ in counted)})
    return [
        Line(
            environment=environment,
            source=source,
            received=received.get((environment, source), 0),
            counted=_of(counted, environment, source),
            recounted=_of(recounted, environment, source),
        )
        for environment, source in keys
    ]


def _of(count: Count, environment: str, source: str) -> dict[str, int]:
    return {each[2]: number for each, number in count.items() if each[:2] == (environment, source) and number}
