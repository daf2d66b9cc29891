"""What was stored once can be read for ever: a golden file for each version of each event, written once.

UPDATE_GOLDEN=1 writes the files that are missing. Nothing overwrites one.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import JSONTranscoder, StoredEvent

from application.records import Recorded
from infrastructure.event_store import topics
from infrastructure.event_store.codec import RecordMapper
from tests import examples

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
MAPPER = RecordMapper(JSONTranscoder())

CHANGED = (
    "The stored form of {topic} has changed, and events that are stored already will not change with it. Take the "
    "change back; or, if it is meant, add an upcast from the old shape to topics.UPCASTS, which makes this version "
    "{next}, and write its golden file with UPDATE_GOLDEN=1. Only before the event's first release may its old golden "
    "file be deleted by hand and written anew."
)
UNREADABLE = (
    "{file} can no longer be read as it was written: somebody has such events on record. Keep the old names and "
    "fields, and turn the old shape into the new one with an upcast in topics.UPCASTS."
)


@pytest.mark.parametrize("topic", topics.CLASSES)
def test_every_event_has_an_example(topic: str) -> None:
    assert isinstance(examples.EVENTS.get(topic), topics.CLASSES[topic]), (
        f"add an example of {topic} to tests/examples.py, with values as they occur, and to EVENTS there"
    )


@pytest.mark.parametrize("topic", topics.CLASSES)
def test_an_event_is_stored_byte_for_byte_as_ever(topic: str) -> None:
    stored = MAPPER.to_stored_event(_recorded(examples.EVENTS[topic]))
    file = _golden_file(topic)
    if not file.exists() and os.environ.get("UPDATE_GOLDEN") == "1":
        _write(file, stored)
    assert file.exists(), f"{file} is missing: run `UPDATE_GOLDEN=1 make test ARGS=tests/architecture` and read it"
    assert stored.state == _state(_read(file)), CHANGED.format(topic=topic, next=topics.current_version(topic) + 1)


@pytest.mark.parametrize("topic", topics.CLASSES)
def test_a_stored_event_is_read_as_it_was(topic: str) -> None:
    file = _golden_file(topic)
    recorded = _decoded(file)
    expected = _recorded(examples.EVENTS[topic], digest=recorded.digest)
    assert recorded == expected, UNREADABLE.format(file=file)


def test_every_version_that_was_ever_stored_is_read() -> None:
    for file in GOLDEN.glob("*.json"):
        topic = _read(file)["topic"]
        assert topic in topics.CLASSES, f"{file}: {topic} is on record somewhere; its class must stay in topics.CLASSES"
        assert isinstance(_decoded(file).event, topics.CLASSES[topic]), UNREADABLE.format(file=file)


def _golden_file(topic: str) -> Path:
    return GOLDEN / f"{topic}.v{topics.current_version(topic)}.json"


def _recorded(event: object, digest: str | None = None) -> Recorded:
    return Recorded(
        stream="example",
        version=1,
        event=event,
        recorded_at=examples.AT,
        actor=examples.KEY_ID,
        causation_id=examples.WEBHOOK_ID,
        correlation_id="req-7f3a",
        digest=digest,
    )


def _write(file: Path, stored: StoredEvent) -> None:
    envelope, _, payload = stored.state.partition(b"\n")
    data, cut, body = payload.partition(b"\n")
    content = {
        "topic": stored.topic,
        "envelope": envelope.decode(),
        "data": data.decode(),
        "body": base64.b64encode(body).decode() if cut else None,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x") as new:
        new.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def _state(content: dict[str, Any]) -> bytes:
    lines = [content["envelope"].encode(), content["data"].encode()]
    if content["body"] is not None:
        lines.append(base64.b64decode(content["body"]))
    return b"\n".join(lines)


def _decoded(file: Path) -> Recorded:
    content = _read(file)
    stored = StoredEvent("example", 1, content["topic"], _state(content))
    try:
        recorded: Recorded = MAPPER.to_domain_event(stored)
    except Exception as error:  # whatever the codec trips over, the remedy is the same
        pytest.fail(f"{error!r}: {UNREADABLE.format(file=file)}")
    return recorded
