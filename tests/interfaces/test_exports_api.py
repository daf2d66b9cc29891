"""Exports of the logs over HTTP and on the command line: every format read back, cut off and taken up again."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import arro3.io
import httpx
import pytest
from click.testing import CliRunner

from interfaces.cli import exporting
from interfaces.cli.main import main
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping, pages, settled

MANY = 60
CELLS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    '"=1',
    "a,b",
    "line\nbreak",
    "'quoted",
    "\uff1d1",
    "Ærø",
    "plain",
]
"""Event types that a spreadsheet may misread; the first six and the full-width one would be formulas."""


@pytest.fixture
def source(connect: Connect) -> Source:
    """A source with many webhooks, each of which does something."""
    source = connect(mappings=[mapping("user.created", "users_identify", id="body.user", name="body.name")])
    sent = [source.sent({"type": "user.created", "user": f"u{n}", "name": "=A\u2028\x85Z"}) for n in range(MANY)]
    settled(source.gateway, sent[-1])
    return source


def export(source: Source, path: str = "event_logs", **query: Any) -> httpx.Response:
    """What is exported of a source."""
    answer = source.gateway.client.get(f"/v1/{path}/export", params={"source": source.key, **query})
    assert answer.status_code == 200, answer.text
    return answer


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """The entries of an export in NDJSON."""
    return [json.loads(line) for line in answer.content.splitlines()]


def listed(source: Source, path: str = "event_logs") -> list[dict[str, Any]]:
    """All entries of a log, the oldest first."""
    return [each for page in pages(source.gateway, f"/v1/{path}", source=source.key) for each in page][::-1]


@pytest.mark.parametrize("path", ["event_logs", "action_logs"])
def test_an_export_has_what_the_list_has_the_oldest_first(source: Source, path: str) -> None:
    answer = export(source, path)
    entries = lines(answer)
    assert [{name: each[name] for name in each if name != "cursor"} for each in entries] == listed(source, path)
    assert (answer.headers["hookledger-more"], answer.headers["hookledger-progress"]) == ("false", "1.0000")
    assert answer.headers["hookledger-after"] == entries[-1]["cursor"]


@pytest.mark.parametrize("path", ["event_logs", "action_logs"])
def test_an_export_goes_on_behind_any_entry_while_more_comes(source: Source, path: str) -> None:
    whole = lines(export(source, path))
    source.settled({"type": "user.created", "user": "late"})
    for cut in (0, 7, MANY - 2):
        rest = lines(export(source, path, after=whole[cut]["cursor"]))
        assert rest[: MANY - cut - 1] == whole[cut + 1 :]
        assert len(rest) == MANY - cut


@pytest.mark.parametrize("path", ["event_logs", "action_logs"])
def test_pieces_make_up_the_whole(source: Source, path: str) -> None:
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    progress, more = [0.0], True
    while more:
        piece = export(source, path, limit=17, **after)
        found += lines(piece)
        after, more = {"after": piece.headers["hookledger-after"]}, piece.headers["hookledger-more"] == "true"
        progress.append(float(piece.headers["hookledger-progress"]))
    assert found == lines(export(source, path))
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    nothing = export(source, path, **after)
    assert (nothing.content, nothing.headers["hookledger-after"]) == (b"", after["after"])


def test_a_csv_has_no_cell_that_is_a_formula_and_loses_nothing(connect: Connect) -> None:
    source = connect()
    for cell in CELLS:
        source.settled({"type": cell})
    answer = export(source, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d")) for row in rows for cell in row.values())
    kept = [entry["event_type"] for entry in lines(export(source))]
    assert [row["event_type"] for row in rows] == [f"'{each}" if each[0] in "=+-@\t\r\uff1d" else each for each in kept]
    assert [row["id"] for row in rows] == [entry["id"] for entry in lines(export(source))]


def test_a_csv_of_actions_has_structures_as_json(source: Source) -> None:
    rows = list(csv.DictReader(io.StringIO(export(source, "action_logs", format="csv").text, newline="")))
    entries = lines(export(source, "action_logs"))
    assert [json.loads(row["action_payload"]) for row in rows] == [each["action_payload"] for each in entries]
    assert [row["inserted_at"] for row in rows] == [each["inserted_at"] for each in entries]
    assert {row["error_code"] for row in rows} == {""}


@pytest.mark.parametrize("path", ["event_logs", "action_logs"])
def test_a_parquet_file_has_types_and_the_same_entries(source: Source, path: str) -> None:
    table = read(export(source, path, format="parquet").content)
    entries = lines(export(source, path))
    assert table["id"] == [entry["id"] for entry in entries]
    assert table["cursor"] == [entry["cursor"] for entry in entries]
    time = "received_at" if path == "event_logs" else "inserted_at"
    assert [f"{each:%Y-%m-%dT%H:%M:%S.%fZ}" for each in table[time]] == [entry[time] for entry in entries]
    count, nothing = ("actions_count", "original_id") if path == "event_logs" else ("evaluation", "error_code")
    assert (set(table[count]), set(table[nothing])) == ({1}, {None})


def read(content: bytes) -> dict[str, list[Any]]:
    """The columns of a Parquet file."""
    table = arro3.io.read_parquet(io.BytesIO(content)).read_all()
    columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in table.column_names}
    return columns


@pytest.mark.parametrize("format_", ["ndjson", "csv", "parquet"])
def test_an_export_of_nothing_is_whole_and_empty(source: Source, format_: str) -> None:
    answer = export(source, format=format_, event_type="nothing.such")
    assert "hookledger-after" not in answer.headers
    if format_ == "parquet":
        assert read(answer.content)["id"] == []
    else:
        assert len(answer.content.splitlines()) == (1 if format_ == "csv" else 0)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1e3"}, "limit"),
        ({"after": "x"}, "after"),
        ({"after": "é"}, "after"),
        ({"outcome": "done"}, "outcome"),
        ({"page_size": "5"}, "page_size"),
        ({"sorce": "x"}, "sorce"),
    ],
)
def test_a_wrong_question_is_answered_before_anything_is_sent(
    gateway: Gateway, query: dict[str, str], field: str
) -> None:
    answer = gateway.client.get("/v1/event_logs/export", params=query)
    assert answer.status_code in (400, 422)
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_secret_key_exports_its_environment_and_no_other(source: Source, gateway: Gateway) -> None:
    path, foreign = "/v1/event_logs/export", issue(gateway, environment="production")["key"]
    assert gateway.client.get(path, headers=bearer(foreign), params={"source": source.key}).content == b""
    refused = gateway.client.get(path, headers=bearer(foreign), params={"environment": "development"})
    assert refused.status_code == 403
    auditor = issue(gateway, role="auditor")["key"]
    found = gateway.client.get(path, headers=bearer(auditor), params={"source": source.key})
    assert len(found.content.splitlines()) == MANY


def run(source: Source, *arguments: str, code: int = 0) -> str:
    """What `hookledger export …` says."""
    gateway = source.gateway
    done = CliRunner().invoke(main, ["export", *arguments, "--url", gateway.url, "--token", gateway.token])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports come in many pieces."""
    monkeypatch.setattr(exporting, "PIECE", 13)


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
def test_the_command_line_exports_in_pieces_and_goes_on(
    source: Source, tmp_path: Path, small_pieces: None, format_: str
) -> None:
    output = tmp_path / "new" / f"logs.{format_}"
    asked = ("event-logs", "--source", source.key, "--format", format_, "--output", str(output))
    assert "; entries: 20." in run(source, *asked, "--limit", "20")
    with output.open("ab") as file:
        file.write(b"what a kill left behind")
    assert f"; entries: {MANY}." in run(source, *asked, "--resume")
    assert output.read_bytes() == export(source, format=format_).content
    source.settled({"type": "user.created", "user": "late"})
    assert f"; entries: {MANY + 1}." in run(source, *asked, "--resume")
    assert output.read_bytes() == export(source, format=format_).content


def test_an_export_into_parquet_is_a_directory_of_whole_files(
    source: Source, tmp_path: Path, small_pieces: None
) -> None:
    output = tmp_path / "logs"
    asked = ("action-logs", "--source", source.key, "--format", "parquet", "--output", str(output))
    run(source, *asked, "--limit", "26")
    assert "; files: 5." in run(source, *asked, "--resume")
    files = sorted(output.iterdir())
    assert [file.name for file in files] == [f"{number:05}.parquet" for number in range(1, 6)]
    found = [each for file in files for each in read(file.read_bytes())["id"]]
    assert found == [entry["id"] for entry in lines(export(source, "action_logs"))]


def test_an_export_overwrites_nothing_and_goes_on_only_with_the_same(source: Source, tmp_path: Path) -> None:
    output = tmp_path / "logs.ndjson"
    asked = ("event-logs", "--output", str(output), "--limit", "3")
    run(source, *asked, "--source", source.key)
    assert "--resume" in run(source, *asked, "--source", source.key, code=1)
    assert "was begun with" in run(source, *asked, "--resume", code=1)
    assert "no parameter" not in run(source, "events", "--output", str(tmp_path / "events.ndjson"), "--limit", "50")
    refused = run(source, "event-logs", "--outcome", "done", "--output", str(tmp_path / "x"), code=1)
    assert "it must be one of" in refused
