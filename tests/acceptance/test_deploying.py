"""What stands in `deploy/`, as far as it can be told without a container engine, which no check of ours has.

What the image is made from is installed, and the services' commands are run in their order, with the environment that
the compose file gives them, over a real database.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infrastructure import settings
from interfaces.cli.main import main
from interfaces.http import app
from tests import databases, gateways
from tests.gateways import COMMAND, Gateway
from tests.interfaces.conversations import PATIENCE, settled
from tests.servers import within

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Mapping[str, Any] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")
TOOK = 300

SECRETS = {
    "POSTGRES_PASSWORD": "0f8fad5bd9cb469fa16570867728950e",
    "HOOKLEDGER_MASTER_KEY": gateways.MASTER_KEY,
    "HOOKLEDGER_ADMIN_TOKEN": gateways.TOKEN,
}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def instructions(name: str) -> list[str]:
    """What the Dockerfile says by this name, continued lines put together."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]


def filled(text: str) -> str:
    """A text of the compose file with its variables put in, of which the required ones must be set."""

    def value(found: re.Match[str]) -> str:
        name, kind, otherwise = found.groups()
        return SECRETS.get(name, otherwise) if kind == "-" else SECRETS[name]

    return VARIABLE.sub(value, text)


def environment(service: str) -> dict[str, str]:
    """What the compose file gives a service; a name without a value passes on what is set, which here is nothing."""
    given = {name: filled(value) for name, value in SERVICES[service]["environment"].items() if value is not None}
    of_the_image = re.findall(r"(HOOKLEDGER_\w+)=(\S+)", " ".join(instructions("ENV")))
    return {**dict(of_the_image), **given}


# What is named exists.


def copied() -> list[str]:
    """What the image is made from, by path."""
    sources = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return [each for several in sources for each in several]


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignored
    for source in copied():
        assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which is not there"
        assert f"!{source}" in ignored, f"Dockerfile.dockerignore keeps {source} from the builder"


@pytest.mark.parametrize("service", OURS)
def test_commands_and_settings_exist(service: str) -> None:
    [command] = SERVICES[service]["command"]
    assert command in main.commands
    names = [name for name in {**SERVICES[service]["environment"], **environment(service)} if name != "DATABASE_URL"]
    unknown = [name for name in names if name.removeprefix(settings.PREFIX).lower() not in settings.READ]
    assert not unknown, f"there is no such setting: {unknown}"
    assert settings.load(environment(service)).database_url == environment(service)["DATABASE_URL"]


def test_the_address_of_the_database_leads_to_the_service() -> None:
    database = SERVICES["postgres"]["environment"]
    user, name = database["POSTGRES_USER"], database["POSTGRES_DB"]
    assert (
        environment("api")["DATABASE_URL"] == f"postgresql://{user}:{SECRETS['POSTGRES_PASSWORD']}@postgres:5432/{name}"
    )
    assert SERVICES["postgres"]["image"] == databases.IMAGE


def test_no_process_of_ours_is_root_and_each_waits_for_what_it_needs() -> None:
    [user] = instructions("USER")
    assert int(user) > 0
    assert not any("user" in SERVICES[each] or SERVICES[each].get("privileged") for each in OURS)
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for service in ("api", "worker"):
        assert SERVICES[service]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_every_volume_is_declared_and_what_is_kept_lies_in_one() -> None:
    mounted = {volume.partition(":")[0] for each in SERVICES.values() for volume in each.get("volumes", ())}
    assert mounted == set(COMPOSE["volumes"])
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert environment("api")["HOOKLEDGER_DATA_DIR"] in SERVICES["api"]["volumes"][0]


def test_no_secret_stands_in_a_file_and_every_variable_is_documented() -> None:
    text, document = (DEPLOY / "compose.yaml").read_text(), (ROOT / "docs" / "deploying.md").read_text()
    required = {name for name, kind, _ in VARIABLE.findall(text) if kind == "?"}
    assert required == set(SECRETS)
    for name in {name for name, _, _ in VARIABLE.findall(text)}:
        assert f"`{name}`" in document
        assert re.search(rf"^{name}=", (DEPLOY / "example.env").read_text(), re.MULTILINE)
    for name in required:
        assert re.search(rf"^{name}=$", (DEPLOY / "example.env").read_text(), re.MULTILINE)


def test_the_health_checks_ask_what_the_api_answers() -> None:
    assert "/health/ready" in {path for handler in app.HANDLERS for path in handler.paths}
    [of_the_image] = [json.loads(line.partition("CMD ")[2]) for line in instructions("HEALTHCHECK")]
    assert SERVICES["api"]["healthcheck"]["test"] == ["CMD", *of_the_image]
    assert ":8400/health/ready" in of_the_image[-1]
    assert SERVICES["api"]["ports"][0].endswith(f":{environment('api')['HOOKLEDGER_PORT']}")
    assert SERVICES["worker"]["healthcheck"]["test"] == ["CMD", "hookledger", "doctor"]
    assert "doctor" in main.commands


# What is installed works, and comes up in its order.


def test_what_the_image_is_made_from_installs_into_a_working_command(tmp_path: Path) -> None:
    """Without the files that the image does not have, the package must be whole."""
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, tmp_path / source)
    place = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", place, "."], cwd=tmp_path, check=True, timeout=TOOK)
    missing = {
        file.relative_to(ROOT)
        for layer in ("domain", "application", "infrastructure", "interfaces")
        for file in (ROOT / layer).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not (place / file.relative_to(ROOT)).exists()
    }
    assert not missing
    environ = {**os.environ, "PYTHONPATH": str(place)}
    version = subprocess.run(
        [sys.executable, "-P", place / "bin" / "hookledger", "--version"],
        cwd=tmp_path,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "hookledger" in version.stdout


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What differs where there is no container: the database, the port, and where data goes."""
    return {
        "DATABASE_URL": database_url,
        "HOOKLEDGER_HOST": "127.0.0.1",
        "HOOKLEDGER_PORT": str(gateways.free_port()),
        "HOOKLEDGER_DATA_DIR": str(tmp_path),
    }


@pytest.fixture
def api(here: dict[str, str], tmp_path: Path) -> Iterator[Gateway]:
    """The services, started in their order."""
    environs = {each: {"PATH": os.environ["PATH"], **environment(each), **here} for each in OURS}
    migrated = subprocess.run([*COMMAND, *SERVICES["migrate"]["command"]], env=environs["migrate"], check=True)
    assert migrated.returncode == 0
    with (
        gateways.started("api", environs["api"], tmp_path / "api") as api,
        gateways.started("worker", environs["worker"], tmp_path / "worker"),
    ):
        yield api


def test_the_services_come_up_and_do_their_work(api: Gateway, here: dict[str, str]) -> None:
    source = {"name": "CRM", "preconfigured_provider": "custom_http"}
    made = api.client.put("/v1/sources/crm", json={"source": source})
    assert made.status_code == 200, made.text
    endpoint = made.json()["environment_settings"]["production"]["settings"]["endpoint"]
    assert endpoint.startswith("http://127.0.0.1:8400/integrations/receive/")  # the public address, here unset
    sent = api.client.post(endpoint.removeprefix("http://127.0.0.1:8400"), json={"type": "a"})
    assert settled(api, sent.json()["event_id"])["outcome"] == "unmapped"
    doctor = SERVICES["worker"]["healthcheck"]["test"][2:]
    environ = {"PATH": os.environ["PATH"], **environment("worker"), **here}
    found = subprocess.run([*COMMAND, *doctor], env=environ, check=False, capture_output=True, text=True)
    # The tests' own server is not as durable as it should be, and the doctor must say just that.
    assert found.returncode == 1
    assert "fsync" in found.stdout + found.stderr


def test_the_health_check_tells_a_gateway_from_none(api: Gateway, here: dict[str, str]) -> None:
    check = SERVICES["api"]["healthcheck"]["test"][2:]
    command = [sys.executable, *[each.replace(":8400/", f":{here['HOOKLEDGER_PORT']}/") for each in check]]
    assert subprocess.run(command, check=False).returncode == 0
    gateways.stop(api)
    assert within(PATIENCE, lambda: subprocess.run(command, check=False, capture_output=True).returncode == 1)
