"""The unmodified Python client of Knock against our directory: every call that it makes, with strict validation."""

import time
from collections.abc import Iterator
from typing import Any

import knockapi
import pytest
from knockapi import Knock
from knockapi.types import BulkOperation

from tests.gateways import Gateway
from tests.interfaces.conversations import shown

PATIENCE = 30.0
BRANDING: Any = {"branding": {"primary_color": "#33FF5B"}}


@pytest.fixture
def knock(gateway: Gateway, key: dict[str, Any]) -> Iterator[Knock]:
    """The client as its users make it, but for the address."""
    with Knock(api_key=key["key"], base_url=gateway.url, _strict_response_validation=True) as client:
        yield client


def done(knock: Knock, operation: BulkOperation) -> BulkOperation:
    """A bulk operation once it is over."""
    deadline = time.monotonic() + PATIENCE
    while operation.status in ("queued", "processing"):
        assert time.monotonic() < deadline, operation
        time.sleep(0.05)
        operation = knock.bulk_operations.get(operation.id)
    return operation


# Users.


def test_a_user_is_read_as_it_was_written(knock: Knock) -> None:
    custom: Any = {"plan": {"name": "team", "seats": 4}}
    written = knock.users.update(
        "u-1", name="Zoë", email="zoe@example.com", timezone="Europe/Vienna", extra_body=custom
    )
    assert (written.id, written.name, written.email) == ("u-1", "Zoë", "zoe@example.com")
    assert knock.users.get("u-1") == written
    assert written.model_extra is not None
    assert written.model_extra["plan"] == custom["plan"]


def test_an_update_merges_and_null_overwrites(knock: Knock) -> None:
    knock.users.update("u-1", name="Zoë", extra_body={"plan": {"name": "team", "seats": 4}})
    merged = knock.users.update("u-1", email=None, extra_body={"plan": {"seats": 5}, "name": None})
    assert merged.name is None
    assert (merged.model_extra or {})["plan"] == {"name": "team", "seats": 5}


def test_users_are_listed_in_pages(knock: Knock) -> None:
    for number in range(3):
        knock.users.update(f"u-{number}")
    assert [user.id for user in knock.users.list(page_size=2)] == ["u-0", "u-1", "u-2"]
    assert [user.id for user in knock.users.list(page_size=2).entries] == ["u-0", "u-1"]


def test_a_deleted_user_is_gone_and_deleting_it_again_is_no_error(knock: Knock) -> None:
    knock.users.update("u-1")
    for _ in range(2):
        knock.users.delete("u-1")
    with pytest.raises(knockapi.NotFoundError) as refusal:
        knock.users.get("u-1")
    assert refusal.value.body == {
        "code": "resource_missing",
        "message": "user 'u-1' does not exist",
        "status": 404,
        "type": "api_error",
    }


@pytest.mark.parametrize("user_id", ["a/b", "a b#c", "50%", "%2F", "zoë", "bulk", "a..b", "🙂"])
def test_any_id_is_one_id(knock: Knock, user_id: str) -> None:
    assert knock.users.update(user_id, name="Zoë").id == user_id
    assert knock.users.get(user_id).name == "Zoë"
    assert [user.id for user in knock.users.list()] == [user_id]
    assert list(knock.users.list_subscriptions(user_id)) == []
    knock.users.delete(user_id)
    assert list(knock.users.list()) == []


def test_a_user_takes_over_what_another_has(knock: Knock) -> None:
    knock.users.update("new", email="new@example.com", extra_body={"plan": {"seats": 4}})
    knock.users.update("old", name="Zoë", email="old@example.com", extra_body={"plan": {"seats": 1, "name": "team"}})
    for plan in ("a", "b"):
        knock.objects.add_subscriptions("plans", plan, recipients=["old"], properties={"role": plan})
    knock.objects.add_subscriptions("plans", "b", recipients=["new"], properties={"role": "kept"})
    knock.audiences.add_members("vips", members=[{"user": {"id": "old"}, "tenant": "acme"}], create_audience=True)
    merged = knock.users.merge("new", from_user_id="old")
    assert (merged.id, merged.name, merged.email) == ("new", "Zoë", "new@example.com")
    assert (merged.model_extra or {})["plan"] == {"seats": 4, "name": "team"}
    followed = {each.object.id: each.properties for each in knock.users.list_subscriptions("new")}
    assert followed == {"a": {"role": "a"}, "b": {"role": "kept"}}
    assert [(each.user_id, each.tenant) for each in knock.audiences.list_members("vips").entries] == [("new", "acme")]
    with pytest.raises(knockapi.NotFoundError):
        knock.users.get("old")


@pytest.mark.parametrize(("target", "source"), [("u-1", "nobody"), ("nobody", "u-1")])
def test_only_users_that_exist_are_merged(knock: Knock, target: str, source: str) -> None:
    knock.users.update("u-1")
    with pytest.raises(knockapi.NotFoundError, match="nobody"):
        knock.users.merge(target, from_user_id=source)
    with pytest.raises(knockapi.UnprocessableEntityError, match="the user itself"):
        knock.users.merge("u-1", from_user_id="u-1")
    assert knock.users.get("u-1").id == "u-1"


def test_many_users_are_identified_and_deleted_at_once(knock: Knock) -> None:
    users: Any = [{"id": "u-1", "name": "Zoë", "plan": "team"}, {"id": 2, "email": "b@example.com"}]
    operation = done(knock, knock.users.bulk.identify(users=users))
    assert (operation.status, operation.success_count, operation.error_count) == ("completed", 2, 0)
    assert [(user.id, user.name) for user in knock.users.list()] == [("2", None), ("u-1", "Zoë")]
    done(knock, knock.users.bulk.delete(user_ids=["u-1", "2", "nobody"]))
    assert list(knock.users.list()) == []


# Objects.


@pytest.mark.parametrize("object_id", ["p-1", "a/b", "bulk", "set"])
def test_an_object_is_read_as_it_was_written(knock: Knock, object_id: str) -> None:
    written = knock.objects.set("plans", object_id, extra_body={"name": "Team", "seats": 4})
    assert (written.collection, written.id, written.properties) == ("plans", object_id, {"name": "Team", "seats": 4})
    assert knock.objects.get("plans", object_id) == written
    assert [each.id for each in knock.objects.list("plans")] == [object_id]
    knock.objects.add_subscriptions("plans", object_id, recipients=["u-1"])
    assert [each.recipient.id for each in knock.objects.list_subscriptions("plans", object_id)] == ["u-1"]
    knock.objects.delete("plans", object_id)
    with pytest.raises(knockapi.NotFoundError):
        knock.objects.get("plans", object_id)


def test_recipients_follow_an_object_and_follow_it_no_more(knock: Knock) -> None:
    recipients: Any = [{"id": "zoe", "name": "Zoë"}, {"collection": "teams", "id": "core"}, "stranger"]
    added = knock.objects.add_subscriptions("plans", "p-1", recipients=recipients, properties={"role": "owner"})
    assert [each.recipient.id for each in added] == ["zoe", "core", "stranger"]
    assert all(each.object.id == "p-1" and each.properties == {"role": "owner"} for each in added)
    assert knock.users.get("zoe").name == "Zoë"
    again = knock.objects.add_subscriptions("plans", "p-1", recipients=["zoe"], properties={"role": "guest"})
    assert [(each.properties, each.inserted_at) for each in again] == [({"role": "guest"}, added[0].inserted_at)]
    gone = knock.objects.delete_subscriptions("plans", "p-1", recipients=["stranger", "nobody"])
    assert [each.recipient.id for each in gone] == ["stranger"]
    assert {each.recipient.id for each in knock.objects.list_subscriptions("plans", "p-1")} == {"zoe", "core"}
    [own] = knock.objects.list_subscriptions("teams", "core", mode="recipient")
    assert own.object.id == "p-1"


def test_objects_in_bulk(knock: Knock) -> None:
    objects: Any = [{"id": "a", "seats": 1}, {"id": "b", "seats": 2}]
    assert done(knock, knock.objects.bulk.set("plans", objects=objects)).success_count == 2
    assert [(each.id, each.properties) for each in knock.objects.list("plans")] == [
        ("a", {"seats": 1}),
        ("b", {"seats": 2}),
    ]
    subscriptions: Any = [
        {"id": "a", "recipients": ["zoe"], "properties": {"x": 1}},
        {"id": "b", "recipients": ["zoe"]},
    ]
    done(knock, knock.objects.bulk.add_subscriptions("plans", subscriptions=subscriptions))
    assert {each.object.id for each in knock.users.list_subscriptions("zoe")} == {"a", "b"}
    done(knock, knock.objects.bulk.delete_subscriptions("plans", subscriptions=[{"id": "a", "recipients": ["zoe"]}]))
    assert {each.object.id for each in knock.users.list_subscriptions("zoe")} == {"b"}
    done(knock, knock.objects.bulk.delete("plans", object_ids=["a", "b"]))
    assert list(knock.objects.list("plans")) == []


# Tenants.


def test_a_tenant_is_read_as_it_was_written(knock: Knock) -> None:
    written = knock.tenants.set("acme", name="Acme", settings=BRANDING, extra_body={"region": "eu"})
    assert (written.id, written.name, (written.model_extra or {})["region"]) == ("acme", "Acme", "eu")
    assert written.settings is not None
    assert written.settings.branding is not None
    assert written.settings.branding.primary_color == "#33FF5B"
    assert knock.tenants.get("acme") == written
    knock.tenants.delete("acme")
    with pytest.raises(knockapi.NotFoundError):
        knock.tenants.get("acme")


def test_tenants_are_found_by_name_and_by_id(knock: Knock) -> None:
    knock.tenants.set("a", name="Acme")
    knock.tenants.set("b", name="Bolt", extra_body={"odd": "\0"})
    knock.tenants.set("c", name="Acme")
    assert [each.id for each in knock.tenants.list()] == ["a", "b", "c"]
    assert [each.id for each in knock.tenants.list(name="Acme")] == ["a", "c"]
    assert [each.id for each in knock.tenants.list(tenant_id="b")] == ["b"]
    assert [each.id for each in knock.tenants.list(tenant_id="b", name="Acme")] == []


def test_tenants_in_bulk(knock: Knock) -> None:
    assert (
        done(knock, knock.tenants.bulk.set(tenants=["a", {"id": "b", "name": "Bolt"}, {"id": "c"}])).success_count == 3
    )
    assert [(each.id, each.name) for each in knock.tenants.list()] == [("a", None), ("b", "Bolt"), ("c", None)]
    done(knock, knock.tenants.bulk.delete(tenant_ids=["a", "c"]))
    assert [each.id for each in knock.tenants.list()] == ["b"]


def test_a_thousand_tenants_are_deleted_by_one_query(knock: Knock) -> None:
    ids = [f"019bc186-de00-7a12-8000-{number:012}" for number in range(1_000)]
    knock.tenants.set(ids[-1])
    operation = done(knock, knock.tenants.bulk.delete(tenant_ids=ids))
    assert (operation.success_count, list(knock.tenants.list())) == (1_000, [])


# Audiences.


def test_members_join_and_leave_an_audience(knock: Knock) -> None:
    members: Any = [{"user": {"id": "zoe", "name": "Zoë"}, "tenant": "acme"}, {"user": {"id": "zoe"}, "tenant": ""}]
    knock.audiences.add_members("vips", members=members, create_audience=True)
    listed = knock.audiences.list_members("vips").entries
    assert sorted((each.user_id, each.tenant, each.user.name) for each in listed if each.tenant) == [
        ("zoe", "acme", "Zoë")
    ]
    assert [each.tenant for each in listed].count(None) == 1
    knock.audiences.remove_members("vips", members=[{"user": {"id": "zoe"}, "tenant": "acme"}])
    assert [(each.user_id, each.tenant) for each in knock.audiences.list_members("vips").entries] == [("zoe", None)]


def test_an_audience_is_made_only_if_that_is_asked_for(knock: Knock) -> None:
    with pytest.raises(knockapi.NotFoundError, match="audience 'vips' does not exist"):
        knock.audiences.add_members("vips", members=[{"user": {"id": "zoe"}}])
    with pytest.raises(knockapi.NotFoundError):
        knock.audiences.list_members("vips")


# Workflows.


def test_a_trigger_starts_runs_that_can_be_read_and_cancelled(knock: Knock) -> None:
    triggered = knock.workflows.trigger(
        "welcome",
        recipients=[{"id": "zoe", "name": "Zoë"}],
        data={"total": 7},
        tenant="acme",
        actor={"id": "max"},
        cancellation_key="order-7",
    )
    [run] = knock.workflow_recipient_runs.list().items
    assert (run.workflow_run_id, run.workflow, run.tenant) == (triggered.workflow_run_id, "welcome", "acme")
    assert knock.workflow_recipient_runs.get(run.id).id == run.id
    knock.workflows.cancel("welcome", cancellation_key="order-7", recipients=["zoe"])


def test_a_workflow_that_is_not_there_or_not_active_starts_nothing(knock: Knock) -> None:
    with pytest.raises(knockapi.NotFoundError) as missing:
        knock.workflows.trigger("unheard-of", recipients=["zoe"])
    with pytest.raises(knockapi.UnprocessableEntityError) as inactive:
        knock.workflows.trigger("paused", recipients=["zoe"])
    bodies: list[Any] = [missing.value.body, inactive.value.body]
    assert [body["code"] for body in bodies] == ["workflow_missing", "workflow_inactive"]
    assert [body["errors"][0]["field"] for body in bodies] == ["key", "key"]
    assert knock.workflow_recipient_runs.list().items == []


def test_a_trigger_with_a_key_happens_once(knock: Knock) -> None:
    def trigger(**data: Any) -> Any:
        raw = knock.workflows.with_raw_response
        return raw.trigger("welcome", recipients=[{"id": "zoe"}], data=data, idempotency_key="order-7")

    first, again = trigger(a=1, b=2), trigger(b=2, a=1)
    assert first.parse() == again.parse()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-x-request-id"] == first.headers["x-request-id"]
    assert len(knock.workflow_recipient_runs.list().items) == 1
    with pytest.raises(knockapi.UnprocessableEntityError, match="said something else"):
        trigger(a=1, b=3)
    with pytest.raises(knockapi.UnprocessableEntityError, match="said something else"):
        knock.workflows.trigger("paused", recipients=[{"id": "zoe"}], idempotency_key="order-7")


def test_a_trigger_that_failed_is_no_precedent(knock: Knock, gateway: Gateway, slug: str) -> None:
    with pytest.raises(knockapi.UnprocessableEntityError):
        knock.workflows.trigger("paused", recipients=[{"id": "zoe"}], idempotency_key="order-7")
    body = {"name": "paused", "active": True}
    assert gateway.client.put("/v1/workflows/paused", params={"environment": slug}, json=body).status_code == 200
    again = knock.workflows.with_raw_response.trigger("paused", recipients=[{"id": "zoe"}], idempotency_key="order-7")
    assert "idempotent-replayed" not in again.headers


def test_elsewhere_a_key_repeats_nothing(knock: Knock) -> None:
    for name in ("Zoë", "Max", "Zoë"):
        assert knock.users.update("u-1", name=name, idempotency_key="order-7").name == name


# Bulk operations.


def test_a_thousand_users_are_identified_at_once_and_a_bad_one_fails_alone(knock: Knock) -> None:
    users: Any = [{"id": f"u-{number:04}", "name": f"User {number}"} for number in range(1_000)]
    users[7], users[70], users[700] = {"name": "nobody"}, {"id": "u-0070", "name": ["no text"]}, "u-0700"
    operation = done(knock, knock.users.bulk.identify(users=users))
    assert (operation.status, operation.estimated_total_rows, operation.processed_rows) == ("completed", 1_000, 1_000)
    assert (operation.success_count, operation.error_count) == (997, 3)
    assert [item.id for item in operation.error_items or ()] == ["users[7]", "u-0070", "u-0700"]
    assert operation.completed_at is not None
    assert knock.users.get("u-0999").name == "User 999"


def test_a_thousand_and_one_are_too_many(knock: Knock) -> None:
    with pytest.raises(knockapi.UnprocessableEntityError, match="1,000"):
        knock.users.bulk.delete(user_ids=[f"u-{number}" for number in range(1_001)])
    with pytest.raises(knockapi.UnprocessableEntityError, match="1,000"):
        knock.tenants.bulk.delete(tenant_ids=[])


def test_a_bulk_operation_of_another_environment_does_not_exist(knock: Knock, gateway: Gateway) -> None:
    operation = knock.users.bulk.delete(user_ids=["u-1"])
    path = f"/v1/bulk_operations/{operation.id}"
    assert gateway.client.get(path, params={"environment": "development"}).status_code == 404
    with pytest.raises(knockapi.NotFoundError):
        knock.bulk_operations.get("019bc186-de00-7a12-8000-b8c2f04d1e67")


# What holds for every call.


def test_a_call_is_in_the_logs_with_the_key_that_made_it(
    knock: Knock, gateway: Gateway, slug: str, key: dict[str, Any]
) -> None:
    answer = knock.users.with_raw_response.update("u-1", name="Zoë")
    [listed] = shown(gateway, "/v1/event_logs", environment=slug, event_type="users.update")["entries"]
    entry = shown(gateway, f"/v1/event_logs/{listed['id']}")
    assert (entry["source"], entry["outcome"]) == ("$api", "executed")
    history = shown(gateway, f"/v1/event_logs/{listed['id']}/history")["entries"]
    assert key["id"] in str(history[0])
    assert answer.headers["x-request-id"] in str(history[0])
    assert key["key"] not in str(history)


@pytest.mark.parametrize(
    "ask",
    [
        lambda knock: knock.messages.list(),
        lambda knock: knock.users.get_preferences("u-1", "default"),
        lambda knock: knock.users.list_messages("u-1"),
        lambda knock: knock.schedules.list(workflow="welcome"),
        lambda knock: knock.channels.bulk.update_message_status("c", "seen"),
    ],
)
def test_what_we_do_not_have_is_missing_in_the_shape_that_the_client_knows(knock: Knock, ask: Any) -> None:
    with pytest.raises(knockapi.NotFoundError) as refusal:
        ask(knock)
    body: Any = refusal.value.body
    assert (body["code"], body["status"]) == ("resource_missing", 404)
