"""Sources and their templates, field by field as Knock's management API has them."""

from datetime import timedelta
from typing import Any

from litestar import Response, delete, get, post, put

from application.catalogue import Snapshot
from application.gateway import Gateway
from application.queries import LogFilter
from application.rehearsing import Rehearsal
from domain import configurations, webhooks
from domain import sources as domain_sources
from domain.sources import Source
from interfaces.http import callers, rendering, shapes
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

STATUS_DAYS = 30


@get("/v1/sources", sync_to_thread=True, summary="List sources")
def list_sources(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Every source; settings and mappings with `include=environment_settings` or an `environment`."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.environment(request, who, snapshot, required=False)
    include = callers.included(request, "environment_settings")
    entries = [
        shapes.source(gateway, snapshot, each, [slug] if slug else None if include else [])
        for each in snapshot.sources()
    ]
    return rendering.answer({"entries": entries})


@get("/v1/sources/{key:str}", sync_to_thread=True, summary="Get a source")
def get_source(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """A source with its settings and mappings, in one environment or in all."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.environment(request, who, snapshot, required=False)
    return rendering.answer(shapes.source(gateway, snapshot, _source(snapshot, key), [slug] if slug else None))


@put("/v1/sources/{key:str}", sync_to_thread=True, summary="Connect a source, or change it")
def put_source(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{source: {name, description?, preconfigured_provider?, environment_settings: {slug: {settings, mappings}}}}`.

    Settings that are not named stay as they are; `mappings`, where given, are all the mappings from then on.
    """
    who, _ = callers.caller(request, gateway, "edit")
    shown = gateway.managing.put_source(key=key, body=callers.json_body(gateway, body), actor=who.key_id)
    return rendering.answer(rendering.wrapped("source", shapes.source(gateway, gateway.catalogue.snapshot, shown)))


@delete("/v1/sources/{key:str}", sync_to_thread=True, status_code=204, summary="Archive a source")
def archive_source(request: AnyRequest, gateway: Gateway, key: str) -> None:
    """Its addresses are unknown from now on; its logs stay."""
    who, _ = callers.caller(request, gateway, "edit")
    gateway.managing.archive_source(key=key, actor=who.key_id)


@post("/v1/sources/{key:str}/rotate_token", sync_to_thread=True, status_code=200, summary="Rotate an address")
def rotate_token(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """Give the source another address in an environment; the old one is unknown at once."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    rotated = gateway.managing.rotate_token(source=_source(snapshot, key).key, environment=slug, actor=who.key_id)
    return rendering.answer(shapes.environment_settings(gateway, rotated))


@get("/v1/sources/{key:str}/status", sync_to_thread=True, summary="Activity of a source")
def status(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """What a source received in the last 30 days."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.the_environment(request, who, snapshot)
    state = _configuration(snapshot, key, slug)
    seen = gateway.overviews.status(key, slug, since=gateway.clock() - timedelta(days=STATUS_DAYS))
    return rendering.answer({**seen, "mappings_count": len(state.mappings), "mappings_requiring_commit": []})


@get("/v1/sources/{key:str}/events", sync_to_thread=True, summary="Known event types")
def events(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """The event types that the source has received, the latest first."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.the_environment(request, who, snapshot)
    _configuration(snapshot, key, slug)
    return rendering.answer({"entries": gateway.overviews.event_types(key, slug)})


@get("/v1/sources/{key:str}/logs", sync_to_thread=True, summary="Logs of a source, in Knock's shape")
def logs(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """`{id, event, data, preprocess_output, source, verification_status, inserted_at, actions?}`, newest first."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.the_environment(request, who, snapshot)
    _configuration(snapshot, key, slug)
    wanted = LogFilter(
        environment=slug,
        source=key,
        event_type=callers.text(request, "event"),
        starting_at=callers.time(request, "starting_at"),
        ending_at=callers.time(request, "ending_at"),
    )
    page = gateway.logs.event_logs(wanted, callers.page(request))
    details = gateway.logs.event_log_details([str(entry["id"]) for entry in page.entries])
    entries = [_log(entry, actions=callers.included(request, "actions")) for entry in details]
    return rendering.answer({"entries": entries, "page_info": rendering.page_info(page)})


@post("/v1/sources/{key:str}/rehearse", sync_to_thread=True, status_code=200, summary="Send a test event")
def rehearse(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{payload: {body, headers}}` goes the whole way with real effects, marked as a rehearsal; not in production."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    _configuration(snapshot, key, slug)
    payload = callers.json_body(gateway, body).get("payload")
    if not isinstance(payload, dict):
        raise Malformed('payload is missing; send {"payload": {"body": {…}, "headers": {…}}}', "payload")
    done = gateway.rehearsing.rehearse(source=key, environment=slug, payload=payload, actor=who.key_id)
    return rendering.answer(_rehearsal(done))


@get("/v1/source_providers", sync_to_thread=True, summary="List templates")
def list_providers(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The templates that sources are made from."""
    callers.caller(request, gateway, "read")
    return rendering.answer({"entries": [shapes.provider(each) for each in gateway.templates.all()]})


@get("/v1/source_providers/{key:str}", sync_to_thread=True, summary="Get a template")
def get_provider(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """A template with its default settings and mappings, examples and set-up steps."""
    callers.caller(request, gateway, "read")
    return rendering.answer(shapes.whole_provider(gateway.templates.get(key)))


def _source(snapshot: Snapshot, key: str) -> Source:
    found: Source | None = snapshot.state(domain_sources.stream(key))
    if found is None or found.archived_at is not None:
        raise Missing(f"source {key!r}")
    return found


def _configuration(snapshot: Snapshot, key: str, environment: str) -> configurations.Configuration:
    _source(snapshot, key)
    found: configurations.Configuration | None = snapshot.state(configurations.stream(key, environment))
    if found is None:
        raise Missing(f"source {key!r} in environment {environment!r}")
    return found


def _log(entry: Any, *, actions: bool) -> dict[str, Any]:
    shown = {
        "id": entry["id"],
        "event": entry["event_type"] or "",
        "data": entry["payload"],
        "preprocess_output": entry["preprocess_output"],
        "source": entry["origin"],
        "verification_status": entry["verification_status"],
        "inserted_at": entry["received_at"],
    }
    return {**shown, "actions": entry["actions"]} if actions else shown


def _rehearsal(done: Rehearsal) -> dict[str, Any]:
    failed = [each for each in done.actions if not isinstance(each, webhooks.ActionExecuted)]
    problems = [{"field": each.error.field or each.action_type, "message": each.error.message} for each in failed]
    if done.problem:
        problems.append({"field": "event_type_path", "message": done.problem})
    return {
        "log_id": done.webhook_id,
        "status": "error" if problems else "ok",
        "action_logs_count": len(done.actions),
        "successful_action_logs_count": len(done.actions) - len(failed),
        "failed_action_logs_count": len(failed),
        "errors": problems or None,
    }


HANDLERS = [
    list_sources,
    get_source,
    put_source,
    archive_source,
    rotate_token,
    status,
    events,
    logs,
    rehearse,
    list_providers,
    get_provider,
]
