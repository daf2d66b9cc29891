"""What the gateway is told to do, in memory: environments, keys, sources, configurations, workflows, audiences.

Each snapshot belongs to an epoch, the position of the last edit. Whoever acts on a snapshot names its epoch, and the
event store refuses what was judged under an older one: so an edit is in force for the very next request everywhere.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from application.ports import EventStore
from application.records import Recorded
from domain import api_keys, audiences, configurations, environments, sources, streams, workflows
from domain.configurations import Configuration
from domain.verification import Verifier

EVOLVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "environment": environments.evolve,
    "api_key": api_keys.evolve,
    "source": sources.evolve,
    "configuration": configurations.evolve,
    "workflow": workflows.evolve,
    "audience": audiences.evolve,
}

MakeVerifier = Callable[[Configuration], Verifier]


CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def _hidden(endpoint: "Endpoint") -> frozenset[str]:
    verification = endpoint.configuration.settings.verification
    if verification.scheme != "shared_header":
        return CREDENTIALS
    return CREDENTIALS | {str(verification.options.get("header", "x-webhook-secret")).lower()}


@attrs.frozen(kw_only=True)
class Endpoint:
    """Where a source receives in an environment, ready to judge requests. `hidden` headers are never recorded."""

    configuration: Configuration
    verifier: Verifier
    hidden: frozenset[str] = attrs.field(init=False, default=attrs.Factory(_hidden, takes_self=True))


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything that was told up to `epoch`. `states` and `versions` are by stream, for the event store."""

    epoch: int = 0
    states: Mapping[str, Any] = attrs.Factory(dict)
    versions: Mapping[str, int] = attrs.Factory(dict)
    endpoints: Mapping[str, Endpoint] = attrs.Factory(dict)
    keys: Mapping[str, api_keys.ApiKey] = attrs.Factory(dict)

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

    def __init__(self, *, store: EventStore, make_verifier: MakeVerifier) -> None:
        self._store, self._make_verifier = store, make_verifier
        self._lock = threading.Lock()
        self.snapshot = Snapshot()

    def current(self) -> Snapshot:
        """The snapshot of this moment, read anew if anything was edited. Raises Unavailable."""
        epoch = self._store.epoch()
        if epoch != self.snapshot.epoch:
            with self._lock:
                self._catch_up()
        return self.snapshot

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
        endpoints = {}
        for configuration in _of(states, "configuration"):
            source = states.get(sources.stream(configuration.source))
            if source is None or source.archived_at is not None:
                continue
            present = before.endpoints.get(configuration.token)
            if present is None or present.configuration != configuration:
                present = Endpoint(configuration=configuration, verifier=self._make_verifier(configuration))
            endpoints[configuration.token] = present
        return endpoints


def _of(states: Mapping[str, Any], category: str) -> Sequence[Any]:
    return [state for stream, state in states.items() if streams.category(stream) == category]


class ConfigurationHistory:
    """Configurations as they stood at a version, folded from their streams and remembered."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._versions: dict[tuple[str, str], list[Configuration]] = {}

    def at(self, source: str, environment: str, version: int) -> Configuration:
        """The configuration at a version, which must exist."""
        known = self._versions.get((source, environment), [])
        if len(known) < version:
            known = self._load(source, environment)
        return known[version - 1]

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
