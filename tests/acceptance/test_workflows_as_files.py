"""`hookledger workflows` against running gateways: from one server into files, and from the files into another."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from interfaces.cli.main import main
from tests import databases, gateways
from tests.acceptance.test_sources_as_files import assert_taken, events, stripped, texts
from tests.gateways import COMMAND, Gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "workflows-as-files.md"
TOOK = 60
HTML = "<html>\n  <body>\n\t<p>{{ recipient.name }} \\ 'pays'</p>  \n</body></html>\n\n"
STEPS = [
    {"ref": "a-day", "type": "delay", "settings": {"seconds": 86_400}},
    {
        "ref": "billing",
        "type": "webhook",
        "settings": {
            "url": "https://billing.example.com/{{ data.invoice }}",
            "body": {"z": "{{ data.total }}", "a": [1, 1.5, True, None, "no", {"on": "12:30"}]},
            "headers": {"authorization": "Bearer {{ vars.BILLING_TOKEN }}"},
            "secret": "BILLING_SIGNING",
        },
    },
    {
        "ref": "mail",
        "type": "email",
        "conditions": [{"path": "recipient.email", "operator": "not_empty"}],
        "settings": {"subject": "Zoë: {{ data.invoice }}", "text": "Dear you,\nhello.", "html": HTML},
    },
]
SCHEMA = {"type": "object", "required": ["invoice"], "properties": {"invoice": {"type": "string"}}}
PAID: Mapping[str, Any] = {
    "name": "Payment failed",
    "trigger_data_schema": SCHEMA,
    "conditions": [{"path": "data.livemode", "operator": "equal_to", "value": True}],
    "steps": STEPS,
}
WORKFLOWS = [
    ("payment-failed", "production", PAID),
    ("payment-failed", "development", {**PAID, "name": "Payment failed (tried out)", "active": False, "steps": []}),
    ("welcome", "development", {"name": "Welcome"}),
]


def define(gateway: Gateway, key: str, environment: str, workflow: Mapping[str, Any]) -> None:
    path, query = f"/v1/workflows/{key}", {"environment": environment}
    assert_taken(gateway.client.put(path, params=query, json={"workflow": workflow}))


@pytest.fixture(scope="module")
def first(postgres_url: str) -> Iterator[Gateway]:
    """A gateway with workflows."""
    with databases.fresh_database(postgres_url) as url, gateways.running(url) as running:
        for key, environment, workflow in WORKFLOWS:
            define(running, key, environment, workflow)
        yield running


@pytest.fixture
def second(database_url: str) -> Iterator[Gateway]:
    """A gateway that has nothing yet."""
    with gateways.running(database_url) as running:
        yield running


def workflows(command: str, directory: Path, gateway: Gateway, *more: str, answer: str | None = None) -> Result:
    """What `hookledger workflows …` prints."""
    arguments = ["workflows", command, str(directory), "--url", gateway.url, "--token", gateway.token, *more]
    return CliRunner().invoke(main, arguments, input=answer)


def everything(gateway: Gateway) -> dict[str, Any]:
    """All that files can speak of, by environment."""
    slugs = [each["slug"] for each in gateway.client.get("/v1/environments").json()["entries"]]
    found = {
        slug: gateway.client.get("/v1/workflows", params={"environment": slug}).json()["entries"] for slug in slugs
    }
    return {slug: [stripped(each) for each in sorted(entries, key=str)] for slug, entries in found.items()}


def test_what_was_pulled_makes_another_server_the_same(
    first: Gateway, second: Gateway, database_url: str, tmp_path: Path
) -> None:
    pulled = workflows("pull", tmp_path, first)
    assert (pulled.exit_code, pulled.stderr) == (0, "")
    files = texts(tmp_path)
    assert list(files) == ["payment-failed.yaml", "welcome.yaml"]
    pushed = workflows("push", tmp_path, second, "--yes")
    assert (pushed.exit_code, pushed.stderr) == (0, "")
    assert everything(second) == everything(first)
    before = events(database_url)
    again = workflows("push", tmp_path, second, "--yes")
    assert (again.exit_code, again.stdout) == (0, "Nothing to change; 2 unchanged.\n")
    assert events(database_url) == before
    other = tmp_path / "other"
    workflows("pull", other, second)
    assert texts(other) == files


def test_an_unchanged_pull_has_no_difference_and_is_written_once(first: Gateway, tmp_path: Path) -> None:
    workflows("pull", tmp_path, first)
    assert workflows("diff", tmp_path, first).exit_code == 0
    assert workflows("pull", tmp_path, first).stdout == "0 of 2 files differed.\n"


def test_a_difference_is_shown_and_nothing_is_changed_until_somebody_agrees(second: Gateway, tmp_path: Path) -> None:
    (tmp_path / "welcome.yaml").write_text("name: Welcome\nenvironments: {production: {}}\n")
    shown = workflows("diff", tmp_path, second)
    assert (shown.exit_code, shown.stderr) == (1, "")
    assert shown.stdout.splitlines()[0] == "+ welcome (created)"
    assert workflows("push", tmp_path, second, "--dry-run").stdout == shown.stdout
    assert workflows("push", tmp_path, second, answer="n\n").exit_code == 1
    assert everything(second)["production"] == []
    assert workflows("push", tmp_path, second, answer="y\n").stdout.endswith("Pushed welcome in production\n")
    assert [each["key"] for each in everything(second)["production"]] == ["welcome"]


def test_a_push_is_refused_if_somebody_edited_after_the_plan(second: Gateway, tmp_path: Path) -> None:
    define(second, "welcome", "production", {"name": "Welcome"})
    (tmp_path / "welcome.yaml").write_text("name: Hello\nenvironments: {production: {}}\n")
    command = [*COMMAND, "workflows", "push", str(tmp_path), "--url", second.url, "--token", second.token]
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
        define(second, "welcome", "production", {"name": "Welcome", "active": False})
        _, words = push.communicate("y\n", timeout=TOOK)
    assert push.returncode == 1
    assert "welcome in production was edited on the server while the plan was looked at" in words
    [found] = everything(second)["production"]
    assert (found["name"], found["active"]) == ("Welcome", False)


def test_mistakes_are_told_before_anything_is_sent(first: Gateway, database_url: str, tmp_path: Path) -> None:
    workflows("pull", tmp_path, first)
    (tmp_path / "welcome.yaml").write_text("name: Another\nenvironments: {development: {}}\n")
    (tmp_path / "broken.yaml").write_text("name: Broken\nenvironments:\n  production: {steps: [{ref: a}]}\n")
    for command, code in (("push", 1), ("diff", 2)):
        broken = workflows(command, tmp_path, first)
        assert (broken.exit_code, broken.stdout) == (code, "")
        assert "broken.yaml:3: environments.production.steps[0].type is None; it must be one of" in broken.stderr
    names = [each["name"] for each in everything(first)["development"]]
    assert sorted(names) == ["Payment failed (tried out)", "Welcome"]


def test_what_only_the_server_can_refuse_is_told_with_its_file(second: Gateway, tmp_path: Path) -> None:
    """Where deliveries may go, the server's settings say."""
    step = "{ref: a, type: webhook, settings: {url: 'http://127.0.0.1/'}}"
    (tmp_path / "inside.yaml").write_text(f"name: Inside\nenvironments: {{production: {{steps: [{step}]}}}}\n")
    refused = workflows("push", tmp_path, second, "--yes")
    assert refused.exit_code == 1
    assert "inside.yaml, environments.production: " in refused.stderr
    assert "workflow.steps[0].settings.url" in refused.stderr
    assert everything(second)["production"] == []


def test_a_directory_without_files_is_misuse(first: Gateway, tmp_path: Path) -> None:
    refused = workflows("push", tmp_path, first)
    assert refused.exit_code == 2
    assert "holds no .yaml file; `hookledger workflows pull` writes them" in refused.stderr


def test_the_example_of_the_documentation_does_what_it_says(second: Gateway, tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    [script] = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    directory = tmp_path / "workflows"
    directory.mkdir()
    (directory / "payment-failed.yaml").write_text(example)
    ours = f'hookledger() {{ {" ".join(COMMAND)} "$@" --url {second.url} --token {second.token}; }}\n'
    shown = subprocess.run(
        ["sh", "-eu", "-c", ours + script],
        env={**gateways.environment(None, {}), "PYTHONPATH": str(DOCUMENT.parents[1])},
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
    workflows("pull", directory, second)
    assert texts(directory) == files
