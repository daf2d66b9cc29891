"""What a server has of workflows, as far as files can speak of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from interfaces.cli.servers import Server

Shown = Mapping[str, Any]
"""A workflow in the API's shape."""


@attrs.frozen(kw_only=True)
class ServerState:
    """The environments of a server, and its workflows by key and then by environment."""

    environments: Sequence[str]
    workflows: Mapping[str, Mapping[str, Shown]]

    def workflow(self, key: str, slug: str) -> Shown | None:
        """A workflow in one environment; None where there is none."""
        return self.workflows.get(key, {}).get(slug)


def fetch(server: Server) -> ServerState:
    """What `server` has. Raises ServerFailed."""
    environments = sorted(each["slug"] for each in server.entries("/v1/environments"))
    found: dict[str, dict[str, Shown]] = {}
    for slug in environments:
        for each in server.entries("/v1/workflows", environment=slug):
            found.setdefault(each["key"], {})[slug] = each
    return ServerState(environments=environments, workflows=found)


def mark(shown: Shown | None) -> int | None:
    """What tells whether a workflow was edited meanwhile."""
    return None if shown is None else int(shown["version"])
