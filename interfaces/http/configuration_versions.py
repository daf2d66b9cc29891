"""Configurations through time: their versions, one as it stood, and what is different between two."""

from typing import Any

from litestar import Response, get

from application.configuration_versions import Version, Which
from application.gateway import Gateway
from interfaces.http import callers, rendering, shapes
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

DIGITS = 9
"""Of a version's number, at most."""


@get("/v1/sources/{key:str}/versions", sync_to_thread=True, summary="Versions of a configuration")
def list_versions(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """Every version of a source's configuration in an environment with the edit that made it, the latest first."""
    environment = _environment(request, gateway)
    versions = gateway.configuration_versions.versions(key, environment)
    if not versions:
        raise Missing(f"source {key!r} in environment {environment!r}")
    return rendering.answer(rendering.only_page([_edit(each) for each in reversed(versions)]))


@get("/v1/sources/{key:str}/versions/{version:str}", sync_to_thread=True, summary="A configuration as it stood")
def get_version(request: AnyRequest, gateway: Gateway, key: str, version: str) -> Response[bytes]:
    """A configuration at a version, or as it was in force at a time."""
    environment = _environment(request, gateway)
    found = gateway.configuration_versions.version(key, environment, _which(version, "version"))
    state = found.configuration
    return rendering.answer(
        {
            **_edit(found),
            "source": key,
            "environment": environment,
            "settings": {**shapes.settings(state.settings), "secrets": [shapes.secret(each) for each in state.secrets]},
            "mappings": [shapes.mapping(each) for each in state.mappings],
        }
    )


@get("/v1/sources/{key:str}/diff", sync_to_thread=True, summary="What is different between two versions")
def get_diff(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """`from` and `to`, each a version or a time, `to` by default the present; with the edits in between."""
    environment = _environment(request, gateway)
    first, last = callers.text(request, "from"), callers.text(request, "to")
    if not first:
        raise Malformed("from is missing; name a version or a time, as ?from=3&to=5", "from")
    to = _which(last, "to") if last else None
    compared = gateway.configuration_versions.comparison(key, environment, _which(first, "from"), to)
    return rendering.answer(
        {
            "source": key,
            "environment": environment,
            "from": _edit(compared.before),
            "to": _edit(compared.after),
            "differences": [
                {"path": each.path, "kind": each.kind, "before": each.before, "after": each.after}
                for each in compared.differences
            ],
            "edits": [_edit(each) for each in compared.edits],
        }
    )


def _environment(request: AnyRequest, gateway: Gateway) -> str:
    who, snapshot = callers.caller(request, gateway, "read")
    return callers.the_environment(request, who, snapshot)


def _which(text: str, field: str) -> Which:
    if text.isascii() and text.isdigit() and len(text) <= DIGITS:
        return int(text)
    return callers.as_time(text, field, "a version's number or a time such as 2026-01-15T12:00:00Z")


def _edit(version: Version) -> dict[str, Any]:
    edit = version.edit
    return {
        "version": version.configuration.version,
        "change": edit.change,
        "edited_at": edit.at,
        "edited_by": edit.actor,
        "reason": edit.reason,
    }


HANDLERS = [list_versions, get_version, get_diff]
