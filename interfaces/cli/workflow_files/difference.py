"""The differences between two shapes of a workflow in words: steps are told one by one, texts line by line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.json_values import Json, same
from interfaces.cli.workflow_files.wanted import Shape
from interfaces.cli.yaml_files import lines as words
from interfaces.cli.yaml_files.lines import Line, brief

Steps = Mapping[str, Mapping[str, Any]]
"""Steps by ref, in their order."""


def lines(wanted: Shape, before: Shape) -> Iterator[Line]:
    """How `before` becomes what is `wanted`; before is empty where there is no workflow yet."""
    for part in ("name", "active", "trigger_data_schema", "conditions"):
        if not same(wanted[part], before.get(part, [] if part == "conditions" else None)):
            yield words.changed(part, before.get(part), wanted[part])
    yield from _steps(_by_ref(before.get("steps", [])), _by_ref(wanted["steps"]))


def _by_ref(steps: Any) -> Steps:
    return {each["ref"]: each for each in steps}


def _steps(before: Steps, after: Steps) -> Iterator[Line]:
    yield from (Line("-", f"step {ref}") for ref in before if ref not in after)
    for ref, step in after.items():
        if ref in before:
            yield from _step(ref, before[ref], step)
        else:
            yield Line("+", f"step {ref}: {step['type']} {brief(step['settings'])}{_under(step['conditions'])}")
    if before and list(before) != list(after):
        yield Line("~", f"order of steps: {', '.join(before)} → {', '.join(after)}")


def _under(conditions: Sequence[Json]) -> str:
    return f" if {brief(conditions)}" if conditions else ""


def _step(ref: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Line]:
    for name in ("type", "conditions"):
        if not same(before[name], after[name]):
            yield words.changed(f"step {ref}: {name}", before[name], after[name])
    earlier, later = before["settings"], after["settings"]
    for name in {**earlier, **later}:
        if name not in earlier or name not in later or not same(earlier[name], later[name]):
            yield from _setting(f"step {ref}: {name}", earlier.get(name), later.get(name))


def _setting(name: str, before: Json, after: Json) -> Iterator[Line]:
    texts = isinstance(before, str) and isinstance(after, str)
    if texts and ("\n" in str(before) or "\n" in str(after)):
        yield from words.text_lines(name, str(before), str(after))
    else:
        yield words.changed(name, before, after)
