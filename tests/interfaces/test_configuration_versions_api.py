"""A configuration through time, over HTTP and from the command line: versions, moments, differences, reasons."""

from typing import Any

import pytest
from click.testing import CliRunner

from interfaces.cli.main import main
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, shown


@pytest.fixture
def source(connect: Connect) -> Source:
    """A source whose mapping was changed for a reason, and whose secret was added later."""
    source = connect(mappings=[mapping("user.created", "users_identify", id="body.user", name="body.name")])
    edit = {"mappings": [mapping("user.created", "users_identify", id="body.user", email="body.email")]}
    described = {"name": "Changed", "environment_settings": {source.environment: edit}}
    answer = source.gateway.client.put(
        f"/v1/sources/{source.key}", json={"source": described}, params={"reason": "names are wrong"}
    )
    assert answer.status_code == 200, answer.text
    assert source.put(settings={"secrets": {"signing_secret": "another-long-secret"}}).status_code == 200
    return source


def test_versions_say_who_when_and_why(source: Source) -> None:
    entries = source.get("/versions")["entries"]
    assert [each["version"] for each in entries] == list(range(len(entries), 0, -1))
    assert entries[-1]["change"] == "ConfigurationCreated"
    assert {each["reason"] for each in entries} == {None, "names are wrong"}
    assert all(each["edited_by"] and each["edited_at"].endswith("Z") for each in entries)


def test_a_version_is_shown_as_it_stood(source: Source) -> None:
    latest = source.get("/versions")["entries"][0]["version"]
    shown_then = source.get(f"/versions/{latest}")
    assert shown_then["settings"]["secrets"][0]["hint"] == "cret"
    assert source.get("/versions/1")["mappings"] == []
    at = source.get("/versions")["entries"][0]["edited_at"]
    assert source.get(f"/versions/{at}") == shown_then


def test_two_versions_are_compared(source: Source) -> None:
    entries = source.get("/versions")["entries"]
    added = next(each for each in reversed(entries) if each["change"] == "MappingAdded")
    told = source.get("/diff", **{"from": added["version"]})
    paths = {(each["path"].rpartition(".")[2], each["kind"]) for each in told["differences"]}
    assert {("email", "added"), ("name", "removed"), ("hint", "added")} <= paths
    assert next(each["reason"] for each in told["edits"]) == "names are wrong"
    assert source.get("/diff", **{"from": 2, "to": 2})["differences"] == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 400, "from"),
        ({"from": "0"}, 404, "from"),
        ({"from": "1", "to": "9999"}, 404, "to"),
        ({"from": "yesterday"}, 400, "from"),
        ({"from": "2001-01-01"}, 404, "from"),
    ],
)
def test_what_cannot_be_compared_is_named(source: Source, query: dict[str, Any], status: int, field: str) -> None:
    asked = {"environment": source.environment, **query}
    answer = source.gateway.client.get(f"/v1/sources/{source.key}/diff", params=asked)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == field


def test_a_source_that_nobody_connected_has_no_versions(gateway: Gateway) -> None:
    answer = gateway.client.get("/v1/sources/nobody-there/versions", params={"environment": "development"})
    assert answer.status_code == 404


def test_a_reason_is_bounded(source: Source) -> None:
    answer = source.gateway.client.put(
        f"/v1/sources/{source.key}", json={"source": {"name": "N"}}, params={"reason": "x" * 1001}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reason")


def test_a_reason_is_part_of_an_event_that_history_shows(source: Source) -> None:
    rotated = source.gateway.client.post(
        f"/v1/sources/{source.key}/rotate_token", params={"environment": source.environment, "reason": "it leaked"}
    )
    assert rotated.status_code == 200
    latest = source.get("/versions")["entries"][0]
    assert (latest["change"], latest["reason"]) == ("TokenRotated", "it leaked")


def test_the_command_shows_edits_and_differences(source: Source, gateway: Gateway) -> None:
    asked = ["history", source.key, "--url", gateway.url, "--token", gateway.token]
    edits = CliRunner().invoke(main, asked, env={"COLUMNS": "200"})
    assert edits.exit_code == 0, edits.output
    assert "names are wrong" in edits.output
    differences = CliRunner().invoke(main, [*asked, "--from", "1"], env={"COLUMNS": "200"})
    assert "settings" in differences.output or "mappings" in differences.output
    assert "action_parameters.email" in differences.output


def test_the_accounting_of_a_period_counts_its_days(source: Source) -> None:
    source.settled({"type": "user.created", "user": "u-1"})
    gateway = source.gateway
    (entry,) = shown(gateway, "/v1/audit/accounting", source=source.key)["entries"]
    (of_day,) = shown(gateway, "/v1/audit/accounting", source=source.key, by="day")["entries"]
    assert of_day == {**entry, "day": of_day["day"]}
    starting = {"starting_at": f"{of_day['day']}T00:00:00Z"}
    assert shown(gateway, "/v1/audit/accounting", source=source.key, **starting)["entries"] == [entry]
    ending = {"ending_at": f"{of_day['day']}T00:00:00Z"}
    assert shown(gateway, "/v1/audit/accounting", source=source.key, **ending)["entries"] == []
    answer = gateway.client.get("/v1/audit/accounting", params={"by": "month"})
    assert answer.json()["errors"][0]["field"] == "by"
