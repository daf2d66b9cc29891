"""What a projection is fed: an event with the decisions that belong to it, live or from a rebuild."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

import attrs
from psycopg import Cursor

from application.records import Recorded
from domain import directory
from domain.webhooks import ActionExecuted

E = TypeVar("E")


def _by_class(entry: "Entry") -> dict[type[Any], Any]:
    return {type(each.event): each.event for each in entry.decisions}


@attrs.frozen(kw_only=True)
class Entry:
    """An event, or the decisions about a webhook, or both at once.

    Live, a receipt comes with its decisions. In a rebuild the receipt comes first, alone; the decisions follow with
    `recorded` None, all of one evaluation together.
    """

    recorded: Recorded | None = None
    stream: str = ""
    decisions: Sequence[Recorded] = ()

    _by_class: dict[type[Any], Any] = attrs.field(init=False, default=attrs.Factory(_by_class, takes_self=True))

    @cached_property
    def effects(self) -> Sequence[tuple[Recorded, ActionExecuted, tuple[directory.Effect, ...]]]:
        """Each executed action with what it does to the directory, worked out once for all who ask; none if erased."""
        return [
            (recorded, action, directory.effects(action.action_type, action.payload, action.result))
            for recorded in self.decisions
            if isinstance(action := recorded.event, ActionExecuted) and not recorded.erased
        ]

    def decision(self, cls: type[E]) -> E | None:
        """The decision of a class, of which an evaluation makes one at most."""
        return self._by_class.get(cls)


class Projection(Protocol):
    """A fold over entries. `fold` only gathers; `write` brings the tables up to date and forgets."""

    @property
    def name(self) -> str:
        """The name under which it can be rebuilt."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it owns."""

    def fold(self, entry: Entry) -> None:
        """Take an entry in."""

    def write(self, cursor: Cursor[Any]) -> None:
        """Write what was taken in, in the caller's transaction."""
