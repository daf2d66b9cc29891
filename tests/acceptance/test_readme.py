"""The README's example does what the README says, command by command."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import gateways

README = Path(__file__).parents[2] / "README.md"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the README uses curl")


def example(url: str, token: str) -> str:
    """The commands of the example, against another server, with the time that a reader takes between them."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    script = "".join(block for block in blocks if "curl" in block)
    script = script.replace("http://127.0.0.1:8400", url).replace("hl_st_...", token)
    return script.replace("\ncurl", "\necho; sleep 1; curl")


def test_the_example_leads_from_a_source_to_a_user(database_url: str, tmp_path: Path) -> None:
    with gateways.running(database_url) as gateway:
        script = example(gateway.url, gateway.token)
        shown = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    accepted, log, user = map(json.loads, shown.stdout.split("\n")[-3:])
    assert accepted["status"] == "accepted"
    assert [(entry["id"], entry["outcome"]) for entry in log["entries"]] == [(accepted["event_id"], "executed")]
    assert (user["name"], user["email"]) == ("Ada Reyes", "ada@example.com")


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README.read_text())
    assert [link for link in links if not (README.parent / link).exists()] == []
