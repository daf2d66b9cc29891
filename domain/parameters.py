"""A mapping's parameters: where each value of an action comes from. Knows nothing of what the actions do with them.

    "body.data.object.id"  or  {"path": "body.data.object.id"}      the value at a path
    {"value": "workspaces"}                                         a constant: any JSON value
    {"template": "amplitude-{{ body.cohort_id }}"}                  a string with holes
    {"paths": ["body.user_id", "body.device_id"]}                   the first of these that is there and not null

Where a parameter takes a map (`data`, `properties`), any other object is a map of parameters, nested up to 8 deep. An
object with the single member `path` or `template` that is a string, `paths` that is a list, or `value` is the tagged
form; so a map whose only member is called `path` reads `{"path": {"path": "body.x"}}`, and one whose only member is
called `value` cannot be written.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, TypeVar, assert_never

import attrs

from domain import errors, paths, templating
from domain.json_values import LISTS, OBJECTS, Json, type_name
from domain.paths import UNRESOLVED, Context, Path, Unresolved
from domain.templating import Template

MAX_PATHS: Final = 8
MAX_DEPTH: Final = 8

# What tells the tagged form from a map with a member of that name.
_FORMS: Final[Mapping[str, type | tuple[type, ...]]] = {"path": str, "value": object, "template": str, "paths": LISTS}

T = TypeVar("T")


@attrs.frozen
class FromPath:
    """The value at `path`."""

    path: Path


@attrs.frozen
class Constant:
    """The same value for every webhook."""

    value: Json


@attrs.frozen
class FromTemplate:
    """The text that `template` renders to."""

    template: Template


@attrs.frozen
class FirstOf:
    """The first value that is there and not null."""

    paths: tuple[Path, ...]


@attrs.frozen
class Fields:
    """An object made of one parameter per member, in the order given; members that do not resolve are left out."""

    members: tuple[tuple[str, "Parameter"], ...]


Parameter: TypeAlias = FromPath | Constant | FromTemplate | FirstOf | Fields


@attrs.frozen
class Resolution:
    """A value and where it came from.

    `origin` is `{"path": text}`, of several paths the one that won (if none did, `{"paths": [text, …]}`);
    `{"constant": true}`; `{"template": text, "paths": [text, …]}`; or a map of these for the members that resolved.
    """

    value: Json | Unresolved
    origin: Json


class ParameterInvalid(errors.Refused):
    """What stands in the configuration is no parameter; `field` says where."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)


def resolve(parameter: Parameter, context: Context) -> Resolution:
    """The value of `parameter` for one webhook; never raises."""
    match parameter:
        case FromPath():
            return Resolution(paths.resolve(parameter.path, context), {"path": parameter.path.text})
        case Constant():
            return Resolution(parameter.value, {"constant": True})
        case FromTemplate(template):
            origin: Json = {"template": template.text, "paths": [path.text for path in template.paths]}
            return Resolution(templating.render(template, context), origin)
        case FirstOf():
            return _first(parameter.paths, context)
        case Fields():
            return _fields(parameter, context)
        case _:
            assert_never(parameter)


def paths_of(parameter: Parameter) -> tuple[Path, ...]:
    """Every path that `parameter` may look at, in order."""
    match parameter:
        case FromPath():
            return (parameter.path,)
        case Constant():
            return ()
        case FromTemplate():
            return parameter.template.paths
        case FirstOf():
            return parameter.paths
        case Fields():
            return tuple(path for _, member in parameter.members for path in paths_of(member))


def as_json(parameter: Parameter) -> Json:
    """The stored form, always tagged: `parse` with `nested` reads it back as an equal parameter."""
    match parameter:
        case FromPath():
            return {"path": parameter.path.text}
        case Constant():
            return {"value": parameter.value}
        case FromTemplate():
            return {"template": parameter.template.text}
        case FirstOf():
            return {"paths": [path.text for path in parameter.paths]}
        case Fields():
            return {name: as_json(member) for name, member in parameter.members}


def parse(raw: Json, *, field: str, literal: bool = False, nested: bool = False) -> Parameter:
    """The parameter that stands at `field` of a configuration; raises ParameterInvalid, which names the place.

    With `literal` a plain string is a constant, as a workflow's `key` is; with `nested` a map of parameters may stand.
    """
    if literal and isinstance(raw, str):
        return Constant(raw)
    return _parse(raw, field, levels=MAX_DEPTH if nested else 0)


def _parse(raw: Json, field: str, *, levels: int) -> Parameter:
    if isinstance(raw, str):
        return FromPath(_read(paths.parse, raw, field))
    if not isinstance(raw, OBJECTS):
        raise ParameterInvalid(field, f'{type_name(raw)} found; write {{"value": …}} for a constant')
    tag = next(iter(raw)) if len(raw) == 1 else ""
    if tag in _FORMS and (not levels or isinstance(raw[tag], _FORMS[tag])):
        return _tagged(tag, raw[tag], f"{field}.{tag}")
    if not levels:
        # Said of both a parameter that takes no map and a map nested too deep.
        found = ", ".join(map(repr, [*raw][:5])) or "nothing"
        raise ParameterInvalid(field, f"exactly one of path, value, template or paths expected here, {found} found")
    return Fields(tuple((name, _parse(member, f"{field}.{name}", levels=levels - 1)) for name, member in raw.items()))


def _tagged(tag: str, raw: Json, field: str) -> Parameter:
    match tag:
        case "value":
            return Constant(raw)
        case "template":
            return FromTemplate(_read(templating.parse, raw, field))
        case "path":
            return FromPath(_read(paths.parse, raw, field))
    if not isinstance(raw, LISTS) or not 1 <= len(raw) <= MAX_PATHS:
        raise ParameterInvalid(field, f"a list of 1 to {MAX_PATHS} paths expected")
    return FirstOf(tuple(_read(paths.parse, path, f"{field}[{index}]") for index, path in enumerate(raw)))


def _read(read: Callable[[str], T], raw: Json, field: str) -> T:
    if not isinstance(raw, str):
        raise ParameterInvalid(field, f"a string expected, {type_name(raw)} found")
    try:
        return read(raw)
    except errors.Refused as problem:
        raise ParameterInvalid(field, str(problem)) from problem


def _first(candidates: tuple[Path, ...], context: Context) -> Resolution:
    for path in candidates:
        value = paths.resolve(path, context)
        if value is not None and value is not UNRESOLVED:
            return Resolution(value, {"path": path.text})
    return Resolution(UNRESOLVED, {"paths": [path.text for path in candidates]})


def _fields(parameter: Fields, context: Context) -> Resolution:
    values: dict[str, Json] = {}
    origins: dict[str, Json] = {}
    for name, member in parameter.members:
        resolution = resolve(member, context)
        if not isinstance(resolution.value, Unresolved):
            values[name], origins[name] = resolution.value, resolution.origin
    return Resolution(values, origins)
