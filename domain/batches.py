"""Batches: requests whose body holds a list of which every element is a webhook of its own."""

from collections.abc import Mapping
from typing import cast

from domain import paths
from domain.json_values import LISTS, Json

LARGEST = 5_000
"""Elements that a batch may have."""

LARGEST_TOTAL = 16_777_216
"""Bytes that all parts of a batch may have together, or twice what was sent where that is more."""


def most_bytes(sent: int) -> int:
    """What the parts of a batch of `sent` bytes may come to: what its elements share is stored with each of them."""
    return max(LARGEST_TOTAL, 2 * sent)


def split(body: Mapping[str, Json], batch_path: str) -> list[Mapping[str, Json]]:
    """The body once for each element at `batch_path`, with that element alone in the place of the list.

    A body that has no list there, or an empty one, is left as it is, so that nothing that arrives is lost.
    """
    path = paths.parse(batch_path)
    elements = paths.resolve(path, {"body": body})
    if not isinstance(elements, LISTS) or not elements:
        return [body]
    names = cast("tuple[str, ...]", path.segments[1:])
    return [cast("Mapping[str, Json]", _with(body, names, element)) for element in elements]


def _with(value: Json, names: tuple[str, ...], element: Json) -> Json:
    if not names:
        return element
    first, *rest = names
    assert isinstance(value, Mapping)  # the path was walked before
    return {**value, first: _with(value[first], tuple(rest), element)}
