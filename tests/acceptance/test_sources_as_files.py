"""`hookledger sources` against running gateways: from one server into files, and from the files into another."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from interfaces.cli.main import main
from tests import databases, gateways
from tests.gateways import COMMAND, Gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "sources-as-files.md"
TOOK = 60
SECRET = "whsec_bm9ib2R5cy1zaWduaW5nLXNlY3JldC1pcy1oZXJl"
SECRETS = {
    "HOOKLEDGER_SECRET_STRIPE_PRODUCTION": SECRET,
    "HOOKLEDGER_SECRET_VARIABLE_TOKEN": "a-planted-value-of-a-variable",
    "HOOKLEDGER_SECRET_VARIABLE_TOKEN_PRODUCTION": "another-planted-value",
}
SCRIPT = "function main(ctx) {\r\n\treturn { verified: true, kind: `${ctx.body.kind}` };  \n}\n\n"
SOURCES: Mapping[str, Any] = {
    "stripe": {
        "name": "Stripe: billing",
        "description": "Two lines\nof words",
        "preconfigured_provider": "stripe",
        "environment_settings": {
            "production": {
                "settings": {"idempotency_window_seconds": 3600, "secrets": {"signing_secret": SECRET}},
                "mappings": [
                    {
                        "event_type": "invoice.paid",
                        "action_type": "workflows_trigger",
                        "action_parameters": {
                            "key": "paid",
                            "recipients": {"paths": ["body.data.object.customer", "body.customer"]},
                            "data": {"sum": "body.data.object.total", "on": {"value": [1, 1.5, True, None, "no"]}},
                        },
                    },
                    {
                        "event_type": "customer.created",
                        "action_type": "users_identify",
                        "action_parameters": {"id": "body.data.object.id", "name": {"template": "{{ body.a }}!"}},
                        "active": False,
                    },
                ],
            },
            "development": {"settings": {"enabled": False}, "mappings": []},
        },
    },
    "variables": {
        "name": "A source with an awkward key",
        "preconfigured_provider": "custom_http",
        "environment_settings": {
            "production": {
                "settings": {
                    "preprocess_script": {"language": "javascript", "source": SCRIPT},
                    "verification": {"scheme": "script"},
                    "event_type_path": "preprocess.kind",
                }
            }
        },
    },
}
VARIABLES: Mapping[str, Any] = {
    "PLAN": {"value": "007", "environment_values": {"production": "business"}, "description": "Which plan"},
    "TOKEN": {
        "type": "secret",
        "value": SECRETS["HOOKLEDGER_SECRET_VARIABLE_TOKEN"],
        "environment_values": {"production": SECRETS["HOOKLEDGER_SECRET_VARIABLE_TOKEN_PRODUCTION"]},
    },
}


@pytest.fixture(scope="module")
def first(postgres_url: str) -> Iterator[Gateway]:
    """A gateway with sources and variables."""
    with databases.fresh_database(postgres_url) as url, gateways.running(url) as running:
        for key, source in SOURCES.items():
            assert_taken(running.client.put(f"/v1/sources/{key}", json={"source": source}))
        for key, variable in VARIABLES.items():
            assert_taken(running.client.put(f"/v1/variables/{key}", json={"variable": variable}))
        yield running


@pytest.fixture
def second_database(database_url: str) -> str:
    return database_url


@pytest.fixture
def second(second_database: str) -> Iterator[Gateway]:
    """A gateway that has nothing yet."""
    with gateways.running(second_database) as running:
        yield running


def assert_taken(answer: Any) -> None:
    assert answer.status_code == 200, answer.text


def sources(
    command: str,
    directory: Path,
    gateway: Gateway,
    *more: str,
    secrets: Mapping[str, str] = SECRETS,
    answer: str | None = None,
) -> Result:
    """What `hookledger sources …` prints, with the secrets in its environment."""
    arguments = ["sources", command, str(directory), "--url", gateway.url, "--token", gateway.token, *more]
    return CliRunner().invoke(main, arguments, env=secrets, input=answer)


def everything(gateway: Gateway) -> dict[str, Any]:
    """All that files can speak of, without what every server gives in its own way."""
    found = gateway.client.get("/v1/sources", params={"include": "environment_settings"}).json()["entries"]
    variables = gateway.client.get("/v1/variables").json()["entries"]
    return {"sources": [stripped(each) for each in found], "variables": [stripped(each) for each in variables]}


OWN = {"id", "endpoint", "write_key", "version", "created_at", "updated_at", "inserted_at"}


def stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: stripped(each) for name, each in sorted(value.items()) if name not in OWN}
    return [stripped(each) for each in value] if isinstance(value, list) else value


def events(database_url: str) -> int:
    """How many events are stored."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM hookledger.ledger_events").fetchone()
    assert row is not None
    return int(row[0])


def texts(directory: Path) -> dict[str, str]:
    return {file.name: file.read_bytes().decode() for file in sorted(directory.iterdir())}


def test_what_was_pulled_makes_another_server_the_same(
    first: Gateway, second: Gateway, second_database: str, tmp_path: Path
) -> None:
    pulled = sources("pull", tmp_path, first)
    assert (pulled.exit_code, pulled.stderr) == (0, "")
    files = texts(tmp_path)
    assert list(files) == ["stripe.yaml", "variables.production.js", "variables.source.yaml", "variables.yaml"]
    assert files["variables.production.js"] == SCRIPT
    pushed = sources("push", tmp_path, second, "--yes")
    assert (pushed.exit_code, pushed.stderr) == (0, "")
    assert everything(second) == everything(first)
    before = events(second_database)
    again = sources("push", tmp_path, second, "--yes")
    assert again.exit_code == 0
    assert "Nothing to change" in again.stdout
    assert events(second_database) == before
    sources("pull", tmp_path, second)
    assert texts(tmp_path) == files
    printed = "".join(run.stdout + run.stderr for run in (pulled, pushed, again))
    for planted in SECRETS.values():
        assert planted not in "".join(files.values()) + printed


def test_an_unchanged_pull_has_nothing_to_push_and_no_difference(first: Gateway, tmp_path: Path) -> None:
    sources("pull", tmp_path, first)
    (tmp_path / "variables.yaml").unlink()  # the values of secret variables are always sent
    shown = sources("push", tmp_path, first)
    assert (shown.exit_code, shown.stdout) == (0, "Nothing to change; 2 unchanged.\n")
    assert sources("diff", tmp_path, first, secrets={}).exit_code == 0


def test_a_difference_is_shown_and_nothing_is_changed_until_somebody_agrees(second: Gateway, tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text("name: CRM\ntemplate: custom_http\n")
    shown = sources("diff", tmp_path, second)
    assert (shown.exit_code, shown.stderr) == (1, "")
    assert shown.stdout.splitlines()[0] == "+ crm (created)"
    assert sources("push", tmp_path, second, "--dry-run").stdout == shown.stdout
    assert sources("push", tmp_path, second, answer="n\n").exit_code == 1
    assert everything(second)["sources"] == []
    assert sources("push", tmp_path, second, answer="y\n").stdout.endswith("Pushed crm\n")
    assert [each["key"] for each in everything(second)["sources"]] == ["crm"]


def test_a_push_is_refused_if_somebody_edited_after_the_plan(second: Gateway, tmp_path: Path) -> None:
    source = {"name": "CRM", "preconfigured_provider": "custom_http"}
    assert_taken(second.client.put("/v1/sources/crm", json={"source": source}))
    sources("pull", tmp_path, second)
    file = tmp_path / "crm.yaml"
    file.write_text(file.read_text().replace("  production:\n", "  production:\n    settings: {enabled: false}\n"))
    command = [*COMMAND, "sources", "push", str(tmp_path), "--url", second.url, "--token", second.token]
    with subprocess.Popen(
        command,
        env=gateways.environment(None, {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as push:
        assert push.stdout is not None
        while "1 changed" not in push.stdout.readline():
            pass
        edit = {"environment_settings": {"production": {"settings": {"timestamp_path": "body.at"}}}}
        assert_taken(second.client.put("/v1/sources/crm", json={"source": {**source, **edit}}))
        _, words = push.communicate("y\n", timeout=TOOK)
    assert push.returncode == 1
    assert "crm was edited on the server while the plan was looked at, and is not touched" in words
    settings = second.client.get("/v1/sources/crm").json()["environment_settings"]["production"]["settings"]
    assert (settings["enabled"], settings["timestamp_path"]) == (True, "body.at")


def test_what_only_the_server_has_goes_when_it_is_told_to(second: Gateway, tmp_path: Path) -> None:
    for key in ("old", "kept"):
        source = {"name": key, "preconfigured_provider": "custom_http"}
        assert_taken(second.client.put(f"/v1/sources/{key}", json={"source": source}))
    sources("pull", tmp_path, second)
    (tmp_path / "old.yaml").unlink()
    assert sources("push", tmp_path, second, "--yes").exit_code == 0
    assert second.client.get("/v1/sources/old").status_code == 200
    assert "Pushed old (archived)" in sources("push", tmp_path, second, "--yes", "--prune").stdout
    assert second.client.get("/v1/sources/old").status_code == 404
    assert second.client.get("/v1/sources/kept").status_code == 200


def test_mistakes_and_missing_secrets_are_told_before_anything_is_sent(first: Gateway, tmp_path: Path) -> None:
    sources("pull", tmp_path, first)
    missing = sources("push", tmp_path, first, "--yes", secrets={})
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert missing.stderr.startswith("hookledger: 3 mistakes in the files:\n")
    assert all(name in missing.stderr for name in SECRETS)
    (tmp_path / "broken.yaml").write_text(f"name: {SECRET}\ntemplate: [{SECRET}\n")
    for command, code in (("push", 1), ("diff", 2)):
        broken = sources(command, tmp_path, first)
        assert (broken.exit_code, broken.stdout) == (code, "")
        assert "broken.yaml:3: it is no YAML" in broken.stderr
        assert SECRET not in broken.stderr


def test_a_reference_that_a_file_has_survives_a_pull(first: Gateway, tmp_path: Path) -> None:
    sources("pull", tmp_path, first)
    file = tmp_path / "stripe.yaml"
    ours = file.read_text().replace("{env: HOOKLEDGER_SECRET_STRIPE_PRODUCTION}", "{file: /run/secrets/stripe}")
    file.write_text(ours)
    assert sources("pull", tmp_path, first).stdout.endswith("0 of 4 files differed.\n")
    assert file.read_text() == ours


@pytest.mark.parametrize("command", ["push", "diff"])
def test_a_directory_without_files_is_misuse(first: Gateway, tmp_path: Path, command: str) -> None:
    refused = sources(command, tmp_path, first, "--prune")
    assert refused.exit_code == 2
    assert "holds no .yaml file; `hookledger sources pull` writes them" in refused.stderr


def test_the_example_of_the_documentation_does_what_it_says(second: Gateway, tmp_path: Path) -> None:
    crm, variables = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    [script] = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    directory = tmp_path / "sources"
    directory.mkdir()
    (directory / "crm.yaml").write_text(crm)
    (directory / "variables.yaml").write_text(variables)
    ours = f'hookledger() {{ {" ".join(COMMAND)} "$@" --url {second.url} --token {second.token}; }}\n'
    secret = {"HOOKLEDGER_SECRET_VARIABLE_CUSTOM_HTTP_SIGNING_SECRET": "of the documentation"}
    shown = subprocess.run(
        ["sh", "-eu", "-c", ours + script],
        env={**gateways.environment(None, {}), **secret, "PYTHONPATH": str(DOCUMENT.parents[1])},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=TOOK,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert "The server differs." in lines
    assert lines[-1] == "Nothing is left to push."
    files = texts(directory)
    sources("pull", directory, second, secrets=secret)
    assert texts(directory) == files
