"""A delay: until when a run waits at a step."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain import json_values, paths, timestamps, workflow_steps
from domain.json_values import Json
from domain.workflow_steps import Step

UNRESOLVED: Final = "delay_unresolved"
"""The code of a run that fails at a delay which has no end."""


def end(step: Step, context: Mapping[str, Json], at: datetime) -> datetime | None:
    """When a delay that begins `at` is over; None where its path leads to no moment, or to one too far ahead."""
    seconds, path = step.settings.get("seconds"), step.settings.get("until_path")
    if isinstance(seconds, int | float):
        return at + timedelta(seconds=seconds)
    found = paths.resolve(paths.parse(str(path)), context)
    until = None if found is json_values.UNRESOLVED else timestamps.parse(found)
    latest = at + timedelta(seconds=workflow_steps.LONGEST_DELAY)
    return until if until and until <= latest else None
