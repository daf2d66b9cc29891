"""Drafts: a configuration that is in force for nobody, in the shape of `PUT /v1/sources`, checked as if it were.

All that is wrong with one is told at once, so that it can be mended in one go.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import attrs

from application.catalogue import Snapshot
from application.source_edits import SourceEdits
from domain import configurations, errors, mappings, settings
from domain.configurations import Configuration
from domain.json_values import LISTS, Json

FIELD = "configuration.draft"
MEMBERS = ("settings", "mappings")

Problem = tuple[str, str]
"""A field and what is wrong with it."""


class DraftInvalid(errors.Refused):
    """The draft does not validate; `problems` are all that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(message for _, message in problems), field=problems[0][0])
        self.problems = problems


@attrs.frozen(kw_only=True)
class Drafts:
    """Reads drafts with what checks a source's settings and mappings."""

    edits: SourceEdits

    def read(
        self, raw: Json, *, source: str, state: Configuration, snapshot: Snapshot, at: datetime
    ) -> tuple[tuple[configurations.Event, ...], Configuration]:
        """The edits that would lead to the draft, and the configuration then. Raises DraftInvalid."""
        problems = tuple(_problems(raw))
        if problems:
            raise DraftInvalid(problems)
        assert isinstance(raw, Mapping)
        try:
            events = self.edits.draft(source, raw, state=state, snapshot=snapshot, field=FIELD, at=at)
        except errors.Refused as refused:
            raise DraftInvalid(((refused.field or FIELD, str(refused)),)) from refused
        drafted: Configuration | None = state
        for event in events:
            drafted = configurations.evolve(drafted, event)
        assert drafted is not None
        return tuple(events), drafted


def _problems(raw: Json) -> Iterator[Problem]:
    if not isinstance(raw, Mapping):
        yield FIELD, f"{FIELD} must be an object with settings, mappings or both"
        return
    for name in raw:
        if name not in MEMBERS:
            yield f"{FIELD}.{name}", f"{FIELD}.{name} is not part of a draft, which has {' and '.join(MEMBERS)}"
    given = raw.get("settings")
    if given is not None and not isinstance(given, Mapping):
        yield f"{FIELD}.settings", f"{FIELD}.settings must be an object"
    for name, value in given.items() if isinstance(given, Mapping) else ():
        yield from _refusal(lambda name=name, value=value: _single(name, value))  # type: ignore[misc]
    wanted = raw.get("mappings")
    for index, entry in enumerate(wanted if isinstance(wanted, LISTS) else ()):
        place = f"{FIELD}.mappings[{index}]"
        yield from _refusal(lambda entry=entry, place=place: mappings.parse(entry, field=place))  # type: ignore[misc]


def _single(name: str, value: Json) -> object:
    """One setting by itself: what it says together with others is checked with the whole."""
    alone = settings.Settings(dialect="legacy_cdp", idempotency_key_path="body.id")
    return settings.parse({name: value}, base=alone, field=f"{FIELD}.settings")


def _refusal(check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except errors.Refused as refused:
        yield refused.field or FIELD, str(refused)
