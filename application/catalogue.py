"""What the gateway is told to do, in memory: environments, keys, sources, configurations, variables and the like.

Each snapshot belongs to an epoch, the position of the last edit. Whoever acts on a snapshot names its epoch, and the
event store refuses what was judged under an older one: so an edit is in force for the very next request everywhere.
"""

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from application.ports import EventStore
from application.records import Recorded
from domain import (
    api_calls,
    api_keys,
    audiences,
    configurations,
    coverage,
    environments,
    forwarding,
    replays,
    sources,
    streams,
    variables,
    workflows,
)
from domain.configurations import Configuration
from domain.coverage import Covered
from domain.discretion import Hidden
from domain.json_values import Json
from domain.scripts import Call
from domain.variables import Variable
from domain.verification import Verifier
from domain.webhooks import Pin

EVOLVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "environment": environments.evolve,
    "api_key": api_keys.evolve,
    "source": sources.evolve,
    "variable": variables.evolve,
    "configuration": configurations.evolve,
    "workflow": workflows.evolve,
    "audience": audiences.evolve,
    "forwarding": forwarding.evolve,
}

DRAFTS = 16
"""Drafts that are remembered at once: each is about one replay."""

MakeVerifier = Callable[[Configuration], Verifier]

MakeWriteKey = Callable[[Configuration], str]
"""The write key of a configuration, another one whenever its token is another."""

OpenVariables = Callable[[Sequence[Variable], str], Mapping[str, Json]]
"""What scripts read of variables in an environment: public values typed, secrets opened, as texts."""


# Whatever the scheme: a script may compare x-webhook-secret, and GitLab sends its token wherever it is told to.
CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-gitlab-token", "x-webhook-secret"}
)


def _hidden(endpoint: "Endpoint") -> frozenset[str]:
    verification = endpoint.configuration.settings.verification
    if verification.scheme != "shared_header":
        return CREDENTIALS
    return CREDENTIALS | {str(verification.options.get("header", "x-webhook-secret")).lower()}


def _uncovered(endpoint: "Endpoint") -> tuple[str, ...]:
    return coverage.uncovered(endpoint.configuration.settings, endpoint.covered)


def _unverified(endpoint: "Endpoint") -> tuple[str, ...]:
    return coverage.uncovered(endpoint.configuration.settings, coverage.NOTHING)


@attrs.frozen(kw_only=True)
class Endpoint:
    """Where a source receives in an environment, ready to judge requests. `hidden` headers are never recorded.

    `variables` are what the source's script is given. `covered` is what a verified signature vouches for;
    `uncovered` are those of event_type and idempotency_key for which it does not, `unverified` those for which nothing
    does where there is no verified signature.
    """

    configuration: Configuration
    verifier: Verifier
    write_key: str = attrs.field(repr=False)
    variables: Mapping[str, Json] = attrs.field(factory=dict, repr=False)
    covered: Covered = coverage.NOTHING
    hidden: frozenset[str] = attrs.field(init=False, default=attrs.Factory(_hidden, takes_self=True))
    uncovered: tuple[str, ...] = attrs.field(init=False, default=attrs.Factory(_uncovered, takes_self=True))
    unverified: tuple[str, ...] = attrs.field(init=False, default=attrs.Factory(_unverified, takes_self=True))

    def call(self, headers: Mapping[str, str], raw_body: bytes, body: Mapping[str, Json], at: datetime) -> Call:
        """What the source's script is given of a request; credentials are among it, to be compared and not shown."""
        given = {name: Hidden(value) if name in self.hidden else value for name, value in headers.items()}
        return Call(vars=self.variables, headers=given, raw_body=raw_body, body=body, at=at)


def _by_write_key(snapshot: "Snapshot") -> Mapping[str, Endpoint]:
    return {endpoint.write_key: endpoint for endpoint in snapshot.endpoints.values()}


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything that was told up to `epoch`. `states` and `versions` are by stream, for the event store."""

    epoch: int = 0
    states: Mapping[str, Any] = attrs.Factory(dict)
    versions: Mapping[str, int] = attrs.Factory(dict)
    endpoints: Mapping[str, Endpoint] = attrs.Factory(dict)
    keys: Mapping[str, api_keys.ApiKey] = attrs.Factory(dict)
    # A look-up in it takes no constant time, and need not: all that its time could tell is whether the salted hash of a
    # guess is in the table, which says nothing about any of the 192 bits of a key.
    write_keys: Mapping[str, Endpoint] = attrs.field(
        init=False, repr=False, default=attrs.Factory(_by_write_key, takes_self=True)
    )

    def state(self, stream: str) -> Any:
        """The state of a stream, None if there is no such stream."""
        return self.states.get(stream)

    def version(self, stream: str) -> int:
        """How many events a stream has."""
        return self.versions.get(stream, 0)

    def of(self, category: str) -> list[Any]:
        """The states of all streams of a category, in the order of their creation."""
        return [state for stream, state in self.states.items() if streams.category(stream) == category]

    def environments(self) -> list[environments.Environment]:
        """The environments in their order."""
        return sorted(self.of("environment"), key=lambda environment: environment.order)

    def sources(self) -> list[sources.Source]:
        """The sources that are not archived."""
        return [source for source in self.of("source") if source.archived_at is None]


class Catalogue:
    """Keeps the newest snapshot. Safe to use from several threads."""

    def __init__(
        self,
        *,
        store: EventStore,
        make_verifier: MakeVerifier,
        make_write_key: MakeWriteKey,
        covered: Callable[[Configuration], Covered],
        open_variables: OpenVariables,
    ) -> None:
        self._store, self._open_variables = store, open_variables
        self._make_verifier, self._make_write_key, self._covered = make_verifier, make_write_key, covered
        self._lock = threading.Lock()
        self.snapshot = Snapshot()

    def current(self) -> Snapshot:
        """The snapshot of this moment, read anew if anything was edited. Raises Unavailable."""
        epoch = self._store.epoch()
        if epoch != self.snapshot.epoch:
            with self._lock:
                self._catch_up()
        return self.snapshot

    def variables(self, environment: str) -> Mapping[str, Json]:
        """What a script would read of the variables in an environment. Raises Unavailable."""
        return self._open_variables(self.current().of("variable"), environment)

    def _catch_up(self) -> None:
        # The epoch comes first: events after it may be read too, and are then read again, which changes nothing.
        epoch, before = self._store.epoch(), self.snapshot
        news: list[Recorded] = []
        for category in EVOLVE:
            news += self._store.category(category, after=before.epoch)
        states, versions = dict(before.states), dict(before.versions)
        for recorded in sorted(news, key=lambda each: each.position or 0):
            if recorded.version == versions.get(recorded.stream, 0) + 1:
                evolve = EVOLVE[streams.category(recorded.stream)]
                states[recorded.stream] = evolve(states.get(recorded.stream), recorded.event)
                versions[recorded.stream] = recorded.version
        self.snapshot = Snapshot(
            epoch=epoch,
            states=states,
            versions=versions,
            endpoints=self._endpoints(states, before),
            keys={key.digest: key for key in _of(states, "api_key") if key.revoked_at is None},
        )

    def _endpoints(self, states: Mapping[str, Any], before: Snapshot) -> dict[str, Endpoint]:
        endpoints, known = {}, _of(states, "variable")
        # States are compared and not values, since true equals 1 to Python; and secrets are opened only when needed.
        same_variables = known == before.of("variable")
        opened = functools.cache(lambda environment: self._open_variables(known, environment))
        for configuration in _of(states, "configuration"):
            source = states.get(sources.stream(configuration.source))
            if source is None or source.archived_at is not None:
                continue
            present = before.endpoints.get(configuration.token)
            scripted = configuration.settings.preprocess_script is not None
            if present is None or present.configuration != configuration or (scripted and not same_variables):
                present = Endpoint(
                    configuration=configuration,
                    verifier=self._make_verifier(configuration),
                    write_key=self._make_write_key(configuration),
                    variables=opened(configuration.environment) if scripted else {},
                    covered=self._covered(configuration),
                )
            endpoints[configuration.token] = present
        return endpoints


def _of(states: Mapping[str, Any], category: str) -> Sequence[Any]:
    return [state for stream, state in states.items() if streams.category(stream) == category]


class ConfigurationHistory:
    """Configurations as they stood at a version, folded from their streams and remembered; of drafts a few."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._versions: dict[tuple[str, str], list[Configuration]] = {}
        self._drafted = functools.lru_cache(maxsize=DRAFTS)(self._draft)

    def at(self, source: str, environment: str, version: int) -> Configuration:
        """The configuration at a version, which must exist."""
        if source == api_calls.SOURCE:
            return api_calls.configuration(environment)
        known = self._versions.get((source, environment), [])
        if len(known) < version:
            known = self._load(source, environment)
        return known[version - 1]

    def of(self, source: str, pin: Pin) -> Configuration:
        """The configuration that a pin names, which must exist; a draft's edits come on top."""
        if pin.draft is None:
            return self.at(source, pin.environment, pin.version)
        return self._drafted(source, pin, pin.draft)

    def _draft(self, source: str, pin: Pin, draft: str) -> Configuration:
        stood: Configuration | None = self.at(source, pin.environment, pin.version)
        for each in self._store.history(replays.draft_stream(draft)):
            assert isinstance(each.event, configurations.Event)
            stood = configurations.evolve(stood, each.event)
        assert stood is not None
        return stood

    def _load(self, source: str, environment: str) -> list[Configuration]:
        state: Configuration | None = None
        states: list[Configuration] = []
        for recorded in self._store.history(configurations.stream(source, environment)):
            assert isinstance(recorded.event, configurations.Event)
            state = configurations.evolve(state, recorded.event)
            assert state is not None
            states.append(state)
        self._versions[source, environment] = states
        return states
