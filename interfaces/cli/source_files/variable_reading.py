"""The file of the account's variables, read and checked as far as that can be done without a server."""

import re

from domain import errors, variable_texts
from domain.variables import LONGEST_KEY
from interfaces.cli.source_files import references
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.wanted import Variable
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import Spot

MEMBERS = ("type", "description", "value", "environments")
TYPES = ("public", "secret")
_KEY = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_KEY - 1}}}\Z")

Values = dict[str | None, Spot]


def read(spot: Spot) -> dict[str, Variable]:
    """The variables by key; their mistakes go to the spot's problems."""
    return {key: _variable(key, each) for key, each in spot.each()}


def _variable(key: str, spot: Spot) -> Variable:
    if not _KEY.match(key):
        spot.refuse(f"must be 1 to {LONGEST_KEY} letters, digits or '_', not beginning with a digit")
    given = spot.members(MEMBERS)
    values: Values = {None: given["value"]} if "value" in given else {}
    if "environments" in given:
        values |= dict(given["environments"].each())
    secret = _is_secret(given.get("type"), values)
    read_each = {place: _reference(key, place, each) if secret else _text(each) for place, each in values.items()}
    return Variable(
        key=key,
        type="secret" if secret else "public",
        description=findings.optional(given, "description"),
        values={place: value for place, value in read_each.items() if value is not None},
        spot=spot,
    )


def _is_secret(told: Spot | None, values: Values) -> bool:
    """A variable is secret if it says so, or if it says nothing and one of its values is a reference."""
    if told is not None and told.value not in TYPES:
        told.refuse(f"must be {' or '.join(TYPES)}")
    if told is not None:
        return told.value != "public"
    return any(references.parse(each.value) is not None for each in values.values())


def _reference(key: str, environment: str | None, spot: Spot) -> Reference | None:
    return references.read(spot, references.variable_name(key, environment))


def _text(spot: Spot) -> str | None:
    """The text of a public value: of anything but a text its JSON, as the server keeps it."""
    if references.parse(spot.value) is not None:
        spot.refuse("is a reference, which only a variable of type: secret may have")
        return None
    if spot.value is None:
        spot.refuse("is null; leave it out, or write 'null' in quotes for the JSON value")
        return None
    try:
        return variable_texts.check(variable_texts.text_of(spot.value), field=str(spot))
    except errors.Refused as refused:
        spot.quote(str(refused))
        return None
