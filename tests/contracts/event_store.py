"""The contract of the EventStore port. A subclass gives a fixture `store`, empty, whose clock stands at examples.AT."""

import hashlib
import re
from collections.abc import Sequence

import attrs
import pytest

from application.errors import ConfigurationMoved, Conflict
from application.ports import EventStore
from application.records import Attribution, Change, Recorded
from domain import configurations, runs, sources, webhooks
from infrastructure.event_store import codec
from tests import examples

BY = Attribution(actor=examples.KEY_ID, causation_id=examples.REJECTED_ID, correlation_id="req-7f3a")
WEBHOOK = webhooks.stream(examples.WEBHOOK_ID)
RUN = runs.stream(examples.RUN_STARTED.run_id)
SOURCE = sources.stream(examples.SOURCE)
CONFIGURATION = configurations.stream(examples.SOURCE, examples.ENVIRONMENT)

RECEIVED = Change(stream=WEBHOOK, version=0, events=(examples.WEBHOOK_RECEIVED,), attribution=BY)
DECIDED = Change(stream=WEBHOOK, version=1, events=(examples.WEBHOOK_CLASSIFIED, examples.WEBHOOK_PROCESSED))
STARTED = Change(stream=RUN, version=0, events=(examples.RUN_STARTED,))
CONNECTED = Change(stream=SOURCE, version=0, events=(examples.SOURCE_CONNECTED,))
CONFIGURED = Change(stream=CONFIGURATION, version=0, events=(examples.CONFIGURATION_CREATED, examples.IDENTIFY_ADDED))


class EventStoreContract:
    """Each adapter's test class inherits these."""

    def test_an_empty_store_has_no_events_and_stands_at_zero(self, store: EventStore) -> None:
        assert store.head() == store.epoch() == 0
        assert store.log(after=0, limit=10) == store.history(WEBHOOK) == store.category("webhook") == ()

    def test_what_is_appended_is_read_back_in_every_way(self, store: EventStore) -> None:
        position = store.append(RECEIVED)
        (recorded,) = store.history(WEBHOOK)
        assert recorded.event == examples.WEBHOOK_RECEIVED
        assert recorded.position == position == store.head()
        assert store.log(after=0, limit=10) == store.category("webhook") == (recorded,)

    def test_every_event_comes_back_as_it_was(self, store: EventStore) -> None:
        for name, event in examples.EVENTS.items():
            store.append(Change(stream=f"run-{name}", version=0, events=(event,)))
            assert [each.event for each in store.history(f"run-{name}")] == [event]
        assert [each.event for each in store.log(after=0, limit=100)] == list(examples.EVENTS.values())

    def test_the_envelope_says_where_when_and_why(self, store: EventStore) -> None:
        store.append(RECEIVED)
        (recorded,) = store.history(WEBHOOK)
        assert (recorded.stream, recorded.version, recorded.recorded_at) == (WEBHOOK, 1, examples.AT)
        because = (recorded.actor, recorded.causation_id, recorded.correlation_id)
        assert because == (BY.actor, BY.causation_id, BY.correlation_id)

    def test_who_is_nobody_stays_nobody(self, store: EventStore) -> None:
        store.append(STARTED)
        (recorded,) = store.history(RUN)
        assert (recorded.actor, recorded.causation_id, recorded.correlation_id) == (None, None, None)

    def test_what_is_not_private_has_no_key_and_a_digest_of_its_data(self, store: EventStore) -> None:
        store.append(CONNECTED)
        (recorded,) = store.history(SOURCE)
        data = codec.dumps(codec.data_of(examples.SOURCE_CONNECTED))
        assert (recorded.key_id, recorded.digest) == (None, hashlib.sha256(data).hexdigest())

    def test_the_private_events_of_a_stream_share_a_key_of_its_own(self, store: EventStore) -> None:
        store.append(RECEIVED, STARTED)
        events = (examples.IDEMPOTENCY_DECIDED, examples.WEBHOOK_PROCESSED)
        store.append(Change(stream=WEBHOOK, version=1, events=events))
        received, decided, processed = store.history(WEBHOOK)
        (started,) = store.history(RUN)
        assert received.key_id == decided.key_id != started.key_id
        assert re.fullmatch("[0-9a-f]{16}", started.key_id or "")
        assert processed.key_id is None

    def test_no_digest_tells_that_two_events_are_equal(self, store: EventStore) -> None:
        for number in range(2):
            store.append(Change(stream=f"webhook-{number}", version=0, events=(examples.WEBHOOK_RECEIVED,)))
        first, second = (each.digest for each in store.category("webhook"))
        assert first != second
        assert re.fullmatch("[0-9a-f]{64}", first or "")

    def test_an_append_that_fails_leaves_no_key_in_the_way(self, store: EventStore) -> None:
        store.append(STARTED)
        with pytest.raises(Conflict):
            store.append(RECEIVED, STARTED)
        store.append(RECEIVED)
        assert [each.event for each in store.history(WEBHOOK)] == [examples.WEBHOOK_RECEIVED]
        assert [each.event for each in store.history(RUN)] == [examples.RUN_STARTED]

    def test_versions_count_the_events_of_a_stream_from_one(self, store: EventStore) -> None:
        store.append(RECEIVED)
        store.append(DECIDED)
        assert [each.version for each in store.history(WEBHOOK)] == [1, 2, 3]

    def test_positions_increase_in_the_order_of_appending(self, store: EventStore) -> None:
        last = store.append(CONNECTED), store.append(RECEIVED), store.append(DECIDED, STARTED)
        recorded = store.log(after=0, limit=10)
        assert [each.stream for each in recorded] == [SOURCE, WEBHOOK, WEBHOOK, WEBHOOK, RUN]
        positions = _positions(recorded)
        assert positions == sorted(set(positions))
        assert last == (positions[0], positions[1], positions[4])

    def test_several_streams_are_appended_together(self, store: EventStore) -> None:
        assert store.append(RECEIVED, STARTED, CONFIGURED) == store.head()
        assert [len(store.history(stream)) for stream in (WEBHOOK, RUN, CONFIGURATION)] == [1, 1, 2]

    def test_a_stream_that_has_moved_on_is_a_conflict(self, store: EventStore) -> None:
        head = store.append(RECEIVED)
        with pytest.raises(Conflict):
            store.append(RECEIVED)
        assert (store.head(), len(store.history(WEBHOOK))) == (head, 1)

    def test_after_a_conflict_nothing_of_the_append_is_there(self, store: EventStore) -> None:
        store.append(RECEIVED)
        with pytest.raises(Conflict):
            store.append(STARTED, CONFIGURED, RECEIVED)
        assert store.history(RUN) == store.history(CONFIGURATION) == ()
        assert store.epoch() == 0

    def test_one_append_cannot_say_two_things_at_one_version(self, store: EventStore) -> None:
        with pytest.raises(Conflict):
            store.append(RECEIVED, RECEIVED)
        assert store.history(WEBHOOK) == ()

    def test_appending_nothing_stands_where_the_log_stands(self, store: EventStore) -> None:
        head = store.append(RECEIVED)
        assert store.append() == store.append(Change(stream=RUN, version=0, events=())) == head

    def test_the_epoch_is_the_position_of_the_last_edit(self, store: EventStore) -> None:
        assert store.append(CONNECTED) == store.epoch()
        assert store.append(CONFIGURED) == store.epoch() == store.head()

    def test_what_is_received_and_done_moves_no_epoch(self, store: EventStore) -> None:
        epoch = store.append(CONNECTED)
        store.append(RECEIVED)
        store.append(DECIDED, STARTED)
        assert store.epoch() == epoch

    def test_an_append_under_the_epoch_of_this_moment_is_stored(self, store: EventStore) -> None:
        epoch = store.append(CONNECTED)
        store.append(RECEIVED, epoch=epoch)
        store.append(STARTED, epoch=epoch)
        store.append(CONFIGURED, epoch=epoch)
        assert [len(store.history(stream)) for stream in (WEBHOOK, RUN, CONFIGURATION)] == [1, 1, 2]

    def test_an_append_under_an_older_epoch_is_not(self, store: EventStore) -> None:
        epoch = store.append(CONNECTED)
        head = store.append(CONFIGURED)
        for change in (RECEIVED, DECIDED, STARTED):
            with pytest.raises(ConfigurationMoved):
                store.append(change, epoch=epoch)
        assert store.head() == head

    def test_a_category_holds_its_streams_and_no_others(self, store: EventStore) -> None:
        for stream in ("run-1", "run-2", "runner-1", "run_-1", "ru-1"):
            store.append(Change(stream=stream, version=0, events=(examples.RUN_CANCELLED,)))
        assert [each.stream for each in store.category("run")] == ["run-1", "run-2"]

    def test_a_category_is_read_on_from_a_position(self, store: EventStore) -> None:
        after = store.append(RECEIVED)
        store.append(STARTED)
        store.append(DECIDED)
        assert [each.event for each in store.category("webhook", after=after)] == list(DECIDED.events)

    def test_the_log_is_read_page_by_page(self, store: EventStore) -> None:
        store.append(RECEIVED, DECIDED, STARTED, CONFIGURED)
        whole = store.log(after=0, limit=100)
        pages: list[Recorded] = []
        after = 0
        while page := store.log(after=after, limit=2):
            assert len(page) <= 2
            pages.extend(page)
            after = page[-1].position or 0
        assert tuple(pages) == whole
        assert len(whole) == 6

    def test_a_page_of_large_events_may_be_shorter_but_never_empty(self, store: EventStore) -> None:
        event = attrs.evolve(examples.WEBHOOK_RECEIVED, body=b"x" * 3_000_000)
        store.append(*(Change(stream=f"webhook-{number}", version=0, events=(event,)) for number in range(7)))
        streams: list[str] = []
        after = 0
        while page := store.log(after=after, limit=100):
            streams += [each.stream for each in page]
            after = page[-1].position or 0
        assert streams == [f"webhook-{number}" for number in range(7)]

    def test_the_log_is_read_up_to_a_position(self, store: EventStore) -> None:
        first = store.append(CONNECTED)
        bound = store.append(RECEIVED)
        store.append(DECIDED)
        assert _positions(store.log(after=first, limit=100, upto=bound)) == [bound]

    def test_any_bytes_may_be_a_body(self, store: EventStore) -> None:
        for number, body in enumerate((b"", b"\n", b"\n\n{}\n", b"\x00\xff\xfe", bytes(range(256)) * 3)):
            assert _kept(store, f"webhook-{number}", body) == body

    def test_a_body_of_twenty_megabytes_comes_back_whole(self, store: EventStore) -> None:
        body = bytes(range(256)) * 80_000
        assert _kept(store, WEBHOOK, body) == body

    def test_many_large_events_are_appended_at_once(self, store: EventStore) -> None:
        event = attrs.evolve(examples.WEBHOOK_RECEIVED, body=examples.BODY * 600)
        store.append(*(Change(stream=f"webhook-{number}", version=0, events=(event,)) for number in range(20)))
        assert [each.event for each in store.category("webhook")] == [event] * 20


def _kept(store: EventStore, stream: str, body: bytes) -> bytes:
    store.append(Change(stream=stream, version=0, events=(attrs.evolve(examples.WEBHOOK_RECEIVED, body=body),)))
    (recorded,) = store.history(stream)
    assert isinstance(recorded.event, webhooks.WebhookReceived)
    return recorded.event.body


def _positions(recorded: Sequence[Recorded]) -> list[int]:
    return [each.position or 0 for each in recorded]
