"""From the API's shape of a workflow to what it does: every template, address and schema is checked when it is told."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from application.ports import Renderer, Sender
from domain import conditions, errors, workflow_steps
from domain.json_values import OBJECTS, Json, a_type
from domain.workflow_steps import Step, StepInvalid
from domain.workflows import Definition

FIELD: Final = "workflow"
NAMES: Final = ("steps", "conditions", "trigger_data_schema")


@attrs.frozen(kw_only=True)
class WorkflowEdits:
    """`require_schema` raises Refused for what is no JSON Schema."""

    renderer: Renderer
    sender: Sender
    require_schema: Callable[[Mapping[str, Json]], None]

    def definition(self, told: Mapping[str, Json], present: Definition) -> Definition | None:
        """What the workflow is to do; what is not told stays as it is at `present`. None when nothing of it is told.

        Raises Refused, naming the place.
        """
        if not any(name in told for name in NAMES):
            return None
        wanted = present
        if "steps" in told:
            wanted = attrs.evolve(wanted, steps=workflow_steps.parse(told["steps"], f"{FIELD}.steps"))
            for index, step in enumerate(wanted.steps):
                self._check(step, f"{FIELD}.steps[{index}]")
        if "conditions" in told:
            asked = conditions.parse(told["conditions"], f"{FIELD}.conditions")
            wanted = attrs.evolve(wanted, conditions=asked)
        if "trigger_data_schema" in told:
            wanted = attrs.evolve(wanted, trigger_data_schema=self._schema(told["trigger_data_schema"]))
        return wanted

    def _schema(self, raw: Json) -> Mapping[str, Json] | None:
        if raw is None:
            return None
        if not isinstance(raw, OBJECTS):
            place = f"{FIELD}.trigger_data_schema"
            raise StepInvalid(f"{place} is {a_type(raw)}; it must be a JSON Schema, an object", field=place)
        self.require_schema(raw)
        return raw

    def _check(self, step: Step, place: str) -> None:
        for name, template in workflow_steps.templates(step):
            _at(f"{place}.{name}", self._check_template, template)
        url = step.settings.get("url")
        if isinstance(url, str) and "{{" not in url and "{%" not in url:
            _at(f"{place}.settings.url", lambda _: self.sender.check(url), url)

    def _check_template(self, template: Json) -> None:
        if isinstance(template, str):
            self.renderer.check(template)
        else:
            self.renderer.check_body(template)


def _at(place: str, check: Callable[[Json], None], value: Json) -> None:
    """Let a refusal name the place."""
    try:
        check(value)
    except errors.Refused as refusal:
        raise StepInvalid(f"{place}: {refusal}", field=place) from refusal
