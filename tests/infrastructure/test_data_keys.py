"""What is private in an event is read with its stream's key alone, in its place alone, and by nobody afterwards."""

import os
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from eventsourcing.persistence import StoredEvent

from application.records import Change, Recorded
from domain import webhooks
from infrastructure.event_store import private_fields, topics
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.data_keys import CHANCE, DataKeys, PayloadUnreadable
from infrastructure.event_store.keyed import KeyedNotification
from tests import examples

MASTER, OTHER = b"the first master key, 32 bytes: a", b"the other master key, 32 bytes: b"
STREAM = webhooks.stream(examples.WEBHOOK_ID)
PRIVATE = [topic for topic, cls in topics.CLASSES.items() if getattr(private_fields.DECLARED.get(cls), "private", ())]


def mapper(master: bytes = MASTER, salts: dict[str, bytes] | None = None) -> RecordMapper:
    """A mapper of a process that starts now; `salts` are what is stored."""
    return RecordMapper(DataKeys(master, (salts or {}).get))


def stored(event: object, stream: str = STREAM, version: int = 0) -> tuple[StoredEvent, bytes | None]:
    """An event as it lies in the log, and the salt that goes beside."""
    [row] = mapper().rows(Change(stream=stream, version=version, events=(event,)), examples.AT)
    return StoredEvent(*row[:4]), row[4]


def read(event: StoredEvent, salt: bytes | None, master: bytes = MASTER) -> Recorded:
    """The event as a process reads it that knows nothing else."""
    found = KeyedNotification(event.originator_id, event.originator_version, event.topic, event.state, id=1, salt=salt)
    recorded: Recorded = mapper(master).to_domain_event(found)
    return recorded


@pytest.mark.parametrize("topic", PRIVATE)
def test_with_its_key_an_event_is_what_it_was(topic: str) -> None:
    recorded = read(*stored(examples.EVENTS[topic]))
    assert (recorded.event, recorded.erased) == (examples.EVENTS[topic], False)


@pytest.mark.parametrize("topic", PRIVATE)
def test_without_its_key_nothing_private_is_left_and_all_else_is(topic: str) -> None:
    event, salt = stored(examples.EVENTS[topic])
    if salt is None:
        return  # the example has nothing in its private fields
    recorded, declared = read(event, None), private_fields.DECLARED[topics.CLASSES[topic]]
    assert recorded.erased
    assert recorded.key_id == salt[:8].hex()
    for name in declared.private:
        held, _, member = name.partition(".")
        value = getattr(recorded.event, held)
        assert not (getattr(value, member) if member and value else value if not member else None), name
    held_in = {name.partition(".")[0] for name in declared.private}
    for name in set(declared.public) - held_in:
        assert getattr(recorded.event, name) == getattr(examples.EVENTS[topic], name), name


def test_nothing_that_is_private_lies_in_the_log_in_the_clear() -> None:
    event = attrs.evolve(
        examples.WEBHOOK_RECEIVED,
        method="canary method",
        query="canary query",
        remote_address="canary address",
        headers={"canary header": "canary"},
        body=b"canary body",
    )
    state = stored(event)[0].state
    assert b"canary method" in state
    assert state.count(b"canary") == 1


def test_an_event_with_nothing_private_has_no_key() -> None:
    assert stored(examples.WEBHOOK_PROCESSED)[1] is None
    assert stored(webhooks.EvaluationFailed(evaluation=1, error="", reason="payload_erased"))[1] is None


def test_equal_events_of_two_streams_share_no_bytes_of_their_ciphertext() -> None:
    first, second = (stored(examples.WEBHOOK_RECEIVED, f"webhook-{n}")[0].state[-64:] for n in range(2))
    assert not {first[n : n + 8] for n in range(56)} & {second[n : n + 8] for n in range(56)}


@pytest.mark.parametrize(
    ("stream", "version", "topic"),
    [("webhook-other", 1, "WebhookReceived"), (STREAM, 2, "WebhookReceived"), (STREAM, 1, "WebhookRejected")],
)
def test_a_payload_opens_in_no_other_place(stream: str, version: int, topic: str) -> None:
    event, salt = stored(examples.WEBHOOK_RECEIVED)
    with pytest.raises(PayloadUnreadable, match="does not open"):
        read(StoredEvent(stream, version, topic, event.state), salt)


def test_another_master_key_opens_nothing_and_says_so() -> None:
    with pytest.raises(PayloadUnreadable, match="HOOKLEDGER_MASTER_KEY is not the key"):
        read(*stored(examples.WEBHOOK_RECEIVED), master=OTHER)


def test_every_altered_byte_is_noticed() -> None:
    event, salt = stored(examples.IDEMPOTENCY_DECIDED)
    start = event.state.index(b"\n", event.state.index(b"\n") + 1) + 1
    for place in range(start, len(event.state)):
        spoilt = bytearray(event.state)
        spoilt[place] ^= 1
        with pytest.raises(PayloadUnreadable):
            read(StoredEvent(event.originator_id, event.originator_version, event.topic, bytes(spoilt)), salt)


def test_a_key_made_after_another_was_destroyed_does_not_bring_back_what_that_one_sealed() -> None:
    old, _ = stored(examples.WEBHOOK_RECEIVED)
    new, salt = stored(examples.IDEMPOTENCY_DECIDED, version=1)
    assert read(old, salt).erased
    assert read(new, salt).event == examples.IDEMPOTENCY_DECIDED


def test_the_events_of_a_change_share_one_new_key() -> None:
    events = (examples.WEBHOOK_RECEIVED, examples.WEBHOOK_PROCESSED, examples.IDEMPOTENCY_DECIDED)
    rows = mapper().rows(Change(stream=STREAM, version=0, events=events), examples.AT)
    assert [row[4] is not None for row in rows] == [True, False, False]
    assert read(StoredEvent(*rows[2][:4]), rows[0][4]).event == examples.IDEMPOTENCY_DECIDED


def test_later_events_are_sealed_with_the_key_that_the_stream_has() -> None:
    """Looked up where it is not at hand, as after a restart."""
    salt = stored(examples.WEBHOOK_RECEIVED)[1]
    assert salt is not None
    change = Change(stream=STREAM, version=1, events=(examples.IDEMPOTENCY_DECIDED,))
    [row] = mapper(salts={STREAM: salt}).rows(change, examples.AT)
    assert row[4] is None
    assert read(StoredEvent(*row[:4]), salt).event == examples.IDEMPOTENCY_DECIDED


def test_no_random_bytes_are_given_out_twice_not_even_to_another_thread_or_process() -> None:
    given = [CHANCE(16) for _ in range(1_000)]
    with ThreadPoolExecutor(4) as threads:
        given += [each for taken in threads.map(lambda _: [CHANCE(16) for _ in range(500)], range(4)) for each in taken]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, CHANCE(16))
        os._exit(0)
    os.waitpid(child, 0)
    given += [os.read(reading, 16), CHANCE(16)]
    assert len(set(given)) == len(given)
    assert {len(each) for each in given} == {16}
    assert len(CHANCE(10_000)) == 10_000


def test_only_so_many_keys_are_kept_at_hand() -> None:
    asked: list[str] = []

    def find(stream: str) -> bytes:
        asked.append(stream)
        return b"s" * 40

    keys = DataKeys(MASTER, find)
    for number in range(5_000):
        keys.present(f"webhook-{number}")
    keys.present("webhook-4999")
    keys.present("webhook-0")
    assert asked[5_000:] == ["webhook-0"]
