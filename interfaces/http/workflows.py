"""Workflows as they are defined, and the source events that trigger them."""

from typing import Any

from litestar import Response, get, put

from application import source_triggers
from application.catalogue import Snapshot
from application.gateway import Gateway
from application.source_triggers import SourceTrigger
from domain import workflows
from domain.workflows import Workflow
from interfaces.http import bodies, callers, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@get("/v1/workflows", sync_to_thread=True, summary="List workflows")
def list_workflows(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The workflows of an environment."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.the_environment(request, who, snapshot)
    entries = [_shape(each, snapshot) for each in snapshot.of("workflow") if each.environment == slug]
    return rendering.answer(rendering.only_page(entries))


@get("/v1/workflows/{key:str}", sync_to_thread=True, summary="Get a workflow")
def get_workflow(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """One workflow, with the source events that trigger it."""
    who, snapshot = callers.caller(request, gateway, "read")
    found = _workflow(snapshot, callers.the_environment(request, who, snapshot), key)
    return rendering.answer(_shape(found, snapshot))


@put("/v1/workflows/{key:str}", sync_to_thread=True, summary="Define a workflow")
def put_workflow(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{workflow: {name, active?, steps?, conditions?, trigger_data_schema?}}`; active unless told otherwise.

    Of the rest, what is left out stays as it is.
    """
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    asked = bodies.within(callers.json_body(gateway, body), "workflow")
    defined = gateway.managing.define_workflow(
        environment=slug,
        key=key,
        name=bodies.text(asked, "name"),
        active=bodies.flag(asked, "active", "workflow.active"),
        actor=who.key_id,
        told=asked,
    )
    return rendering.answer(rendering.wrapped("workflow", _shape(defined, gateway.catalogue.snapshot)))


@put(
    "/v1/workflows/{key:str}/triggers/{source:str}/{mapping_id:str}",
    sync_to_thread=True,
    summary="Switch a source event of a workflow on or off",
)
def toggle_trigger(
    request: AnyRequest, gateway: Gateway, key: str, source: str, mapping_id: str, body: bytes
) -> Response[bytes]:
    """`{active}`: whether events of a source trigger the workflow in this environment, from the next webhook on."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    asked = callers.json_body(gateway, body)
    if "active" not in asked:
        raise Malformed("active is missing; it must be true or false", "active")
    toggled = gateway.managing.toggle_trigger(
        workflow=_workflow(snapshot, slug, key).key,
        environment=slug,
        source=source,
        mapping_id=segments.decoded(mapping_id),
        active=bodies.flag(asked, "active", "active"),
        actor=who.key_id,
        reason=callers.reason(request),
    )
    return rendering.answer(_trigger(toggled))


def _workflow(snapshot: Snapshot, environment: str, key: str) -> Workflow:
    found: Workflow | None = snapshot.state(workflows.stream(environment, key))
    if found is None:
        raise Missing(f"workflow {key!r}")
    return found


def _shape(shown: Workflow, snapshot: Snapshot) -> dict[str, Any]:
    triggers = source_triggers.of_workflow(snapshot, shown.environment, shown.key)
    return {
        "key": shown.key,
        "name": shown.name,
        "active": shown.active,
        "environment": shown.environment,
        "version": shown.version,
        **workflows.as_json(shown.definition),
        "source_triggers": [_trigger(each) for each in triggers],
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


def _trigger(shown: SourceTrigger) -> dict[str, Any]:
    mapping = shown.mapping
    return {
        "source": shown.source,
        "event_type": mapping.event_type,
        "mapping_id": mapping.id,
        "active": mapping.active,
    }


HANDLERS = [list_workflows, get_workflow, put_workflow, toggle_trigger]
