"""Filters of our own: `json`, and in the place of the library's those that cannot be bounded or ask for local time."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from liquid import Environment, Markup
from liquid.exceptions import FilterArgumentError
from liquid.filter import liquid_filter, sequence_filter, string_filter, with_environment
from liquid.stringify import to_liquid_string
from liquid.undefined import is_undefined

from application.ports import Clock
from domain import timestamps
from infrastructure.outgoing.liquid_bounds import MOST_WEIGHT, Filter

_MOST_COMPARED: Final = 1_000
_LONGEST_FORMAT: Final = 256
_TAG: Final = re.compile(r"<[^<>]*>")
# Looked for one after the other, since one pattern for both ends would look for a missing end again and again.
_NO_TEXT: Final = tuple(
    (re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE))
    for opening, closing in (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"))
)


class JsonText(str):
    """What `json` makes: a text, which still knows the value that it says."""

    __slots__ = ("value",)
    value: object

    @classmethod
    def of(cls, value: object) -> "JsonText":
        """Write a value as JSON. Raises ValueError for numbers that JSON has no word for."""
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_nothing)
        text = cls(written)
        text.value = value
        return text


class JsonObject(dict[str, Any]):
    """An object of the context, which is written as JSON where a template writes it as a whole."""

    def __str__(self) -> str:
        return JsonText.of(self)


def _nothing(value: object) -> object:
    """What is not there, and ranges, which JSON does not know."""
    return list(value) if isinstance(value, range) else None


@liquid_filter
def as_json(value: object) -> str:
    """The value as JSON: `{{ data | json }}`; null when it is not there."""
    return JsonText.of(value)


@with_environment
@sequence_filter
def join(items: Iterable[object], separator: object = " ", *, environment: Environment) -> str:
    """The items with a separator between them, weighed before they are put together."""
    between = Markup(" ") if environment.autoescape and separator == " " else _text(separator)
    texts = [_text(item) for item in items]
    _check_size(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


@string_filter
def append(text: str, after: object) -> str:
    """The text with another behind it. To the library what is null would be the word None."""
    return text + _text(after)


@string_filter
def prepend(text: str, before: object) -> str:
    """The text with another before it."""
    return _text(before) + text


@string_filter
def replace(text: str, old: object, new: object = "") -> str:
    """Every occurrence replaced, weighed before that is done."""
    searched, inserted = _text(old), _text(new)
    _check_size(len(text) + text.count(searched) * len(inserted))
    return text.replace(searched, inserted)


def few(name: str, function: Filter) -> Filter:
    """A filter that compares everything with everything, for lists that are short enough for that."""

    def sparing(value: object, *arguments: object) -> object:
        if isinstance(value, Sequence | Mapping) and len(value) > _MOST_COMPARED:
            raise FilterArgumentError(f"{name} takes at most {_MOST_COMPARED} items", token=None)
        return function(value, *arguments)

    return sparing


@string_filter
def strip_html(text: str) -> str:
    """The text without tags, comments, scripts and styles. The library's parser gives up on texts that are no HTML."""
    for opening, closing in _NO_TEXT:
        text = "".join(_outside(text, opening, closing))
    return _TAG.sub("", text)


def _outside(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> Iterator[str]:
    position = 0
    while (start := opening.search(text, position)) and (end := closing.search(text, start.end())):
        yield text[position : start.start()]
        position = end.end()
    yield text[position:]


@attrs.frozen
class Dates:
    """The filter `date`: in UTC always, and with the gateway's own clock for `now`."""

    clock: Clock

    def __call__(self, value: Any, form: object = "%Y-%m-%d %H:%M:%S UTC") -> object:
        """A moment in a format of strftime; what is no moment stays as it is."""
        if is_undefined(value) or is_undefined(form):
            return value
        moment = self.clock() if value in ("now", "today") else self._moment(value)
        if moment is None:
            return value
        if not isinstance(form, str) or len(form) > _LONGEST_FORMAT:
            raise FilterArgumentError(f"date takes a format of at most {_LONGEST_FORMAT} characters", token=None)
        return str(moment.strftime(form))

    def _moment(self, value: Any) -> datetime | None:
        return timestamps.parse(value) if isinstance(value, str | int | float) else None


def _text(value: object) -> str:
    return to_liquid_string(value, autoescape=False)


def _check_size(size: int) -> None:
    if size > MOST_WEIGHT:
        raise FilterArgumentError(f"the result would have more than {MOST_WEIGHT} characters", token=None)
