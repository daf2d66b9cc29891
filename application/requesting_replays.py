"""Asking for replays: what is to be run over what, checked before anything starts."""

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from application.catalogue import Catalogue, Snapshot
from application.drafts import Drafts
from application.errors import Conflict
from application.managing import require_environment
from application.ports import Clock, EventStore, NewId
from application.records import Attribution, Change
from domain import api_calls, configurations, configuring, errors, replays, slices
from domain.configurations import Configuration
from domain.json_values import LISTS, Json
from domain.replays import Replay
from domain.slices import Slice
from domain.webhooks import Pin

MEMBERS = (
    "source",
    "environment",
    "mode",
    "reason",
    "slice",
    "configuration",
    "mappings",
    "force",
    "per_second",
    "preview",
)
KINDS = ("current", "recorded", "version", "environment", "draft")
USUAL_PACE, FASTEST = 200, 10_000
"""Webhooks that are evaluated anew in a second."""

Count = Callable[[str, str, Slice], int]
"""How many webhooks of a source in an environment belong to a slice."""


class ReplayInvalid(errors.Refused):
    """The request has a member or a value that cannot be."""


class ReplayUnknown(errors.Refused):
    """No replay has this id."""


@attrs.frozen(kw_only=True)
class Requested:
    """What was asked for: the id of the replay, None for a mere preview, and how many webhooks it is about."""

    replay_id: str | None
    total: int


@attrs.frozen(kw_only=True)
class _Wanted:
    """The configuration that a replay is to run, and the edits that lead to it where it is a draft."""

    kind: str
    pin: Pin | None
    configuration: Configuration | None
    edits: tuple[configurations.Event, ...] = ()


@attrs.frozen(kw_only=True)
class RequestingReplays:
    """The use case."""

    store: EventStore
    catalogue: Catalogue
    drafts: Drafts
    configuration_at: Callable[[str, str, int], Configuration]
    count: Count
    clock: Clock
    new_id: NewId

    def request(self, *, body: Mapping[str, Json], environment: str, actor: str) -> Requested:
        """Ask for a replay in the API's shape. Raises Refused, naming the field, and nothing runs then."""
        _check_members(body)
        snapshot, replay_id, at = self.catalogue.current(), self.new_id(), self.clock()
        source = _text(body.get("source"), "source")
        state = _present(snapshot, source, environment)
        wanted = self._wanted(body.get("configuration"), source, environment, state, snapshot, replay_id)
        event = _requested(body, source, environment, wanted, replay_id, at)
        total = self.count(source, environment, event.slice)
        if not total:
            asked = "; ".join(slices.words(event.slice)) or "all of them"
            raise slices.SliceEmpty(
                f"no webhook of {source!r} in {environment!r} belongs to the slice ({asked})", field="slice"
            )
        if _flag(body.get("preview"), "preview"):
            return Requested(replay_id=None, total=total)
        because = Attribution(actor=actor)
        changes = [Change(stream=replays.stream(replay_id), version=0, events=(event,), attribution=because)]
        if wanted.edits:
            stream = replays.draft_stream(replay_id)
            changes.insert(0, Change(stream=stream, version=0, events=wanted.edits, attribution=because))
        self.store.append(*changes)
        return Requested(replay_id=replay_id, total=total)

    def cancel(self, replay_id: str, *, actor: str) -> None:
        """Do no more of it."""
        self._decide(replay_id, replays.Cancel(at=self.clock()), actor)

    def apply(self, replay_id: str, *, body: Mapping[str, Json], actor: str) -> None:
        """Carry its difference out."""
        reason = body.get("reason")
        command = replays.Apply(
            reason=reason if isinstance(reason, str) else None,
            force=_flag(body.get("force"), "force"),
            per_second=_pace(body.get("per_second")),
            at=self.clock(),
        )
        self._decide(replay_id, command, actor)

    def find(self, replay_id: str) -> Replay:
        """The replay. Raises ReplayUnknown."""
        return self._find(replay_id)[0]

    def _find(self, replay_id: str) -> tuple[Replay, int]:
        history = () if "\0" in replay_id else self.store.history(replays.stream(replay_id))
        state = replays.folded(each.event for each in history)
        if state is None:
            raise ReplayUnknown(f"replay {replay_id!r:.100} does not exist")
        return state, len(history)

    def _decide(self, replay_id: str, command: replays.Command, actor: str) -> None:
        """Decide and append; who carries the replay on may come in between, and then it is decided again."""
        for attempt in range(5):
            state, version = self._find(replay_id)
            events = replays.decide(state, command)
            change = Change(
                stream=replays.stream(replay_id), version=version, events=events, attribution=Attribution(actor=actor)
            )
            try:
                if events:
                    self.store.append(change)
                return
            except Conflict:
                if attempt == 4:
                    raise

    def _wanted(
        self,
        raw: Json,
        source: str,
        environment: str,
        state: Configuration,
        snapshot: Snapshot,
        replay_id: str,
    ) -> _Wanted:
        kind, value = _only_member(raw)
        if kind == "recorded":
            return _Wanted(kind=kind, pin=None, configuration=None)
        if kind == "version":
            version = _version(value, state)
            found = self.configuration_at(source, environment, version)
            return _Wanted(kind=kind, pin=Pin(environment=environment, version=version), configuration=found)
        if kind == "environment":
            slug = _text(value, "configuration.environment")
            require_environment(snapshot, slug)
            other = _present(snapshot, source, slug)
            return _Wanted(kind=kind, pin=Pin(environment=slug, version=other.version), configuration=other)
        pin = Pin(environment=environment, version=state.version)
        if kind == "current":
            return _Wanted(kind=kind, pin=pin, configuration=state)
        edits, drafted = self.drafts.read(value, source=source, state=state, snapshot=snapshot, at=self.clock())
        pin = attrs.evolve(pin, draft=replay_id if edits else None)
        return _Wanted(kind=kind, pin=pin, configuration=drafted, edits=edits)


def _requested(
    body: Mapping[str, Json], source: str, environment: str, wanted: _Wanted, replay_id: str, at: datetime
) -> replays.ReplayRequested:
    mode = next((each for each in replays.MODES if each == body.get("mode", "what_if")), None)
    if mode is None:
        raise ReplayInvalid(f"mode is {body.get('mode')!r:.60}; it must be {' or '.join(replays.MODES)}", field="mode")
    reason = body.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise ReplayInvalid("reason must be a text", field="reason")
    return replays.ReplayRequested(
        replay_id=replay_id,
        source=source,
        environment=environment,
        mode=mode,
        wanted=wanted.kind,
        pin=wanted.pin,
        slice=slices.parse(body.get("slice")),
        mappings=_mappings(body.get("mappings"), wanted.configuration),
        reason=replays.check_reason(reason) if mode == "apply" else reason,
        force=_flag(body.get("force"), "force"),
        per_second=_pace(body.get("per_second")),
        requested_at=at,
    )


def _check_members(body: Mapping[str, Json]) -> None:
    unknown = next((name for name in body if name not in MEMBERS), None)
    if unknown is not None:
        raise ReplayInvalid(f"{unknown} is not part of a replay, which has {', '.join(MEMBERS)}", field=unknown)


def _present(snapshot: Snapshot, source: str, environment: str) -> Configuration:
    if source == api_calls.SOURCE:
        return api_calls.configuration(environment)
    state: Configuration | None = snapshot.state(configurations.stream(source, environment))
    if state is None:
        raise configuring.ConfigurationUnknown(f"source {source!r} does not exist in {environment!r}", field="source")
    return state


def _only_member(raw: Json) -> tuple[str, Json]:
    if raw is None:
        return "current", True
    if not isinstance(raw, Mapping) or len(raw) != 1 or next(iter(raw)) not in KINDS:
        raise ReplayInvalid(
            'configuration must be one of {"current": true}, {"recorded": true}, {"version": 3}, '
            '{"environment": "development"} and {"draft": {"settings": {…}, "mappings": […]}}',
            field="configuration",
        )
    [(kind, value)] = raw.items()
    if kind in ("current", "recorded") and value is not True:
        raise ReplayInvalid(f"configuration.{kind} can only be true", field=f"configuration.{kind}")
    return kind, value


def _version(value: Json, state: Configuration) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= state.version:
        raise ReplayInvalid(
            f"configuration.version is {value!r:.60}; there are versions 1 to {state.version}",
            field="configuration.version",
        )
    return value


def _mappings(raw: Json, configuration: Configuration | None) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, LISTS) or not raw or not all(isinstance(each, str) for each in raw):
        raise ReplayInvalid("mappings must be a list of ids of mappings", field="mappings")
    known = [each.id for each in configuration.mappings] if configuration else None
    wrong = next((each for each in raw if known is not None and each not in known), None)
    if wrong is not None:
        there = ", ".join(known or ()) or "none"
        raise ReplayInvalid(f"mappings has {wrong!r:.60}; the configuration has {there}", field="mappings")
    return tuple(map(str, raw))


def _text(value: Json, field: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ReplayInvalid(f"{field} is {value!r:.60}; it must be a text", field=field)
    return value


def _flag(value: Json, field: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ReplayInvalid(f"{field} is {value!r:.60}; it must be true or false", field=field)
    return bool(value)


def _pace(value: Json) -> int:
    if value is None:
        return USUAL_PACE
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= FASTEST:
        raise ReplayInvalid(
            f"per_second is {value!r:.60}; it must be a whole number from 1 to {FASTEST}", field="per_second"
        )
    return value
