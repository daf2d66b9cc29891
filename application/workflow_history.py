"""What workflows did at a version, folded from their streams and remembered: runs keep to what they started with."""

from application.ports import EventStore
from domain import workflows
from domain.workflows import Definition, Workflow

NOTHING = Definition()


class WorkflowHistory:
    """Safe to use from several threads: at worst, two of them fold the same stream."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._versions: dict[tuple[str, str], list[Definition]] = {}

    def at(self, environment: str, key: str, version: int | None) -> Definition:
        """The definition at a version, which must exist; nothing to do for runs from before there were steps."""
        if version is None:
            return NOTHING
        known = self._versions.get((environment, key), [])
        if len(known) < version:
            known = self._load(environment, key)
        return known[version - 1]

    def _load(self, environment: str, key: str) -> list[Definition]:
        state: Workflow | None = None
        definitions: list[Definition] = []
        for recorded in self._store.history(workflows.stream(environment, key)):
            assert isinstance(recorded.event, workflows.Event)
            state = workflows.evolve(state, recorded.event)
            assert state is not None
            definitions.append(state.definition)
        self._versions[environment, key] = definitions
        return definitions
