"""What JSON bodies of the account hold: texts, names, and the object that they are about. All raise Malformed."""

from collections.abc import Mapping

from domain.json_values import Json
from interfaces.http.problems import Malformed


def within(asked: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """The object called `name`; a body that is that object itself will do."""
    inner = asked.get(name, asked)
    if not isinstance(inner, Mapping):
        raise Malformed(f"{name} must be an object", name)
    return inner


def name(asked: Mapping[str, Json]) -> str:
    """A name that people can read."""
    found = text(asked, "name")
    if not found.strip():
        raise Malformed("name is empty; give a name that people can read", "name")
    return found


def text(asked: Mapping[str, Json], name: str) -> str:
    """The text called `name`."""
    value = asked.get(name)
    if not isinstance(value, str) or "\0" in value:
        raise Malformed(f"{name} is {value!r}; it must be a text", name)
    return value


def flag(asked: Mapping[str, Json], name: str, field: str) -> bool:
    """True or false, true where nothing is said."""
    value = asked.get(name, True)
    if not isinstance(value, bool):
        raise Malformed(f"{field} is {value!r}; it must be true or false", field)
    return value
