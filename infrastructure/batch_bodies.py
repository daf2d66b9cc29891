"""Parse the bodies of batches of events such that an element that cannot be read costs none of the others.

A client is not told to mend one event of a hundred: it drops them all when a batch is refused. And Python's own
`json`, which the clients write with, writes NaN for a number that is none.
"""

import json
from collections.abc import Sequence

from domain.client_events import Event, Unreadable
from domain.json_values import Json, a_type
from infrastructure import bodies

MEMBER = "batch"

Batch = tuple[dict[str, Json], Sequence[Event | Unreadable] | None]
"""What a batch says of itself, and its elements; None where `batch` is not a list."""


def read(body: bytes) -> Batch:
    """The batch that `body` is. Raises `MalformedBody` where not even its elements can be told apart."""
    try:
        envelope = bodies.parse(body)
    except bodies.MalformedBody:
        pieces = _piece_by_piece(body)
        if pieces is None:
            raise
        return pieces
    elements = envelope.pop(MEMBER, None)
    return envelope, [_event(each) for each in elements] if isinstance(elements, list) else None


def _piece_by_piece(body: bytes) -> Batch | None:
    """The batch read leniently, and then each piece of it strictly; None where that will not do."""
    try:
        loose = json.loads(body.decode())
        if not isinstance(loose, dict) or not isinstance(loose.get(MEMBER), list):
            return None
        elements = [_checked(each) for each in loose.pop(MEMBER)]
        return bodies.parse(json.dumps(loose).encode()), elements
    except (ValueError, RecursionError, bodies.MalformedBody):
        return None


def _event(element: Json) -> Event | Unreadable:
    return element if isinstance(element, dict) else _no_object(element, bodies.dumps(element))


def _checked(element: Json) -> Event | Unreadable:
    written = json.dumps(element).encode()
    if not isinstance(element, dict):
        return _no_object(element, written)
    try:
        return bodies.parse(written)
    except bodies.MalformedBody as malformed:
        return Unreadable(written, malformed.code, str(malformed).replace("the body", "the event", 1))


def _no_object(element: Json, written: bytes) -> Unreadable:
    return Unreadable(written, "not_an_object", f"the event is {a_type(element)}; it must be an object")
