"""All projections by name, and the tables that each owns."""

from collections.abc import Callable, Mapping
from importlib import resources

from psycopg.sql import SQL, Composed, Identifier

from infrastructure.projections.accounting import Accounting
from infrastructure.projections.action_log import ActionLog
from infrastructure.projections.applied import Applied
from infrastructure.projections.directory import Directory
from infrastructure.projections.disabled_targets import DisabledTargets
from infrastructure.projections.entity_changes import EntityChanges
from infrastructure.projections.entries import Projection
from infrastructure.projections.event_log import EventLog
from infrastructure.projections.event_types import EventTypes
from infrastructure.projections.forwards import Forwards
from infrastructure.projections.payload_words import PayloadWords
from infrastructure.projections.precedents import Precedents
from infrastructure.projections.replays import Replays
from infrastructure.projections.run_schedule import RunSchedule
from infrastructure.projections.workflows import Workflows

PROJECTIONS: Mapping[str, Callable[[str], Projection]] = {
    "event_log": EventLog,
    "action_log": ActionLog,
    "directory": Directory,
    "entity_changes": EntityChanges,
    "payload_words": PayloadWords,
    "event_types": EventTypes,
    "accounting": Accounting,
    "precedents": Precedents,
    "disabled_targets": DisabledTargets,
    "run_schedule": RunSchedule,  # before the runs: whoever carries one on takes the two in this order too
    "workflows": Workflows,
    "forwards": Forwards,
    "replays": Replays,
    "applied": Applied,
}


def make_all(schema: str) -> list[Projection]:
    """Every projection, with nothing gathered."""
    return [make(schema) for make in PROJECTIONS.values()]


def create_tables(name: str, schema: str) -> Composed:
    """The statements that create the tables of a projection in a schema, where they do not exist."""
    text = resources.files(__package__).joinpath("tables", f"{name}.sql").read_text()
    return SQL(text).format(schema=Identifier(schema))
