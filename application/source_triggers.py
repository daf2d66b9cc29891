"""Which events of which sources trigger a workflow: the mappings that name it, in one environment."""

import attrs

from application.catalogue import Snapshot
from domain import configurations
from domain.configurations import Configuration
from domain.mapping_edits import MappingUnknown
from domain.mappings import Mapping


@attrs.frozen(kw_only=True)
class SourceTrigger:
    """Events of a source that trigger a workflow, as `mapping` says."""

    source: str
    mapping: Mapping


def of_workflow(snapshot: Snapshot, environment: str, workflow: str) -> list[SourceTrigger]:
    """The source events that trigger a workflow in an environment, also those that are switched off."""
    states = (snapshot.state(configurations.stream(source.key, environment)) for source in snapshot.sources())
    return [
        SourceTrigger(source=state.source, mapping=mapping)
        for state in states
        if isinstance(state, Configuration)
        for mapping in state.mappings
        if mapping.triggers == workflow
    ]


def require(snapshot: Snapshot, environment: str, workflow: str, source: str, mapping_id: str) -> SourceTrigger:
    """One of them. Raises MappingUnknown."""
    for each in of_workflow(snapshot, environment, workflow):
        if (each.source, each.mapping.id) == (source, mapping_id):
            return each
    raise MappingUnknown(
        f"no mapping {mapping_id!r:.100} of source {source!r:.100} triggers workflow {workflow!r} in {environment!r}; "
        f"GET /v1/workflows/{workflow} lists those that do",
        field="mapping_id",
    )
