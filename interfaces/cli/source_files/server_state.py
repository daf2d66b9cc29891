"""What a server has of sources and variables, as far as files can speak of it."""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from domain.json_values import Json
from interfaces.cli.servers import Server
from interfaces.cli.source_files import comparing
from interfaces.cli.source_files.comparing import Shown


@attrs.frozen(kw_only=True)
class ServerState:
    """Sources and variables by key, in the API's shape; `variables` is None where the server knows none.

    `settings_of` are the default settings of each of `templates` that a source or a file is made from.
    """

    sources: Mapping[str, Shown]
    environments: Sequence[str]
    templates: Sequence[str]
    settings_of: Mapping[str, Mapping[str, Json]]
    variables: Mapping[str, Shown] | None

    def defaults(self, template: str | None) -> Mapping[str, Json]:
        """The settings that a template gives; none of a template that is no more."""
        return self.settings_of.get(template or "", {})


def fetch(server: Server, templates: Iterable[str] = ()) -> ServerState:
    """What `server` has, with the settings of these templates too. Raises ServerFailed."""
    sources = _by_key(server.entries("/v1/sources", include="environment_settings"))
    known = [each["key"] for each in server.entries("/v1/source_providers")]
    used = {*templates, *(each["preconfigured_provider"] for each in sources.values())}.intersection(known)
    providers = {key: server.ask("GET", f"/v1/source_providers/{key}") for key in sorted(used)}
    return ServerState(
        sources=sources,
        environments=[each["slug"] for each in server.entries("/v1/environments")],
        templates=known,
        settings_of={key: comparing.defaults(provider) for key, provider in providers.items()},
        variables=_variables(server),
    )


def _variables(server: Server) -> Mapping[str, Shown] | None:
    found = server.find("/v1/variables")
    return None if found is None else _by_key(found["entries"])


def _by_key(entries: Sequence[Shown]) -> dict[str, Shown]:
    return {each["key"]: each for each in entries}


def source_mark(shown: Shown | None) -> Json:
    """What tells whether a source was edited meanwhile: the versions of its environments, and what it is called."""
    if shown is None:
        return None
    versions = {slug: each["version"] for slug, each in shown["environment_settings"].items()}
    return {"versions": versions, **{name: shown[name] for name in ("name", "description", "custom_image_url")}}


def variable_mark(shown: Shown | None) -> Json:
    """What tells whether a variable was edited meanwhile."""
    return None if shown is None else str(shown["updated_at"])
