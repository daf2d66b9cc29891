"""Lineage over a whole history: it agrees with the directory now, and with a count from the log at every moment."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from application.access import Caller
from application.queries import Moment, PageRequest, Traced
from application.requests import Request
from domain import directory, merging, recipients, webhooks
from infrastructure import calls, migrations
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views import lineage
from infrastructure.views.directory import PostgresDirectory
from infrastructure.views.lineage import PostgresLineage
from tests import databases, examples, histories, stores
from tests.histories import ENVIRONMENT

Place = tuple[str, str]

NOW = Moment()
USERS = recipients.USERS


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    """The whole history, one second for each round of three events."""
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        settle_everything(database)
        yield database


@pytest.fixture(scope="module")
def in_long_rounds(postgres_url: str) -> Iterator[Database]:
    """The same, but much of it recorded at once."""
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        settle_everything(database, page=12)
        yield database


def settle_everything(database: Database, page: int = 3) -> None:
    """Receive and settle the history."""
    ledger = stores.ledger(database)
    for change in histories.everything():
        ledger.append(change)
    seconds = iter(range(10_000))
    stores.drain(database, page=page, clock=lambda: examples.LATER + timedelta(seconds=next(seconds)))


def traced(database: Database, place: Place, as_of: Moment = NOW, **page: Any) -> Traced | None:
    """What is told of an entity."""
    recorder = database.recorder(WorkerRecorder)
    view = PostgresLineage(ledger=stores.ledger(database), recorder=recorder)
    return view.entity(ENVIRONMENT, *place, as_of=as_of, page=PageRequest(**page))


def told(database: Database, place: Place, as_of: Moment = NOW, **page: Any) -> Any:
    """As `traced`, of one that is there."""
    found = traced(database, place, as_of, **page)
    assert found is not None
    return found.entry


def changes(database: Database, place: Place, as_of: Moment = NOW, **page: Any) -> list[Any]:
    """The changes on a page."""
    found = traced(database, place, as_of, **page)
    return list(found.changes.entries) if found else []


def folded(database: Database, *, position: int) -> dict[Place, Any]:
    """The properties of all entities, counted from the log up to a position."""
    entities: dict[Place, Any] = {}
    for recorded in stores.log(database):
        if isinstance(recorded.event, webhooks.ActionExecuted) and (recorded.position or 0) <= position:
            event = recorded.event
            for effect in directory.effects(event.action_type, event.payload, event.result):
                _fold(entities, effect)
    return entities


def _fold(entities: dict[Place, Any], effect: directory.Effect) -> None:
    if isinstance(effect, directory.EntityMerged):
        place = recipients.place(effect.reference)
        entities[place] = merging.merge(entities.get(place, {}), effect.properties)
    elif isinstance(effect, directory.EntityRemoved):
        entities.pop(recipients.place(effect.reference), None)


def places(database: Database) -> list[Place]:
    """Every entity that ever was."""
    return sorted(set(stores.rows(database, "entity_changes", ["collection", "id"])))


def test_every_entity_is_told_as_the_directory_has_it(database: Database) -> None:
    held = PostgresDirectory(database.recorder(WorkerRecorder))
    assert len(places(database)) > 6
    for place in places(database):
        found, expected = told(database, place), held.entity(ENVIRONMENT, *place)
        assert found["entity"] == expected, place
        assert repr(found["entity"]) == repr(expected)


def test_every_entity_is_told_as_it_was_at_each_position(database: Database) -> None:
    head = stores.ledger(database).head()
    for position in range(0, head + 1, 5):
        expected = folded(database, position=position)
        for place in places(database):
            found = traced(database, place, Moment(position=position))
            entity: Any = found and found.entry["entity"]
            assert (entity["properties"] if entity else None) == expected.get(place), (place, position)


def test_every_entity_is_told_as_it_was_at_each_time(database: Database) -> None:
    times = sorted({recorded.recorded_at for recorded in stores.log(database)})
    assert len(times) > 10
    for at in times:
        last = max(each.position or 0 for each in stores.log(database) if each.recorded_at <= at)
        expected = folded(database, position=last)
        for place in places(database):
            found = traced(database, place, Moment(recorded_at=at))
            entity: Any = found and found.entry["entity"]
            assert (entity["properties"] if entity else None) == expected.get(place), (place, at)


def test_each_field_names_what_set_it(database: Database) -> None:
    fields = told(database, (USERS, "ann"))["fields"]
    found = {name: (field["event_log_id"], field["origin"].get("path")) for name, field in fields.items()}
    assert found == {
        "plan": ("ann", "body.data.properties.plan"),
        "seen": ("ann-again", "body.data.properties.seen"),
        "a.b": ("ann", "body.data.properties.a.b"),
        "a.c": ("ann-again", "body.data.properties.a.c"),
        "name": ("ann", "body.data.name"),
        "orders": ("order-fails", "body.data.properties.orders"),
    }
    plan = fields["plan"]
    assert (plan["mapping_id"], plan["evaluation"]) == ("users_identify/users_identify", 1)
    assert plan["confirmed_by"]["event_log_id"] == "ann-the-same"
    assert fields["seen"]["value"] is True


def test_a_deleted_entity_says_by_what_and_what_it_was_before(database: Database) -> None:
    gone = told(database, ("projects", "p2"))
    assert (gone["entity"], gone["fields"], gone["deleted_by"]["event_log_id"]) == (None, {}, "project-gone")
    before = told(database, ("projects", "p2"), Moment(position=gone["deleted_by"]["position"] - 1))
    assert (before["entity"]["properties"], before["deleted_by"]) == ({}, None)


def test_relations_name_what_made_them(database: Database) -> None:
    """A subscription ends with the object that it was to."""
    ann = told(database, (USERS, "ann"))
    assert [(each["object"]["id"], each["event_log_id"]) for each in ann["subscriptions"]] == [("p1", "follow-again")]
    assert [(each["audience"], each["event_log_id"]) for each in ann["memberships"]] == [("beta", "invite")]
    deleted = told(database, ("projects", "p2"))["deleted_by"]["position"]
    before = told(database, (USERS, "ann"), Moment(position=deleted - 1))
    assert {each["object"]["id"] for each in before["subscriptions"]} == {"p1", "p2"}
    assert told(database, (USERS, "dan"))["subscriptions"] == []


def test_changes_stand_in_log_order_with_what_they_did(database: Database) -> None:
    ben = changes(database, (USERS, "ben"))
    assert [each["event_log_id"] for each in ben] == [
        *("ben", "follow-new", "invite-more", "uninvite", "ben-gone", "ben-back"),
    ]
    assert [each["position"] for each in ben] == sorted(each["position"] for each in ben)
    assert ben[0]["set"] == {"email": "ben@example.com"}
    assert ben[1]["subscribed"] == [{"object": {"collection": "projects", "id": "p2"}, "properties": {}}]
    assert [each.get("removed") for each in ben] == [None, None, None, None, True, None]
    assert (ben[2]["joined"], ben[3]["left"]) == ([{"audience": "beta", "tenant": None}],) * 2


def test_changes_are_paged_forth_and_back_while_the_fields_stay_whole(database: Database) -> None:
    whole, ann = changes(database, (USERS, "ann")), (USERS, "ann")
    first = traced(database, ann, size=2)
    assert first is not None
    second = traced(database, ann, size=2, after=first.changes.after)
    assert second is not None
    assert [*first.changes.entries, *second.changes.entries] == whole[:4]
    assert changes(database, ann, size=2, before=second.changes.before) == whole[:2]
    assert first.entry == second.entry == told(database, ann)


def test_a_long_history_is_cut_at_its_beginning_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of is right all the same, and what came before is there as of the first change told of.

    What set a field before the cut is not known any more: who confirmed it since stands in its place.
    """
    whole, ann = changes(database, (USERS, "ann")), (USERS, "ann")
    fields = told(database, ann)["fields"]
    monkeypatch.setattr(lineage, "LONGEST", 4)
    cut, left = told(database, ann), changes(database, ann)
    assert cut["truncated"] is True
    assert 0 < len(left) <= 4
    assert left == whole[-len(left) :]
    assert cut["entity"] == PostgresDirectory(database.recorder(WorkerRecorder)).entity(ENVIRONMENT, *ann)
    for name, field in cut["fields"].items():
        confirmed = fields[name]["confirmed_by"]
        by = {fields[name]["event_log_id"], confirmed and confirmed["event_log_id"]}
        assert field["value"] == fields[name]["value"]
        assert field["event_log_id"] in by, name
    before = changes(database, ann, Moment(position=left[0]["position"] - 1))
    assert [*before, *left] == whole[-len(before) - len(left) :]


def test_what_a_call_of_the_api_set_names_its_key(database_url: str) -> None:
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        calling = calls.singly(ledger, calls.waiting_room(database.recorder(WorkerRecorder)))
        caller = Caller(key_id="key-7", role="environment", environment=ENVIRONMENT)
        request = Request(method="PUT", query="", headers={}, remote_address=None, body=b"")
        operation: dict[str, Any] = {"operation": "users.update", "id": "zoe", "properties": {"plan": "pro"}}
        [webhook_id] = calling.submit([operation], environment=ENVIRONMENT, caller=caller, request=request)
        stores.drain(database)
        plan, [change] = told(database, (USERS, "zoe"))["fields"]["plan"], changes(database, (USERS, "zoe"))
    assert (plan["source"], plan["api_key_id"], plan["event_log_id"]) == ("$api", "key-7", webhook_id)
    assert plan["origin"] == {"parameter": "properties", "path": "body.properties.plan"}
    assert (change["mapping_id"], change["api_key_id"]) == ("users.update", "key-7")


def test_what_was_recorded_at_once_stands_in_log_order(
    in_long_rounds: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "CHUNK", 2)
    for place in places(in_long_rounds):
        found = changes(in_long_rounds, place)
        assert [each["position"] for each in found] == sorted(each["position"] for each in found)
        assert told(in_long_rounds, place)["entity"] == PostgresDirectory(
            in_long_rounds.recorder(WorkerRecorder)
        ).entity(ENVIRONMENT, *place)


def test_what_was_recorded_at_once_is_cut_as_a_whole(in_long_rounds: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of it came first only the log knows, so that a part of it might be the wrong one."""
    ann = (USERS, "ann")
    whole = changes(in_long_rounds, ann)
    at_once = max(Counter(each["at"] for each in whole).values())
    assert 1 < at_once < len(whole)
    for longest in range(at_once, len(whole)):
        monkeypatch.setattr(lineage, "LONGEST", longest)
        left = changes(in_long_rounds, ann)
        assert left == whole[-len(left) :]
        assert left[0]["at"] > whole[-len(left) - 1]["at"]


def test_what_nothing_touched_has_no_lineage(database: Database) -> None:
    assert traced(database, (USERS, "nobody-of-that-name")) is None
    assert traced(database, (USERS, "ann"), Moment(position=1)) is None
    assert traced(database, ("$tenants", "ann")) is None


def test_an_old_log_gets_the_read_model_with_its_migration(database_url: str) -> None:
    """As a log that an earlier release wrote: without the table, and with everything else."""
    with stores.migrated(database_url) as database:
        settle_everything(database)
        before = stores.read_models(database)
        with database.connect() as connection:
            connection.execute(f"DROP TABLE {database.schema}.entity_changes".encode())
        for _ in range(2):
            migrations.migrate(database)
            assert stores.read_models(database) == before
    assert len(before["entity_changes"]) > 20


def test_a_migration_that_is_interrupted_leaves_no_half_filled_table(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with stores.migrated(database_url) as database:
        settle_everything(database)
        before = stores.read_models(database)
        with database.connect() as connection:
            connection.execute(f"DROP TABLE {database.schema}.entity_changes".encode())
        with monkeypatch.context() as patched:
            patched.setattr("infrastructure.projections.rebuilding.Rebuild._take_over", interrupt)
            with pytest.raises(KeyboardInterrupt):
                migrations.migrate(database)
        migrations.migrate(database)
        assert stores.read_models(database) == before
