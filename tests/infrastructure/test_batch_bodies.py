"""A batch is read strictly, and where that fails piece by piece, so that each event is judged by itself."""

import json

import pytest

from domain.client_events import Unreadable
from infrastructure import batch_bodies
from infrastructure.bodies import MalformedBody

GOOD = '{"type": "track"}'


def read(*events: str, beside: str = '"sentAt": "now"') -> tuple[object, list[object]]:
    envelope, found = batch_bodies.read(f'{{{beside}, "batch": [{", ".join(events)}]}}'.encode())
    assert found is not None
    return envelope, [each.code if isinstance(each, Unreadable) else each for each in found]


def test_a_batch_is_what_it_says_of_itself_and_its_events() -> None:
    assert read(GOOD, "{}") == ({"sentAt": "now"}, [{"type": "track"}, {}])


@pytest.mark.parametrize("body", ["{}", '{"batch": null}', '{"batch": {}}', '{"batch": "x"}'])
def test_without_a_list_there_are_no_events(body: str) -> None:
    assert batch_bodies.read(body.encode())[1] is None


UNREADABLE = {
    "NaN, as Python writes it": ('{"x": NaN}', "not_json"),
    "an infinite number": ('{"x": -Infinity}', "not_json"),
    "a number beyond a double": ('{"x": 1e400}', "not_json"),
    "a number of 41 digits": ('{"x": ' + "7" * 41 + "}", "number_out_of_range"),
    "half a surrogate pair": (r'{"x": "\ud800"}', "invalid_utf8"),
    "65 levels": ('{"x":' * 65 + "1" + "}" * 65, "nested_too_deeply"),
}


@pytest.mark.parametrize(("event", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_event_that_cannot_be_read_costs_none_of_the_others(event: str, code: str) -> None:
    assert read(GOOD, event, "{}") == ({"sentAt": "now"}, [{"type": "track"}, code, {}])


@pytest.mark.parametrize("event", ["7", '"x"', "null", "[1]", "true"])
@pytest.mark.parametrize("other", ["{}", '{"x": NaN}'])
def test_what_is_no_object_is_no_event(event: str, other: str) -> None:
    assert read(event, other)[1][0] == "not_an_object"


def test_what_can_be_kept_of_an_unreadable_event_is_kept() -> None:
    _, events = batch_bodies.read(b'{"batch": [{"x": NaN}]}')
    [event] = events or ()
    assert isinstance(event, Unreadable)
    assert (event.body, event.code) == (b'{"x": NaN}', "not_json")
    assert event.message.startswith("the event is not JSON")


def test_the_exact_events_are_the_same_whichever_way_they_are_read() -> None:
    event = '{"n": 18446744073709551617, "f": 0.1, "text": "\\u0000é"}'
    strict, loose = read(event)[1], read(event, '{"x": NaN}')[1]
    assert strict[0] == loose[0] == json.loads(event)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"batch": [{}}',
        b'{"batch": [{"x": "\xff"}]}',
        b'{"context": {"x": NaN}, "batch": [{}]}',
        b'{"x": NaN}',
        b'{"batch": [' + b"[" * 100_000,
        b'{"batch": [{"x": ' + b"7" * 5_000 + b"}]}",
    ],
)
def test_a_batch_that_is_broken_elsewhere_is_malformed_as_a_whole(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        batch_bodies.read(body)
