"""What keeps any template within bounds: of time, of turns of loops, and of the size of every value that it makes.

`python-liquid` bounds nested loops, output and local variables. Beyond these a template could still run for minutes or
fill the memory, with loops one after the other, ranges, joins of a list that doubles, or a replacement within one
filter. So each value that comes out of a filter or is assigned is weighed, and time is looked at on every node.
"""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from liquid import RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import FilterArgumentError, ResourceLimitError

MOST_TEXT: Final = 65_536
"""Characters of a template."""
MOST_OUTPUT: Final = 262_144
"""Bytes of what is rendered."""
MOST_WEIGHT: Final = 1_048_576
"""Bytes, about, of a value within a template, and of all variables of a template together."""
MOST_TURNS: Final = 10_000
"""Turns of all loops of a rendering together, and items of a range."""
MOST_SECONDS: Final = 0.5
"""Of computing, not of waiting: a busy machine refuses no template."""
_MOST_BITS: Final = 1_024
_PER_ITEM: Final = 8

Filter = Callable[..., Any]


class Budget:
    """What one rendering may still spend, however many texts it consists of."""

    def __init__(self) -> None:
        self._until = time.thread_time() + MOST_SECONDS
        self._turns = MOST_TURNS
        self._output = MOST_OUTPUT

    def look_at_the_time(self) -> None:
        """Raises ResourceLimitError when the time is over."""
        if time.thread_time() > self._until:
            raise ResourceLimitError(f"it takes longer than {MOST_SECONDS} s", token=None)

    def turn(self, turns: int) -> None:
        """Account for a loop. Raises ResourceLimitError when there are too many turns."""
        self._turns -= turns
        if self._turns < 0:
            raise ResourceLimitError(f"its loops turn more than {MOST_TURNS} times", token=None)

    def write(self, value: object) -> None:
        """Account for what comes out. Raises ResourceLimitError when it is too much."""
        self._output -= weight(value, MOST_OUTPUT)
        if self._output < 0:
            raise ResourceLimitError(f"it makes more than {MOST_OUTPUT} bytes", token=None)


def weight(value: object, most: int = MOST_WEIGHT) -> int:
    """About how many bytes `value` would fill when written. Raises ResourceLimitError as soon as it is over `most`.

    What is in a list twice counts twice, since it is written twice, although it is in memory once.
    """
    weighed, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        weighed += _own_weight(each)
        if weighed > most:
            raise ResourceLimitError(f"a value of it has more than {most} bytes", token=None)
        if isinstance(each, Mapping):
            waiting.extend(each.keys())
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)
    return weighed


def _own_weight(value: object) -> int:
    if isinstance(value, str):
        return _PER_ITEM + len(value)
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise ResourceLimitError(f"a number of it has more than {_MOST_BITS} bits", token=None)
        return _PER_ITEM
    if isinstance(value, list | tuple | range | Mapping):
        return _PER_ITEM * (1 + len(value))
    return _PER_ITEM


def bounded(name: str, function: Filter) -> Filter:
    """A filter that weighs what it makes, and fails in Liquid's own way only."""

    @functools.wraps(function)  # which also keeps the marks that say what else a filter is given
    def weighing(value: object, *arguments: object, **named: object) -> object:
        try:
            result = function(value, *arguments, **named)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise FilterArgumentError(f"{name}: {error}", token=None) from error
        weight(result)
        return result

    return weighing


class BoundedRange(RangeLiteral):
    """A range, such as `(1..10)`, that is not longer than loops may turn."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        made = super()._make_range(start, stop)
        if made.stop - made.start > MOST_TURNS:  # its length itself may be beyond what len can say
            raise ResourceLimitError(f"a range of it has more than {MOST_TURNS} items", token=self.token)
        return made


class BoundedContext(RenderContext):
    """What a template is rendered in, on a budget."""

    budget: Budget

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.budget = Budget()
        self._weights: dict[str, int] = {}
        self._all_weights = 0
        super().__init__(*arguments, **named)

    @property
    def disabled_tags(self) -> list[str]:
        """No tags: those that there are may be used. But each node asks, so this is where the time is looked at."""
        self.budget.look_at_the_time()
        return []

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        """Keep nothing of it: see the property."""

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the turns of every loop, where the library multiplies those of nested ones only."""
        self.budget.turn(length)

    def filter(self, name: str, token: Any) -> Filter:
        """Look at the time before each filter, too, since a node may have thousands."""
        self.budget.look_at_the_time()
        return super().filter(name, token)

    def assign(self, key: str, val: Any) -> None:
        """Weigh all variables together."""
        weighed = weight(val)
        self._all_weights += weighed - self._weights.get(key, 0)
        self._weights[key] = weighed
        if self._all_weights > MOST_WEIGHT:
            raise ResourceLimitError(f"its variables have more than {MOST_WEIGHT} bytes", token=None)
        super().assign(key, val)
