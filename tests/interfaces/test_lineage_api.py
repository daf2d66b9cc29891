"""Where an entity comes from, over HTTP: fields with what set them, changes in pages, and any moment of the past."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from interfaces.cli.main import main
from tests.interfaces.conversations import Connect, shown
from tests.interfaces.directories import Directory

CAUSE = {
    *("position", "at", "executed_at", "event_log_id", "action_id", "action_type", "source", "event_type"),
    *("mapping_id", "evaluation", "api_key_id"),
}


@pytest.fixture
def directory(connect: Connect) -> Directory:
    """A directory with a user, a plan that the user follows, a tenant, and one who was deleted."""
    directory = Directory(connect)
    directory.feed("user", id="zoe", name="Zoë", traits={"plan": "free", "address": {"city": "Delft"}})
    directory.feed("user", id="zoe", traits={"plan": "pro", "address": {"zip": "2611"}})
    directory.feed("plan", id="team", name="Team", traits={"seats": 4})
    directory.feed("follow", id="team", who="zoe", p={"role": "owner"})
    directory.feed("join", audience="beta", who="zoe")
    directory.feed("tenant", id="acme", name="Acme", settings={"branding": {"color": "#fff"}})
    directory.feed("user", id="gone", name="Gone")
    directory.feed("user.gone", id="gone")
    return directory


def lineage(directory: Directory, path: str, **query: Any) -> Any:
    """What is told of an entity to the environment's own key."""
    answer = directory.answer(f"audit/entities/{path}", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_field_of_a_user_says_what_set_it_and_from_where(directory: Directory) -> None:
    told = lineage(directory, "users/zoe")
    found = {name: (each["value"], each["origin"]["path"]) for name, each in told["fields"].items()}
    assert found == {
        "name": ("Zoë", "body.name"),
        "plan": ("pro", "body.traits.plan"),
        "address.city": ("Delft", "body.traits.address.city"),
        "address.zip": ("2611", "body.traits.address.zip"),
    }
    first, second = told["changes"][:2]
    plan, city = told["fields"]["plan"], told["fields"]["address.city"]
    assert (plan["event_log_id"], city["event_log_id"]) == (second["event_log_id"], first["event_log_id"])
    assert plan.keys() >= CAUSE
    assert second.keys() >= CAUSE
    action = directory.answer(f"action_logs/{plan['action_id']}").json()
    assert (action["mapping_id"], action["action_type"]) == (plan["mapping_id"], "users_identify")
    assert (told["kind"], told["environment"], told["truncated"]) == ("users", directory.slug, False)


def test_objects_and_tenants_have_a_lineage_too(directory: Directory) -> None:
    team, acme = lineage(directory, "objects/team", collection="plans"), lineage(directory, "tenants/acme")
    assert {name: each["value"] for name, each in team["fields"].items()} == {"seats": 4, "name": "Team"}
    assert acme["fields"]["settings.branding.color"]["origin"]["path"] == "body.settings.branding.color"
    [followed] = lineage(directory, "users/zoe")["subscriptions"]
    assert (followed["object"], followed["properties"]) == ({"collection": "plans", "id": "team"}, {"role": "owner"})
    [joined] = lineage(directory, "users/zoe")["memberships"]
    assert (joined["audience"], joined["tenant"], joined["action_type"]) == ("beta", None, "audiences_add_member")


def test_a_deleted_user_says_by_what(directory: Directory) -> None:
    gone = lineage(directory, "users/gone")
    assert (gone["entity"], gone["deleted_by"]["event_type"]) == (None, "user.gone")
    assert gone["changes"][-1]["removed"] is True
    before = lineage(directory, "users/gone", as_of=gone["deleted_by"]["position"] - 1)
    assert before["entity"]["properties"] == {"name": "Gone"}


def test_as_of_takes_a_position_or_a_time(directory: Directory) -> None:
    first, second = lineage(directory, "users/zoe")["changes"][:2]
    for moment in (first["position"], second["position"] - 1, first["at"]):
        told = lineage(directory, "users/zoe", as_of=moment)
        assert told["entity"]["properties"] == {"plan": "free", "address": {"city": "Delft"}, "name": "Zoë"}
        assert len(told["changes"]) == 1
    assert lineage(directory, "users/zoe", as_of="2100-01-01")["fields"]["plan"]["value"] == "pro"
    early = directory.answer("audit/entities/users/zoe", as_of="2001-01-01T00:00:00Z")
    assert (early.status_code, early.json()["code"]) == (404, "resource_missing")


def test_changes_come_in_pages(directory: Directory) -> None:
    whole, page = lineage(directory, "users/zoe")["changes"], lineage(directory, "users/zoe", page_size=3)
    rest = lineage(directory, "users/zoe", page_size=3, after=page["page_info"]["after"])
    assert [*page["changes"], *rest["changes"]] == whole
    assert rest["page_info"]["after"] is None
    assert page["fields"] == rest["fields"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("visitors/zoe", {}, "kind"),
        ("objects/team", {}, "collection"),
        ("users/zoe", {"as_of": "yesterday"}, "as_of"),
        ("users/zoe", {"as_of": ""}, "as_of"),
        ("users/zoe", {"as_of": "9" * 19}, "as_of"),
        ("users/zoe", {"page_size": "0"}, "page_size"),
        ("users/%00", {}, "id"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(
    directory: Directory, path: str, query: dict[str, str], field: str
) -> None:
    answer = directory.answer(f"audit/entities/{path}", **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field), answer.text


def test_an_account_key_has_to_name_the_environment_and_sees_no_other(directory: Directory) -> None:
    path, client = "/v1/audit/entities/users/zoe", directory.gateway.client
    assert client.get(path).status_code == 400
    assert shown(directory.gateway, path, environment=directory.slug)["fields"]["plan"]["value"] == "pro"
    assert client.get(path, params={"environment": "production"}).status_code == 404


@pytest.mark.parametrize("odd", ["a/b", "50%", "a%2Fb", "ü/ö", "q?x=1#y", "$users"])
def test_any_id_can_be_asked_for(connect: Connect, odd: str) -> None:
    directory = Directory(connect)
    directory.feed("user", id=odd, name="Zoë")
    assert lineage(directory, f"users/{quote(odd, safe='')}")["fields"]["name"]["value"] == "Zoë"


def test_what_nothing_ever_touched_is_missing(directory: Directory) -> None:
    answer: httpx.Response = directory.answer("audit/entities/users/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")


def why(directory: Directory, *arguments: str) -> str:
    """What `hookledger why …` prints, on a wide terminal."""
    gateway = directory.gateway
    where = ["--environment", directory.slug, "--url", gateway.url, "--token", gateway.token]
    done = CliRunner().invoke(main, ["why", *arguments, *where], env={"COLUMNS": "400"})
    return done.output


def test_the_command_line_tells_why(directory: Directory) -> None:
    plan = lineage(directory, "users/zoe")["fields"]["plan"]
    [line] = [line for line in why(directory, "users", "zoe").splitlines() if line.strip().startswith("plan ")]
    assert line.split() == [
        *("plan", '"pro"', plan["at"], plan["source"], plan["event_log_id"], plan["mapping_id"], "body.traits.plan")
    ]
    assert '"free"' in why(directory, "users", "zoe", "--as-of", str(plan["position"] - 1))
    assert "body.traits.seats" in why(directory, "objects", "team", "--collection", "plans")
    assert lineage(directory, "users/gone")["deleted_by"]["event_log_id"] in why(directory, "users", "gone")
    assert "collection is missing" in why(directory, "objects", "team")
    assert "'nobody' does not exist" in why(directory, "users", "nobody")
