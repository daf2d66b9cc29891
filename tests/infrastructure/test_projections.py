"""What the read models hold after the whole of tests.histories: every action, every outcome, and edits in between."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from domain import forwarding
from infrastructure.database import Database
from tests import databases, examples, histories, stores
from tests.histories import ENVIRONMENT, SOURCE, at

STEPS = list(histories.STEPS)
RESULT = examples.LATER

FATES = {
    "trigger-repeated": ("duplicate", "replayed", 0),
    "unmapped": ("unmapped", "executed", 0),
    "unmapped-repeated": ("duplicate", "replayed", 0),
    "order-fails": ("partially_executed", "executed", 2),
    "order-repeated": ("executed", "executed", 1),
    "no-user": ("partially_executed", "executed", 1),
    "rejected": ("rejected", None, 0),
    "unclassified": ("unclassified", None, 0),
    "broken": ("failed", None, 0),
}
"""Outcome, that of the idempotency key, and number of actions; all other webhooks executed one action."""


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        ledger = stores.ledger(database)
        for change in histories.everything():
            ledger.append(change)
        stores.drain(database, clock=lambda: RESULT)
        yield database


def second(step: str) -> Any:
    return at(STEPS.index(step))


def test_every_webhook_has_its_line_with_what_became_of_it(database: Database) -> None:
    lines = stores.rows(database, "event_logs", ["id", "outcome", "idempotency_outcome", "actions_count"])
    names = [stream.removeprefix("webhook-") for stream in _streams() if stream.startswith("webhook-")]
    assert {name: tuple(fate) for name, *fate in lines} == {
        name: FATES.get(name, ("executed", "executed", 1)) for name in names
    }


def test_lines_stand_in_the_order_of_receipt(database: Database) -> None:
    lines = sorted(stores.rows(database, "event_logs", ["position", "id"]))
    assert [f"webhook-{name}" for _, name in lines] == [each for each in _streams() if each.startswith("webhook-")]


def test_a_line_says_what_was_received_under_which_configuration(database: Database) -> None:
    columns = ["id", "source", "environment", "event_type", "received_at", "configuration_version", "evaluations"]
    lines = {line[0]: line[1:] for line in stores.rows(database, "event_logs", columns)}
    where, version = (SOURCE, ENVIRONMENT), len(histories.CONFIGURED)
    assert lines["ann"] == (*where, "users_identify", second("ann"), version, 1)
    assert lines["unclassified"][2:] == (None, at(len(STEPS) + len(histories.AGAIN)), version, 1)
    assert lines["broken"][4] == 99
    assert lines["rejected"][3:] == (examples.AT, 4, 0)


def test_a_line_names_key_original_and_error(database: Database) -> None:
    lines = stores.rows(database, "event_logs", ["id", "idempotency_key", "original_id", "error"])
    found = {name: (key, original, (error or {}).get("code")) for name, key, original, error in lines}
    assert found["ann"] == ("ann", None, None)
    assert found["order-repeated"] == ("order-fails", "order-fails", None)
    assert found["trigger-repeated"] == ("trigger", "trigger", None)
    assert found["unclassified"] == (None, None, "event_type_unresolved")
    assert found["broken"] == (None, None, "evaluation_failed")
    assert found["rejected"] == (None, None, "signature_missing")


def test_every_action_has_its_line(database: Database) -> None:
    columns = [
        "stream",
        "version",
        "event_type",
        "mapping_id",
        "evaluation",
        "action_type",
        "action_status",
        "error_code",
    ]
    lines = stores.rows(database, "action_logs", columns)
    unusual = {line[0].removeprefix("webhook-"): line[5:] for line in lines if line[6] != "success"}
    assert unusual == {
        "order-fails": ("workflows_trigger", "error", "workflow_inactive"),
        "no-user": ("users_delete", "skipped", "required_field_missing"),
    }
    plain = {(line[0], line[5]) for line in lines if line[2] == line[5]}
    assert plain == {
        (histories.stream(name), step[0])
        for name, step in histories.STEPS.items()
        if isinstance(step, tuple) and step[0] not in ("order", "renamed", "nothing.of.note")
    }
    orders = [line[:6] for line in lines if line[2] == "order"]
    assert orders == [
        ("webhook-order-fails", 4, "order", "order/users_identify", 1, "users_identify"),
        ("webhook-order-fails", 5, "order", "order/workflows_trigger", 1, "workflows_trigger"),
        ("webhook-order-repeated", 4, "order", "order/workflows_trigger", 1, "workflows_trigger"),
    ]
    assert set(stores.rows(database, "action_logs", ["source", "environment", "inserted_at"])) == {
        (SOURCE, ENVIRONMENT, RESULT)
    }


def test_the_directory_is_what_the_actions_made_of_it(database: Database) -> None:
    """To the letter: 1 and true are two things, and integers stay exact."""
    with database.connect() as connection:
        query = f"SELECT collection, id, properties::text FROM {database.schema}.entities ORDER BY 1, 2"
        entities = connection.execute(query.encode()).fetchall()
    assert entities == [
        ("$tenants", "acme", f'{{"big":{2**80},"name":"Acme"}}'),
        ("$users", "ann", '{"plan":"team","seen":true,"a":{"b":[1],"c":null},"name":"Ann","orders":[1,2]}'),
        ("$users", "ben", '{"name":"Ben"}'),
        ("$users", "cleo", '{"plan":"free"}'),
        ("$users", "dan", "{}"),
        ("projects", "p1", '{"size":1.5,"name":"Ærø"}'),
    ]


def test_entities_keep_when_they_were_made_and_last_changed(database: Database) -> None:
    times = {name: times for name, *times in stores.rows(database, "entities", ["id", "created_at", "updated_at"])}
    assert times["ann"] == [second("ann"), second("order-fails")]
    assert times["acme"] == [second("acme"), second("acme")]
    assert times["ben"] == [second("ben-back"), second("ben-back")]


def test_subscriptions_are_those_that_are_left(database: Database) -> None:
    assert stores.rows(database, "subscriptions") == [
        (ENVIRONMENT, "projects", "p1", "$users", "ann", {"role": "owner"}, second("follow"), second("follow-again"))
    ]


def test_audiences_have_their_members_and_the_names_they_were_given(database: Database) -> None:
    """An audience that a webhook made keeps the name that somebody gave it afterwards."""
    assert stores.rows(database, "audience_members") == [
        (ENVIRONMENT, "beta", "ann", "", second("invite")),
        (ENVIRONMENT, "beta", "cleo", "acme", second("invite")),
    ]
    assert stores.rows(database, "audiences") == [
        (ENVIRONMENT, "beta", "Beta testers", None, second("invite"), examples.AT),
        (ENVIRONMENT, "vip", "Very important", None, examples.AT, examples.LATER),
    ]


def test_event_types_are_counted_with_their_first_and_last(database: Database) -> None:
    types = {line[2]: line[3:] for line in stores.rows(database, "event_types")}
    assert types["users_identify"] == (second("ann"), second("ben-back"), "ben-back", 5)
    assert types["order"] == (second("order-fails"), at(len(STEPS) + 1), "order-repeated", 2)
    assert sum(line[3] for line in types.values()) == len(stores.rows(database, "event_logs")) - 3


def test_accounting_adds_up(database: Database) -> None:
    counted = {line[0]: line[1] for line in stores.rows(database, "accounting", ["outcome", "webhooks"])}
    outcomes = [outcome for (outcome,) in stores.rows(database, "event_logs", ["outcome"])]
    assert counted == {outcome: outcomes.count(outcome) for outcome in outcomes}
    where = stores.rows(database, "accounting", ["environment", "source", "day"])
    assert set(where) == {(ENVIRONMENT, SOURCE, date(2026, 1, 15))}


def test_a_precedent_knows_what_was_done_under_its_key(database: Database) -> None:
    lines = stores.rows(database, "precedents", ["webhook_id", "complete", "done"])
    found = {webhook: (complete, done) for webhook, complete, done in lines}
    assert found["order-repeated"] == (True, ["order/users_identify", "order/workflows_trigger"])
    assert found["no-user"] == (True, [])
    assert "order-fails" not in found
    assert not {"rejected", "unclassified", "broken", *histories.AGAIN.values()} - {"order-repeated"} & set(found)


def test_workflows_are_active_as_last_told_and_runs_open_or_cancelled(database: Database) -> None:
    assert stores.rows(database, "workflows") == [
        (ENVIRONMENT, "sleepy", True, 2, False, None),
        (ENVIRONMENT, "welcome", True, 2, True, {"type": "object"}),
    ]
    columns = ["event_log_id", "workflow", "recipient_id", "tenant", "cancellation_key", "status", "updated_at"]
    repeated = at(len(STEPS) + 1)
    assert sorted(stores.rows(database, "runs", columns), key=lambda row: row[:3]) == [
        ("order-repeated", "sleepy", "ann", None, None, "completed", repeated),
        ("order-repeated", "sleepy", "ben", None, None, "completed", repeated),
        ("trigger", "welcome", "ann", "acme", "c", "queued", second("trigger")),
        ("trigger", "welcome", "ben", "acme", "c", "cancelled", second("cancel")),
        ("trigger-followers", "welcome", "ann", None, "f", "queued", second("trigger-followers")),
        ("trigger-followers", "welcome", "p1", None, "f", "queued", second("trigger-followers")),
    ]


def test_runs_that_have_something_to_deliver_are_scheduled_and_so_is_the_end_of_cancelled_ones(
    database: Database,
) -> None:
    who = {run: told for run, *told in stores.rows(database, "runs", ["id", "event_log_id", "recipient_id"])}
    rows = stores.rows(database, "run_schedule", ["run_id", "due_at", "target", "cancelled_by"])
    assert sorted((*who[run], *due) for run, *due in rows if run in who) == [
        ("trigger", "ann", second("trigger"), "", None),
        ("trigger", "ben", second("trigger"), "", "cancel"),
        ("trigger-followers", "ann", second("trigger-followers"), "", None),
        ("trigger-followers", "p1", second("trigger-followers"), "", None),
    ]


def test_what_was_executed_while_it_was_forwarded_is_in_line_and_cancelled_since(database: Database) -> None:
    begun = {key: told for key, *told in stores.rows(database, "forwards", ["id", "event_log_id", "action_type"])}
    rows = stores.rows(database, "run_schedule", ["run_id", "target", "cancelled_by", "place"])
    lined_up = sorted((place, *begun[key], target, by) for key, target, by, place in rows if key in begun)
    assert len(lined_up) == len(begun) == len(stores.rows(database, "forwards", ["status"]))
    assert {action for _, _, action, *_ in lined_up} > {"users_identify", "objects_subscribe", "workflows_trigger"}
    assert {told for *_, target, by in lined_up for told in [(target, by)]} == {
        (f"knock/{ENVIRONMENT}", forwarding.stream(ENVIRONMENT))
    }
    assert "ben-back" in {webhook for _, webhook, *_ in lined_up}
    assert not {"project-gone", "tenant-gone"} & {webhook for _, webhook, *_ in lined_up}
    assert stores.rows(database, "forwarding") == []


def test_nothing_was_parked(database: Database) -> None:
    assert stores.rows(database, "parked") == []


def _streams() -> list[str]:
    return [change.stream for change in histories.everything()]
