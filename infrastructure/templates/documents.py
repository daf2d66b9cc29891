"""Read the YAML of a template file as the JSON that it stands for.

YAML 1.1 guesses: `on` is true, `2024-01-15` a date, `12:30` the number 750. Here plain text stays text unless JSON
would read it as null, true, false or a number; keys are always text, and a key given twice is refused instead of the
first one being dropped. Everything else is PyYAML's safe loader.
"""

import re
from typing import Any

import yaml

from domain.errors import Refused
from domain.json_values import Json

_TEXT = "tag:yaml.org,2002:str"
_SCALARS = (
    ("null", r"(?:null)?"),
    ("bool", r"true|false"),
    ("int", r"-?(?:0|[1-9][0-9]*)"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"),
)
# Under None stand those that PyYAML tries on plain text whatever it begins with.
_RESOLVERS = {None: [(f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{pattern})\Z")) for kind, pattern in _SCALARS]}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _RESOLVERS

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                raise yaml.constructor.ConstructorError(problem="a key must be text", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(text: str) -> Json:
    """The JSON value that `text` writes in YAML. Raises `Refused`, which says where it is no YAML."""
    try:
        document: Json = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Refused(f"it is not YAML as templates write it{where}: {problem.problem}") from problem
    except yaml.YAMLError as problem:
        raise Refused(f"it is not YAML: {problem}") from problem
    return document
