"""The steps of a workflow: what a run waits for and delivers, one after the other, each under its conditions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import attrs

from domain import conditions, errors, slugs
from domain.conditions import Condition
from domain.json_values import LISTS, OBJECTS, Json, a_type

MOST: Final = 50
LONGEST_DELAY: Final = 366 * 86_400
"""Seconds that a delay may last, whichever way it is told."""

RECIPIENTS_ADDRESS: Final = "{{ recipient.email }}"

Type = Literal["delay", "webhook", "email"]


class StepInvalid(errors.Refused):
    """A step that cannot be: its name, its type or one of its settings."""


@attrs.frozen(kw_only=True)
class Step:
    """`ref` names the step within its workflow. `settings` are those of its type, checked. Made by `parse` only.

    - delay: `{seconds}` or `{until_path}`
    - webhook: `{url, body, headers?, secret?}`; `secret` is the key of a secret variable
    - email: `{to, subject, text, html?}`
    """

    ref: str
    type: Type
    settings: Mapping[str, Json]
    conditions: tuple[Condition, ...] = ()


def parse(raw: Json, field: str) -> tuple[Step, ...]:
    """A list of `{ref, type, settings, conditions?}`. Raises StepInvalid, naming the place."""
    if not isinstance(raw, LISTS) or len(raw) > MOST:
        raise StepInvalid(f"{field} must be a list of at most {MOST} steps", field=field)
    steps = tuple(_parse_one(each, f"{field}[{index}]") for index, each in enumerate(raw))
    refs = [step.ref for step in steps]
    for index, ref in enumerate(refs):
        if ref in refs[:index]:
            place = f"{field}[{index}].ref"
            raise StepInvalid(
                f"{place} is {ref!r}, as of an earlier step; each step needs a ref of its own", field=place
            )
    return steps


def as_json(step: Step) -> dict[str, Json]:
    """What `parse` reads."""
    shown: dict[str, Json] = {"ref": step.ref, "type": step.type, "settings": step.settings}
    return {**shown, "conditions": [conditions.as_json(each) for each in step.conditions]}


def templates(step: Step) -> Iterator[tuple[str, Json]]:
    """Each template of a step, and each structure of templates, with its place within the step."""
    for name, value in step.settings.items():
        if name == "headers":
            assert isinstance(value, Mapping)
            yield from ((f"settings.headers.{header}", text) for header, text in value.items())
        elif name in TEMPLATES:
            yield f"settings.{name}", value


TEMPLATES: Final = frozenset({"url", "body", "to", "subject", "text", "html"})


def _parse_one(raw: Json, field: str) -> Step:
    if not isinstance(raw, OBJECTS):
        raise StepInvalid(f"{field} is {a_type(raw)}; it must be {{ref, type, settings}}", field=field)
    ref = raw.get("ref")
    if not isinstance(ref, str):
        raise StepInvalid(f"{field}.ref is {a_type(ref)}; give the step a name of its own", field=f"{field}.ref")
    kind, given = raw.get("type"), raw.get("settings")
    if not isinstance(kind, str) or kind not in KINDS:
        raise StepInvalid(f"{field}.type is {kind!r}; it must be one of {', '.join(KINDS)}", field=f"{field}.type")
    if not isinstance(given, OBJECTS):
        raise StepInvalid(f"{field}.settings is {a_type(given)}; it must be an object", field=f"{field}.settings")
    names, read = KINDS[kind]
    _only(given, names, f"{field}.settings")
    return Step(
        ref=slugs.check(ref, field=f"{field}.ref"),
        type=kind,  # type: ignore[arg-type]
        settings=read(given, f"{field}.settings"),
        conditions=conditions.parse(raw.get("conditions"), f"{field}.conditions"),
    )


def _only(given: Mapping[str, Json], names: tuple[str, ...], field: str) -> None:
    for name in given:
        if name not in names:
            raise StepInvalid(f"{field}.{name} is unknown; there are {', '.join(names)}", field=f"{field}.{name}")


def _delay(given: Mapping[str, Json], field: str) -> dict[str, Json]:
    if ("seconds" in given) == ("until_path" in given):
        raise StepInvalid(f"{field} needs one of seconds and until_path", field=field)
    if "until_path" in given:
        return {"until_path": conditions.check_path(given["until_path"], f"{field}.until_path")}
    seconds, place = given["seconds"], f"{field}.seconds"
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= LONGEST_DELAY:
        raise StepInvalid(f"{place} is {seconds!r}; it must be a number from 0 to {LONGEST_DELAY}", field=place)
    return {"seconds": seconds}


def _webhook(given: Mapping[str, Json], field: str) -> dict[str, Json]:
    headers, secret = given.get("headers"), given.get("secret")
    read: dict[str, Json] = {"url": _text(given, "url", field), "body": given.get("body", {})}
    if headers:
        if not isinstance(headers, OBJECTS):
            raise StepInvalid(f"{field}.headers is {a_type(headers)}; it must be an object", field=f"{field}.headers")
        read["headers"] = {name: _text(headers, name, f"{field}.headers") for name in headers}
    if secret is not None:
        read["secret"] = _text(given, "secret", field)
    return read


def _email(given: Mapping[str, Json], field: str) -> dict[str, Json]:
    read: dict[str, Json] = {"to": RECIPIENTS_ADDRESS if given.get("to") is None else _text(given, "to", field)}
    read |= {name: _text(given, name, field) for name in ("subject", "text")}
    if given.get("html") is not None:
        read["html"] = _text(given, "html", field)
    return read


def _text(given: Mapping[str, Json], name: str, field: str) -> str:
    value, place = given.get(name), f"{field}.{name}"
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        shown = "empty" if isinstance(value, str) else a_type(value)
        raise StepInvalid(f"{place} is {shown}; it must be a text", field=place)
    return value


KINDS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Json], str], dict[str, Json]]]]] = {
    "delay": (("seconds", "until_path"), _delay),
    "webhook": (("url", "body", "headers", "secret"), _webhook),
    "email": (("to", "subject", "text", "html"), _email),
}
