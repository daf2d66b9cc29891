"""An erased subject is nowhere, everything else is as it was, and the log alone makes the same read models again."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest

from application.erasing import Scope
from application.errors import Busy, Conflict, PayloadErased
from application.ports import Settled
from application.queries import ForwardFilter
from application.records import Change
from domain import bulk_operations, erasures, forwards, runs, webhooks
from domain.bulk_operations import BulkItem, BulkOperationStarted
from domain.erasures import ErasureCompleted, Subject, SubjectUnknown
from infrastructure import clocks, delivering
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.erasing import searching
from infrastructure.erasing.eraser import PostgresEraser
from infrastructure.erasing.losses import PayloadUnencrypted
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import as_of, rebuilding
from infrastructure.projections.as_of import SchemaInTheWay
from infrastructure.projections.inbox import PostgresInbox
from infrastructure.replays.journal import PostgresJournal
from infrastructure.views.forwards import PostgresForwards
from infrastructure.views.runs import PostgresRuns
from tests import examples, histories, replaying, stores

SUBJECTS = {
    "ann": Subject(kind="user", id="ann"),
    "ben": Subject(kind="user", id="ben"),
    "cleo": Subject(kind="user", id="cleo"),
    "dan": Subject(kind="user", id="dan"),
    "p1": Subject(kind="object", collection="projects", id="p1"),
    "p2": Subject(kind="object", collection="projects", id="p2"),
    "acme": Subject(kind="tenant", id="acme"),
    "initech": Subject(kind="tenant", id="initech"),
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database in which everything happened and the worker has seen it."""
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        for change in histories.everything():
            ledger.append(change)
        stores.drain(database, clock=lambda: examples.LATER)
        yield database


def erase(database: Database, subject: Subject, *texts: str, by_hand: tuple[str, ...] = ()) -> ErasureCompleted:
    """Erase a subject, as the use case does."""
    erasure_id = f"erasure-of-{subject.id}"
    request = erasures.Request(
        erasure_id=erasure_id,
        environment=histories.ENVIRONMENT,
        subject=subject,
        digest="a digest",
        reason="request 17",
        searched=len(texts),
        at=examples.LATER,
    )
    eraser = PostgresEraser(destroyer=stores.destroyer(database))
    scope = Scope(environment=histories.ENVIRONMENT, subject=subject, texts=texts, webhooks=by_hand)
    eraser.erase(scope, request, "somebody")
    completed = stores.ledger(database).history(erasures.stream(erasure_id))[-1].event
    assert isinstance(completed, ErasureCompleted)
    return completed


def rebuilt(database: Database) -> dict[str, list[str]]:
    """The read models as the log alone makes them."""
    rebuilding.rebuild(database, [], lambda done, total: None)
    return stores.read_models(database)


def others(database: Database, subject: Subject) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the directory that do not name a subject."""
    return {
        table: [row for row in stores.rows(database, table) if subject.id not in row]
        for table in ("entities", "subscriptions", "audience_members", "audiences")
    }


@pytest.mark.parametrize("name", SUBJECTS)
def test_everybody_else_is_as_before_and_the_log_makes_the_same_to_the_byte(database: Database, name: str) -> None:
    before = others(database, SUBJECTS[name])
    erase(database, SUBJECTS[name])
    assert others(database, SUBJECTS[name]) == before
    live = stores.read_models(database)
    after = rebuilt(database)
    for table, rows in live.items():
        assert after[table] == rows, table


def test_one_after_the_other_can_be_erased_until_nothing_is_left(database: Database) -> None:
    for subject in SUBJECTS.values():
        before = others(database, subject)
        erase(database, subject)
        assert others(database, subject) == before
        live = stores.read_models(database)
        assert rebuilt(database) == live
    for table in ("entities", "subscriptions", "audience_members", "entity_changes", "runs"):
        assert stores.rows(database, table) == [], table


def test_the_words_of_what_is_erased_go_with_it_and_no_others(database: Database) -> None:
    before = {stream for (stream,) in stores.rows(database, "payload_words", ["stream"])}
    completed = erase(database, SUBJECTS["dan"])
    after = {stream for (stream,) in stores.rows(database, "payload_words", ["stream"])}
    assert before - after == {"webhook-follow", "webhook-unfollow"}
    assert before - after <= set(completed.streams)


def test_no_stored_event_changes(database: Database) -> None:
    before = stores.rows(database, "ledger_events")
    erase(database, SUBJECTS["ann"])
    assert set(before) < set(stores.rows(database, "ledger_events"))


def test_only_the_keys_of_what_concerns_the_subject_are_destroyed(database: Database) -> None:
    before = {stream for (stream,) in stores.rows(database, "data_keys", ["stream"])}
    completed = erase(database, SUBJECTS["dan"])
    after = {stream for (stream,) in stores.rows(database, "data_keys", ["stream"])}
    assert before - after == set(completed.streams)
    ours = {each for each in completed.streams if not each.startswith("forward-")}
    assert ours == {"webhook-follow", "webhook-unfollow"}
    assert {stream.partition("-")[0] for stream in after - before} == {"entity", "erasure"}


def test_what_was_searched_for_goes_too_and_nothing_that_is_another_environments(database: Database) -> None:
    ledger = stores.ledger(database)
    rejected = attrs.evolve(examples.WEBHOOK_REJECTED, source=histories.SOURCE, body=b'{"about": "dan@example.com"')
    for name, environment in (("here", histories.ENVIRONMENT), ("elsewhere", "development")):
        event = attrs.evolve(rejected, environment=environment)
        ledger.append(Change(stream=webhooks.stream(name), version=0, events=(event,)))
    stores.drain(database)
    completed = erase(database, SUBJECTS["dan"], "dan@example.com")
    assert "webhook-here" in completed.streams
    assert "webhook-elsewhere" not in completed.streams
    live = stores.read_models(database)
    assert rebuilt(database) == live


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("zoë@example.com", '{"email": "zo\\u00eb@example.com"}'),
        ("zoë@example.com", "email=zo%C3%AB%40example.com&x=1"),
        ("zoë@example.com", '{"email": "zoë@example.com"}'),
        ('Zoë "Z" M', '{"name": "Zoë \\"Z\\" M"}'),
        ("Zoë M", "name=Zo%C3%AB+M"),
    ],
)
def test_a_text_is_found_however_it_is_written(text: str, written: str) -> None:
    assert any(form in written.encode() for form in searching.forms(text))


def test_a_bulk_operation_that_lists_the_subject_is_erased(database: Database) -> None:
    items = (BulkItem(id="dan", problem="no such thing"), BulkItem(id="eve", webhook_id="follow"))
    started = BulkOperationStarted(
        operation_id="b1", environment=histories.ENVIRONMENT, name="users.identify", items=items, started_at=examples.AT
    )
    other = attrs.evolve(started, operation_id="b2", items=items[1:])
    for each in (started, other):
        stream = bulk_operations.stream(each.operation_id)
        stores.ledger(database).append(Change(stream=stream, version=0, events=(each,)))
    stores.drain(database)
    completed = erase(database, SUBJECTS["dan"])
    assert "bulk-b1" in completed.streams
    assert "bulk-b2" not in completed.streams


def test_a_run_that_is_still_open_ends_and_nobody_takes_it_up(database: Database) -> None:
    """Whether it waits for its time or for its cancellation."""
    waiting = stores.rows(database, "run_schedule", ["cancelled_by"])
    assert {None, "cancel"} <= {cancelled_by for (cancelled_by,) in waiting}
    completed = erase(database, SUBJECTS["ann"])
    left = {run_id for (run_id,) in stores.rows(database, "run_schedule", ["run_id"])}
    assert completed.ended == len(waiting) - len(left) >= 2
    assert not {f"{category}-{run_id}" for run_id in left for category in ("run", "forward")} & set(completed.streams)
    ends = [each.event for each in stores.log(database) if isinstance(each.event, runs.RunFailed)]
    assert {(end.code, end.message) for end in ends} == {("erased", "")}


def test_a_run_that_is_about_to_be_cancelled_by_what_is_erased_ends_too(database: Database) -> None:
    """Nobody could tell any more from the log that it was to be cancelled."""
    completed = erase(database, SUBJECTS["dan"], by_hand=("cancel",))
    assert completed.runs >= 1
    live = stores.read_models(database)
    assert rebuilt(database) == live


@pytest.mark.parametrize("gone", ["project-gone", "tenant-gone", "ben-gone", "uninvite", "invite", "project"])
def test_what_a_webhook_ended_stays_ended_without_it(database: Database, gone: str) -> None:
    """A deletion also ended subscriptions, which nothing else on record says."""
    before = others(database, SUBJECTS["initech"])
    erase(database, SUBJECTS["initech"], by_hand=(gone,))
    assert others(database, SUBJECTS["initech"]) == before
    live = stores.read_models(database)
    assert rebuilt(database) == live


def test_the_precedent_before_the_one_that_is_erased_counts_again(database: Database) -> None:
    """The same key was used twice, the second time after its window: what a rebuild finds is the first."""
    step = histories.STEPS["acme"]
    assert isinstance(step, tuple)
    late = histories.received(histories.body("acme", ("users_identify", {"id": "zoe"})), 0)
    first = histories.received(histories.body("acme", ("users_identify", {"id": "yan"})), 0)
    for name, event, days in (("first", first, 0), ("late", late, 3)):
        event = attrs.evolve(event, received_at=examples.AT + timedelta(days=days))
        stores.ledger(database).append(Change(stream=webhooks.stream(name), version=0, events=(event,)))
    stores.drain(database)
    assert ("late",) in stores.rows(database, "precedents", ["webhook_id"])
    erase(database, Subject(kind="user", id="zoe"))
    assert ("first",) in stores.rows(database, "precedents", ["webhook_id"])
    live = stores.read_models(database)
    assert rebuilt(database) == live


def test_what_was_recorded_before_there_were_keys_is_refused_and_stays(database: Database) -> None:
    stores.decrypt(database, webhooks.stream("follow"))
    before = stores.read_models(database)
    with pytest.raises(PayloadUnencrypted, match="webhook-follow was recorded before payloads were encrypted"):
        erase(database, SUBJECTS["dan"])
    assert stores.read_models(database) == before


def test_a_subject_of_whom_nothing_is_on_record_is_unknown(database: Database) -> None:
    head = stores.ledger(database).head()
    with pytest.raises(SubjectUnknown):
        erase(database, Subject(kind="user", id="never-heard-of"))
    assert stores.ledger(database).head() == head


def test_keys_that_came_back_are_destroyed_again(database: Database) -> None:
    kept = dict(stores.rows(database, "data_keys"))
    completed = erase(database, SUBJECTS["dan"])
    with database.connect() as connection, connection.cursor() as cursor:
        insert = f"INSERT INTO {database.schema}.data_keys VALUES (%s, %s)".encode()
        cursor.executemany(insert, [(stream, kept[stream]) for stream in completed.streams])
    eraser = PostgresEraser(destroyer=stores.destroyer(database))
    assert eraser.again() == len(completed.streams)
    assert eraser.again() == 0


def test_webhooks_that_wait_count_after_what_was_restated(database: Database) -> None:
    """Received before the erasure and decided after it: in a rebuild as in life."""
    later = histories.received(histories.body("later", ("users_identify", {"id": "ben", "name": "Later"})), 50)
    stores.ledger(database).append(Change(stream=webhooks.stream("later"), version=0, events=(later,)))
    erase(database, SUBJECTS["ann"])
    stores.drain(database)
    live = stores.read_models(database)
    assert any("Later" in row for row in live["entities"])
    assert rebuilt(database) == live


def test_a_replay_counts_what_was_erased_as_not_evaluable_and_goes_on(database: Database) -> None:
    completed = erase(database, SUBJECTS["ann"])
    where: Any = {"source": histories.SOURCE, "environment": histories.ENVIRONMENT}
    replay = replaying.request(database, "after", **where)
    found = replaying.run(database, replay)
    assert found["status"] == "completed"
    assert found["totals"]["not_evaluable"] >= completed.webhooks


@pytest.mark.parametrize("run", ["rebuild", "as_of"])
def test_nothing_is_erased_while_the_log_is_read_for_new_tables(database: Database, run: str) -> None:
    """Otherwise who is erased would come back with them."""
    refused: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if not refused:
            with pytest.raises(Busy, match="a rebuild of read models is under way") as problem:
                erase(database, SUBJECTS["dan"])
            refused.append(str(problem.value))

    head = stores.ledger(database).head()
    if run == "rebuild":
        rebuilding.rebuild(database, [], meanwhile)
    else:
        as_of.build(database, head, head, [], meanwhile)
    assert refused
    erase(database, SUBJECTS["dan"])
    assert not any("dan" in row for row in stores.rows(database, "entities"))


def test_nobody_rebuilds_while_something_is_erased(database: Database) -> None:
    with database.connect() as connection, connection.transaction():
        connection.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", (int(AdvisoryLock.REBUILD),))
        with pytest.raises(Busy, match="an erasure is under way"):
            as_of.build(database, 1, 1, [], lambda done, total: None)
        with pytest.raises(Busy, match="an erasure is under way"):
            rebuilding.rebuild(database, [], lambda done, total: None)


def test_read_models_as_of_earlier_go_with_what_is_erased(database: Database) -> None:
    head = stores.ledger(database).head()
    schemas = {as_of.build(database, at, head, ["directory"], lambda done, total: None) for at in (head - 1, head)}
    with database.connect() as connection:
        connection.execute("CREATE SCHEMA hookledger_as_of_mine")
        erase(database, SUBJECTS["dan"])
        left = {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace").fetchall()}
    assert not schemas & left
    assert "hookledger_as_of_mine" in left


def test_a_schema_of_somebody_else_is_named(database: Database) -> None:
    head = stores.ledger(database).head()
    schema = as_of.build(database, head, head, ["directory"], lambda done, total: None)
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE nobody_in_particular")
        connection.execute("SET LOCAL ROLE nobody_in_particular")
        with connection.cursor() as cursor, pytest.raises(SchemaInTheWay, match=schema):
            as_of.drop_all(cursor)


def test_a_forward_of_what_was_erased_is_not_retried(database: Database) -> None:
    """It would go nowhere: nobody knows any more what it was to carry out."""
    ledger, reader = stores.ledger(database), database.recorder(WorkerRecorder)
    found = PostgresForwards(ledger=ledger, recorder=reader)
    letters = delivering.dead_letters(
        database, ledger, database.mapper, PostgresRuns(ledger=ledger, recorder=reader), found
    )
    open_ones = [each.event for each in stores.log(database) if isinstance(each.event, forwards.ForwardStarted)]
    for started in open_ones:
        failed = attrs.evolve(examples.FORWARD_FAILED, forward_id=started.forward_id, environment=started.environment)
        letters.agenda.record(Change(stream=forwards.stream(started.forward_id), version=1, events=(failed,)))
    gone = {each for each in erase(database, SUBJECTS["ann"]).streams if each.startswith("forward-")}
    with pytest.raises(PayloadErased, match="nothing is left to send"):
        letters.retry_forward(min(gone).removeprefix("forward-"), actor="somebody")
    retried = letters.retry_forwards(histories.ENVIRONMENT, ForwardFilter(), actor="somebody")
    assert {forwards.stream(each.run_id) for each in retried.left} == gone
    assert retried.count == len(open_ones) - len(gone) > 0


class Slow(PostgresJournal):
    """A journal that records a page only when something else has happened since it was read."""

    meanwhile: Callable[[], object]

    def record(self, *args: Any, **members: Any) -> None:
        """See the port."""
        self.meanwhile()
        self.meanwhile = lambda: None
        super().record(*args, **members)


def test_a_replay_that_read_what_is_erased_meanwhile_does_not_bring_it_back(database: Database) -> None:
    erased = list[str]()
    recorder = database.recorder(WorkerRecorder)
    journal = Slow(recorder=recorder, ledger=stores.ledger(database), mapper=database.mapper, clock=clocks.system)
    journal.meanwhile = lambda: erased.extend(erase(database, SUBJECTS["ann"]).streams)
    replay_id = replaying.request(
        database, "rep_late", source=histories.SOURCE, environment=histories.ENVIRONMENT, mode="what_if"
    )
    attrs.evolve(replaying.replaying(database), journal=journal).carry_on(replay_id, replaying.at_once)
    rows = stores.rows(database, "replay_results", ["webhook_id", "kinds", "changed", "carried"])
    found = {webhooks.stream(name): tuple(row) for name, *row in rows}
    told = {found[each] for each in erased if each in found}
    assert told == {(" not_evaluable ", True, "")}
    assert any(row[2] for row in found.values())


class LateInbox(PostgresInbox):
    """Somebody is erased when everything is decided, and nothing is settled yet."""

    erase: Callable[[], object] | None = None

    def settle(self, entries: Sequence[Settled]) -> None:
        """See the port."""
        erase, self.erase = self.erase, None
        if erase is not None:
            erase()
        super().settle(entries)


def test_what_was_decided_while_the_subject_was_there_is_decided_anew(database: Database) -> None:
    trigger = {"recipients": ["dan", "ben"], "data": {}, "cancellation_key": "late"}
    again = histories.received(histories.body("late", ("workflows_trigger", trigger)), 50)
    stores.ledger(database).append(Change(stream=webhooks.stream("late"), version=0, events=(again,)))
    inbox = LateInbox(recorder=database.recorder(WorkerRecorder), mapper=database.mapper, clock=lambda: examples.LATER)
    inbox.erase = lambda: erase(database, SUBJECTS["dan"])
    with pytest.raises(Conflict, match="somebody was erased meanwhile"):
        attrs.evolve(stores.pipeline(database), inbox=inbox).run_once()
    stores.drain(database)
    begun = stores.rows(database, "runs", ["event_log_id", "recipient_id"])
    assert [recipient for webhook, recipient in begun if webhook == "late"] == ["ben"]
    live = stores.read_models(database)
    assert rebuilt(database) == live
