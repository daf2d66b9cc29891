"""What was stored once can be read for ever: a golden file for each version of each event, written once.

UPDATE_GOLDEN=1 writes the files that are missing. Nothing overwrites one. `private` holds in the clear what is stored
encrypted: keys are nobody's to write down, and a ciphertext is never the same twice. In `unencrypted` are those of the
time before anything was.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import attrs
import pytest
from eventsourcing.persistence import StoredEvent

from application.records import Recorded
from infrastructure.event_store import private_fields, topics
from tests import examples, sealing

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
STREAM = "example"

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
    stored = sealing.parts(_stored(topic), STREAM)
    file = _golden_file(topic)
    if not file.exists() and os.environ.get("UPDATE_GOLDEN") == "1":
        _write(file, topic, stored)
    assert file.exists(), f"{file} is missing: run `UPDATE_GOLDEN=1 make test ARGS=tests/architecture` and read it"
    assert stored == _parts(_read(file)), CHANGED.format(topic=topic, next=topics.current_version(topic) + 1)


@pytest.mark.parametrize("topic", topics.CLASSES)
def test_a_stored_event_is_read_as_it_was(topic: str) -> None:
    file = _golden_file(topic)
    recorded = _decoded(file)
    expected = _recorded(examples.EVENTS[topic])
    assert attrs.evolve(recorded, digest=None, key_id=None) == expected, UNREADABLE.format(file=file)


def test_every_version_that_was_ever_stored_is_read() -> None:
    for file in GOLDEN.rglob("*.json"):
        topic = _read(file)["topic"]
        assert topic in topics.CLASSES, f"{file}: {topic} is on record somewhere; its class must stay in topics.CLASSES"
        assert isinstance(_decoded(file).event, topics.CLASSES[topic]), UNREADABLE.format(file=file)


@pytest.mark.parametrize("topic", topics.CLASSES)
def test_every_field_is_declared_public_or_private(topic: str) -> None:
    cls = topics.CLASSES[topic]
    if cls.__module__ in private_fields.NOT_PERSONAL:
        return
    declared = private_fields.DECLARED.get(cls)
    assert declared, f"say in private_fields.DECLARED which fields of {topic} may hold personal data"
    named = [*declared.public, *(name for name in declared.private if "." not in name)]
    assert sorted(named) == sorted(field.name for field in attrs.fields(cls)), (
        f"each field of {topic} must stand in private_fields.DECLARED once, public only if it never holds personal data"
    )


def _golden_file(topic: str) -> Path:
    return GOLDEN / f"{topic}.v{topics.current_version(topic)}.json"


def _recorded(event: object) -> Recorded:
    return Recorded(
        stream=STREAM,
        version=1,
        event=event,
        recorded_at=examples.AT,
        actor=examples.KEY_ID,
        causation_id=examples.WEBHOOK_ID,
        correlation_id="req-7f3a",
    )


def _stored(topic: str) -> StoredEvent:
    return sealing.mapper({}).to_stored_event(_recorded(examples.EVENTS[topic]))


def _write(file: Path, topic: str, stored: sealing.Parts) -> None:
    body = None if stored.body is None else base64.b64encode(stored.body).decode()
    content = {
        "topic": topic,
        "envelope": stored.envelope,
        "data": stored.data,
        "private": stored.private,
        "body": body,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x") as new:
        new.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def _parts(content: dict[str, Any]) -> sealing.Parts:
    body = None if content["body"] is None else base64.b64decode(content["body"])
    return sealing.Parts(content["envelope"], content["data"], content.get("private"), body)


def _decoded(file: Path) -> Recorded:
    content = _read(file)
    mapper, state = sealing.sealed(_parts(content), STREAM, content["topic"])
    try:
        recorded: Recorded = mapper.to_domain_event(StoredEvent(STREAM, 1, content["topic"], state))
    except Exception as error:  # whatever the codec trips over, the remedy is the same
        pytest.fail(f"{error!r}: {UNREADABLE.format(file=file)}")
    return recorded
