"""Sources and their templates, field by field as Knock's management API has them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Response, delete, get, post, put

from application import access
from application.catalogue import Snapshot
from application.gateway import Gateway
from application.queries import LogFilter
from application.rehearsing import Rehearsal
from application.trying_scripts import Trial
from domain import configurations, webhooks
from domain import settings as domain_settings
from domain import sources as domain_sources
from domain.json_values import Json
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
    shown, may_edit = [slug] if slug else None if include else [], access.may(who, "edit")
    entries = [shapes.source(gateway, snapshot, each, shown, write_keys=may_edit) for each in snapshot.sources()]
    return rendering.answer({"entries": entries})


@get("/v1/sources/{key:str}", sync_to_thread=True, summary="Get a source")
def get_source(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """A source with its settings and mappings, in one environment or in all."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.environment(request, who, snapshot, required=False)
    shown, may_edit = [slug] if slug else None, access.may(who, "edit")
    return rendering.answer(shapes.source(gateway, snapshot, _source(snapshot, key), shown, write_keys=may_edit))


@put("/v1/sources/{key:str}", sync_to_thread=True, summary="Connect a source, or change it")
def put_source(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{source: {name, description?, preconfigured_provider?, environment_settings: {slug: {settings, mappings}}}}`.

    Settings that are not named stay as they are; `mappings`, where given, are all the mappings from then on. A
    `?reason=` is kept with the edit.
    """
    who, _ = callers.caller(request, gateway, "edit")
    asked, reason = callers.json_body(gateway, body), callers.reason(request)
    source = gateway.managing.put_source(key=key, body=asked, actor=who.key_id, reason=reason)
    shown = shapes.source(gateway, gateway.catalogue.snapshot, source, write_keys=True)
    return rendering.answer(rendering.wrapped("source", shown))


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
    source, reason = _source(snapshot, key).key, callers.reason(request)
    rotated = gateway.managing.rotate_token(source=source, environment=slug, actor=who.key_id, reason=reason)
    endpoint = gateway.catalogue.snapshot.endpoints.get(rotated.token)
    return rendering.answer(shapes.environment_settings(gateway, rotated, endpoint, write_key=True))


@delete(
    "/v1/sources/{key:str}/secrets/{secret_id:str}", sync_to_thread=True, status_code=204, summary="Retire a secret"
)
def retire_secret(request: AnyRequest, gateway: Gateway, key: str, secret_id: str) -> None:
    """It verifies nothing from now on, whatever time it had left."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    source = _source(snapshot, key).key
    gateway.managing.retire_secret(
        source=source, environment=slug, secret_id=secret_id, actor=who.key_id, reason=callers.reason(request)
    )


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
    payload = _payload(callers.json_body(gateway, body))
    done = gateway.rehearsing.rehearse(source=key, environment=slug, payload=payload, actor=who.key_id)
    return rendering.answer(_rehearsal(done))


@post("/v1/sources/{key:str}/test_script", sync_to_thread=True, status_code=200, summary="Try out a script")
def test_script(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{payload: {body, headers?, raw_body?}, script?: {language, source}}`: run without a trace."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    asked = callers.json_body(gateway, body)
    _configuration(snapshot, key, slug)
    trial = gateway.trying_scripts.try_out(
        source=key,
        environment=slug,
        script=domain_settings.parse_script(asked.get("script"), "script"),
        payload=_payload(asked),
    )
    return rendering.answer(_trial(trial))


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


def _payload(asked: Mapping[str, Json]) -> Mapping[str, Json]:
    payload = asked.get("payload")
    if not isinstance(payload, dict):
        raise Malformed('payload is missing; send {"payload": {"body": {…}, "headers": {…}}}', "payload")
    return payload


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


def _trial(trial: Trial) -> dict[str, Any]:
    verdict = trial.verdict
    return {
        "output": trial.result.output,
        "verified": trial.result.verified,
        "error": trial.result.error,
        "verification": {"status": verdict.status, "reason": verdict.reason, "message": verdict.message},
        "microseconds": trial.microseconds,
    }


HANDLERS = [
    list_sources,
    get_source,
    put_source,
    archive_source,
    rotate_token,
    retire_secret,
    status,
    events,
    logs,
    rehearse,
    test_script,
    list_providers,
    get_provider,
]
