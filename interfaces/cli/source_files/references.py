"""References to secrets: what stands in a file in a secret's place, and the secret that it leads to.

Secrets are read at the last moment and never written, shown or put into a message.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import attrs

from domain.json_values import OBJECTS, Json
from interfaces.cli.yaml_files.findings import Spot
from interfaces.cli.yaml_files.yaml_text import Inline

PREFIX = "HOOKLEDGER_SECRET_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
LONGEST_FILE = 65_536


@attrs.frozen
class Reference:
    """Leads to a secret: the environment variable or the file of this name."""

    kind: Literal["env", "file"]
    name: str

    def __str__(self) -> str:
        return f"${self.name}" if self.kind == "env" else f"the file {self.name}"

    def document(self) -> Inline:
        """As it stands in a file."""
        return Inline({self.kind: self.name})


class Unresolved(Exception):
    """The reference leads to no secret; the words say why."""


def parse(value: Json) -> Reference | None:
    """The reference that `value` is; None if it is none."""
    match value:
        case {"env": str(name), **others} if not others and _NAME.match(name):
            return Reference("env", name)
        case {"file": str(name), **others} if not others and name.strip() and "\0" not in name:
            return Reference("file", name)
    return None


def read(spot: Spot, proposed: str) -> Reference | None:
    """The reference at `spot`; a literal, whatever it is, is refused without being shown."""
    found = parse(spot.value)
    if found is None:
        spot.refuse(
            f"must be {{env: NAME}}, such as {{env: {proposed}}}, or {{file: path}}: a secret never stands in a file, "
            "only where it is found"
        )
    return found


def resolve(reference: Reference, environ: Mapping[str, str], directory: Path) -> str:
    """The secret. Raises Unresolved."""
    if reference.kind == "env":
        value = environ.get(reference.name, "")
        if not value:
            state = "is empty" if reference.name in environ else "is not set"
            raise Unresolved(f"leads to the environment variable {reference.name}, which {state}; set it to the secret")
        return value
    return _in_file(reference.name, directory)


def _in_file(name: str, directory: Path) -> str:
    place = directory / name
    try:
        with place.open("rb") as file:
            value = file.read(LONGEST_FILE).decode().rstrip("\r\n")
    except OSError as error:
        raise Unresolved(f"leads to {place}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unresolved(f"leads to {place}, which is not text") from error
    if not value:
        raise Unresolved(f"leads to {place}, which is empty; write the secret into it")
    return value


def propose(words: Iterable[str]) -> str:
    """The name of an environment variable made of `words`, such as HOOKLEDGER_SECRET_STRIPE_PRODUCTION."""
    return PREFIX + "_".join(re.sub(r"[^A-Za-z0-9]", "_", word) for word in words)


def secret_name(source: str, environment: str, name: str) -> str:
    """The variable that is proposed for a secret of a source."""
    last = () if name == "signing_secret" else (name,)
    return propose(word.upper() for word in (source, environment, *last))


def variable_name(key: str, environment: str | None) -> str:
    """The variable that is proposed for the value of a secret variable; its key stays as it is written."""
    return propose(("VARIABLE", key, *((environment.upper(),) if environment else ())))


@attrs.frozen
class Names:
    """Proposes references, never two of the same name; `kept` are those that the files have already, by place."""

    kept: Mapping[tuple[str, ...], Reference] = attrs.Factory(dict)
    taken: set[str] = attrs.Factory(set)

    def __call__(self, owner: tuple[str, ...], first: str) -> Reference:
        """The reference to the secret of `owner`: the one that the files have, or else a variable of a free name."""
        if owner in self.kept:
            return self.kept[owner]
        others = {each.name for each in self.kept.values()} | self.taken
        name = next(each for each in _numbered(first) if each not in others)
        self.taken.add(name)
        return Reference("env", name)


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def found_in(document: Json) -> dict[tuple[str, ...], Reference]:
    """Every reference in the file of a source or of the variables, by the keys that lead to it."""
    found: dict[tuple[str, ...], Reference] = {}
    for name, value in document.items() if isinstance(document, OBJECTS) else ():
        reference = parse(value)
        if reference is not None:
            found[(name,)] = reference
        else:
            found |= {(name, *keys): each for keys, each in found_in(value).items()}
    return found
