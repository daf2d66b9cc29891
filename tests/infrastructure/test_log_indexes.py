"""Every filter of the logs, and the combinations that people use, find their page on indexes, however long the log is.

The tables are filled by SQL alone: 300,000 webhooks and as many actions. `dull` is a source of which nearly nothing is
mapped, `busy` one of which nearly all is executed, `quiet` one that hardly ever sends.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import orjson
import pytest
from psycopg.sql import SQL, Composed

from application.queries import LogFilter, PageRequest
from infrastructure.database import Database, WorkerRecorder
from infrastructure.projections.event_log import BLOCK
from infrastructure.views.log_rows import LogRows
from infrastructure.views.reading import Reader, Row, encode
from tests import databases, stores

ROWS = 300_000
PAGE = 50
MOST_VISITED = 12_000
"""Rows that a page may visit, of 300,000: the most where two filters are common and rarely meet."""

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = ("event_logs", "action_logs", "entity_changes")

EVENTS: LiteralString = """
INSERT INTO hookledger.event_logs
SELECT n * 6, 'e' || lpad(n::text, 8, '0'),
    CASE WHEN n %% 1000 = 0 THEN 'quiet' WHEN n %% 2 = 0 THEN 'busy' ELSE 'dull' END,
    CASE WHEN n %% 50 = 0 THEN 'development' ELSE 'production' END,
    CASE WHEN n %% 7 = 0 THEN 'order.placed' ELSE 'user.created' END,
    %s::timestamptz + n * interval '1 second' - (n %% 5) * interval '3 seconds', NULL, 1,
    CASE WHEN n %% 997 = 0 THEN 'enforced:failed' ELSE 'enforced:verified' END,
    'executed', 'key-' || n / 2, NULL,
    CASE WHEN n %% 2 = 0 AND n %% 30000 <> 0 OR n %% 29999 = 0 THEN 'executed'
        WHEN n %% 5000 = 1 THEN 'failed' ELSE 'unmapped' END,
    NULL, 1, 1, NULL
FROM generate_series(1, %s) AS n
"""
TIMES: LiteralString = """
INSERT INTO hookledger.event_log_times
SELECT position / %s, min(received_at), max(received_at) FROM hookledger.event_logs GROUP BY 1
"""
ACTIONS: LiteralString = """
INSERT INTO hookledger.action_logs
SELECT 'webhook-' || id, 4, source, environment, event_type, 'm', 1,
    CASE WHEN position %% 66 = 0 THEN 'objects_set' ELSE 'users_identify' END,
    CASE WHEN position %% 2994 = 0 THEN 'error' WHEN position %% 9000 = 0 THEN 'skipped' ELSE 'success' END,
    NULL, received_at FROM hookledger.event_logs
"""
CHANGES: LiteralString = """
INSERT INTO hookledger.entity_changes
SELECT environment, '$users', CASE WHEN position %% 600 = 0 THEN 'hot' ELSE 'u-' || position %% 100003 END, received_at,
    'webhook-' || id, 4, false FROM hookledger.event_logs
"""
WORDS: LiteralString = """
INSERT INTO hookledger.payload_words
SELECT 'webhook-' || id, position,
    ARRAY['order', 'id' || position, CASE WHEN position %% 1200 = 0 THEN 'seldom' ELSE 'often' END]
FROM hookledger.event_logs
"""


class Explaining(Reader):
    """A reader that keeps the plan of each query, as it was carried out."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.recorder(WorkerRecorder))
        self._database = database
        self.plans: list[dict[str, Any]] = []

    def rows(
        self, query: Any, params: Sequence[Any] | Mapping[str, Any] = (), *, prepare: bool | None = None
    ) -> list[Row]:
        statement = self.composed(query) if isinstance(query, str) else query
        assert isinstance(statement, Composed)
        with self._database.connect() as connection:
            explain = SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + statement
            row = connection.execute(explain, params).fetchone()
        assert row is not None
        found: Any = row[0] if isinstance(row[0], list) else orjson.loads(str(row[0]))
        self.plans.append(found[0]["Plan"])
        return super().rows(query, params, prepare=prepare)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        with database.connect() as connection:
            connection.execute("SET statement_timeout = 0")
            connection.execute(EVENTS, (BEGINNING, ROWS))
            connection.execute(TIMES, (BLOCK,))
            for query in (ACTIONS, CHANGES, WORDS):
                connection.execute(query.replace("%%", "%"))
            connection.execute("ANALYZE")
        yield database


@pytest.fixture
def reader(database: Database) -> Explaining:
    return Explaining(database)


def at(number: int) -> datetime:
    """When about the webhook of a number was received."""
    return BEGINNING + timedelta(seconds=number)


EVENT_FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "environment": {"environment": "production"},
    "a small environment": {"environment": "development"},
    "source": {"source": "busy"},
    "a quiet source": {"environment": "production", "source": "quiet"},
    "source and event type": {"environment": "production", "source": "dull", "event_type": "order.placed"},
    "event type": {"event_type": "order.placed"},
    "an event type that is not there": {"event_type": "nothing"},
    "outcome": {"outcome": "failed"},
    "what is rare of a source": {"environment": "production", "source": "busy", "outcome": "unmapped"},
    "what is rare of a source the other way": {"source": "dull", "outcome": "executed"},
    "a source that is busy elsewhere": {"environment": "development", "source": "dull"},
    "source and event type that never meet": {"source": "quiet", "event_type": "nothing"},
    "source and outcome that never meet": {"source": "quiet", "outcome": "failed"},
    "verification": {"verification_status": "enforced:failed"},
    "source and verification": {"source": "dull", "verification_status": "enforced:failed"},
    "key": {"idempotency_key": "key-77"},
    "old": {"ending_at": at(500)},
    "a span in the middle": {"starting_at": at(150_000), "ending_at": at(150_100)},
    "a span and a source": {"source": "quiet", "starting_at": at(100_000), "ending_at": at(200_000)},
    "an old span and an outcome": {"outcome": "failed", "starting_at": at(1_000), "ending_at": at(30_000)},
    "before everything": {"ending_at": at(-1_000)},
    "after everything": {"starting_at": at(10**6)},
    "an entity": {"entity": ("$users", "u-66")},
    "a busy entity": {"environment": "production", "entity": ("$users", "hot")},
    "an entity and an outcome": {"entity": ("$users", "hot"), "outcome": "failed"},
    "a word that is rare": {"words": ("id6000",)},
    "a word that is common": {"environment": "production", "words": ("often",)},
    "words": {"words": ("order", "seldom")},
    "a word and a source": {"source": "busy", "words": ("seldom",)},
    "a word that is not there": {"words": ("nowhere",)},
}
ACTION_FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "environment": {"environment": "development"},
    "source": {"source": "quiet"},
    "event type": {"event_type": "order.placed"},
    "action type": {"action_type": "objects_set"},
    "status": {"action_status": "error"},
    "type and status": {"action_type": "users_identify", "action_status": "skipped"},
    "source and status": {"environment": "production", "source": "dull", "action_status": "error"},
    "a webhook": {"event_log_id": "e00000077"},
    "old": {"ending_at": at(500)},
    "a span and a source": {"source": "dull", "starting_at": at(150_000), "ending_at": at(150_100)},
    "an entity": {"entity": ("$users", "u-66")},
    "a busy entity": {"entity": ("$users", "hot")},
    "a busy entity long ago": {"entity": ("$users", "hot"), "ending_at": at(20_000)},
}


def require_indexes(reader: Explaining) -> None:
    """No plan walks through a table, and none visits many rows to find a page."""
    for plan in reader.plans:
        scans = [node for node in nodes(plan) if "Relation Name" in node or node["Node Type"] == "Bitmap Index Scan"]
        walked = {node.get("Relation Name") for node in scans if node["Node Type"] == "Seq Scan"}
        assert walked.isdisjoint(TABLES), plan
        visited = sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans
        )
        assert visited <= MOST_VISITED, plan


@pytest.mark.parametrize("backwards", [False, True], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("given", EVENT_FILTERS.values(), ids=EVENT_FILTERS)
def test_a_page_of_the_event_log_is_found_on_indexes(
    reader: Explaining, given: dict[str, Any], backwards: bool
) -> None:
    rows, wanted = LogRows(reader), LogFilter(**given)
    found = rows.events(wanted, PageRequest(size=PAGE), descending=not backwards)
    if len(found) > PAGE:
        after = encode([found[PAGE - 1]["position"]])
        rest = rows.events(wanted, PageRequest(after=after, size=PAGE), descending=not backwards)
        assert rest[0] == found[PAGE]
    require_indexes(reader)


@pytest.mark.parametrize("backwards", [False, True], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("given", ACTION_FILTERS.values(), ids=ACTION_FILTERS)
def test_a_page_of_the_action_log_is_found_on_indexes(
    reader: Explaining, given: dict[str, Any], backwards: bool
) -> None:
    rows, wanted = LogRows(reader), LogFilter(**given)
    found = rows.actions(wanted, PageRequest(size=PAGE), descending=not backwards)
    if len(found) > PAGE:
        last = found[PAGE - 1]
        after = encode([last["inserted_at"], last["stream"], last["version"]])
        rest = rows.actions(wanted, PageRequest(after=after, size=PAGE), descending=not backwards)
        assert rest[0] == found[PAGE]
    require_indexes(reader)


COUNTS: LiteralString = "SELECT count(*) FROM hookledger.event_logs WHERE "


@pytest.mark.parametrize(
    ("given", "clause"),
    [
        ({"starting_at": at(150_000), "ending_at": at(150_100)}, "received_at >= %s AND received_at < %s"),
        ({"starting_at": at(299_990)}, "received_at >= %s"),
        ({"ending_at": at(7)}, "received_at < %s"),
        ({"starting_at": at(4_090), "ending_at": at(4_100)}, "received_at >= %s AND received_at < %s"),
    ],
)
def test_a_span_of_time_has_exactly_what_was_received_in_it(
    database: Database, reader: Explaining, given: dict[str, Any], clause: LiteralString
) -> None:
    found = LogRows(reader).events(LogFilter(**given), PageRequest(size=ROWS))
    with database.connect() as connection:
        row = connection.execute(COUNTS + clause, list(given.values())).fetchone()
    assert row is not None
    assert len(found) == row[0] != 0


def test_a_clock_that_was_wrong_hides_nothing(database: Database, reader: Explaining) -> None:
    """A webhook of which the time of receipt lies years before those around it is found by that time."""
    with database.connect() as connection:
        lost = datetime(1999, 5, 1, tzinfo=UTC)
        position = 6 * 123_456
        connection.execute("UPDATE hookledger.event_logs SET received_at = %s WHERE position = %s", (lost, position))
        connection.execute(
            "UPDATE hookledger.event_log_times SET earliest = %s WHERE block = %s", (lost, position // BLOCK)
        )
    found = LogRows(reader).events(LogFilter(ending_at=datetime(2000, 1, 1, tzinfo=UTC)), PageRequest(size=PAGE))
    assert [row["position"] for row in found] == [position]
    around = LogRows(reader).events(LogFilter(starting_at=at(123_450), ending_at=at(123_460)), PageRequest(size=PAGE))
    assert len(around) >= 9
