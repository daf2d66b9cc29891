"""What is different between two versions of a configuration, value by value. Pure.

A configuration is flattened into paths such as `settings.event_type_path` or `mappings.map_1.action_parameters.email`,
and the two are compared path by path; of secrets there is nothing but what may be shown of them.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from domain.configurations import Configuration, Secret
from domain.json_values import OBJECTS, Json, same
from domain.mappings import Mapping as EventMapping
from domain.settings import Settings

Kind = Literal["added", "removed", "changed"]

TOKEN = "token"


@attrs.frozen(kw_only=True)
class Difference:
    """What stands at `path` before and after; None where there is nothing, which `kind` tells from null."""

    path: str
    kind: Kind
    before: Json = None
    after: Json = None


def between(before: Configuration, after: Configuration) -> tuple[Difference, ...]:
    """Every difference, by path; that the address is another one is told without the address."""
    left, right = flattened(before), flattened(after)
    found = [_difference(path, left, right) for path in sorted({*left, *right})]
    if before.token != after.token:
        found.append(Difference(path=TOKEN, kind="changed"))
    return tuple(each for each in found if each is not None)


def _difference(path: str, left: Mapping[str, Json], right: Mapping[str, Json]) -> Difference | None:
    if path not in left:
        return Difference(path=path, kind="added", after=right[path])
    if path not in right:
        return Difference(path=path, kind="removed", before=left[path])
    if same(left[path], right[path]):
        return None
    return Difference(path=path, kind="changed", before=left[path], after=right[path])


def flattened(configuration: Configuration) -> dict[str, Json]:
    """All that a configuration says, by path."""
    shown: dict[str, Json] = {
        "settings": _settings(configuration.settings),
        "mappings": {mapping.id: _mapping(mapping) for mapping in configuration.mappings},
        "secrets": {secret.id: _secret(secret) for secret in configuration.secrets},
    }
    return {path: value for path, value in _leaves("", shown) if path not in shown or value}


def _leaves(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if not isinstance(value, OBJECTS) or not value:
        yield path, value
        return
    for name, member in value.items():
        yield from _leaves(f"{path}.{name}" if path else name, member)


def _settings(settings: Settings) -> dict[str, Json]:
    told = attrs.asdict(settings, recurse=False)
    script = settings.preprocess_script
    verification = {"scheme": settings.verification.scheme, **settings.verification.options}
    return {**told, "verification": verification, "preprocess_script": script and attrs.asdict(script)}


def _mapping(mapping: EventMapping) -> dict[str, Json]:
    return {
        "event_type": mapping.event_type,
        "action_type": mapping.action_type,
        "action_parameters": mapping.configured,
        "active": mapping.active,
    }


def _secret(secret: Secret) -> dict[str, Json]:
    expires = secret.expires_at.isoformat() if secret.expires_at else None
    return {"name": secret.name, "hint": secret.hint, "expires_at": expires}
