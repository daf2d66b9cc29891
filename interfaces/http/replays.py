"""Replays: a configuration run over past webhooks, what would change, and carrying that out."""

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Response, get, post
from litestar.response import Stream

from application.gateway import Gateway
from application.managing import require_environment
from application.queries import Entry
from domain import differences, replays
from interfaces.http import callers, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

REMOVED = "actions that the difference takes away were carried out once and cannot be undone; they stay as they are"


@post("/v1/replays", sync_to_thread=True, status_code=202, summary="Run a configuration over past webhooks")
def request_replay(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{source, environment, mode?, slice?, configuration?, mappings?, reason?, force?, per_second?, preview?}`."""
    who, snapshot = callers.caller(request, gateway, "edit")
    asked = callers.json_body(gateway, body)
    slug = asked.get("environment")
    if not isinstance(slug, str):
        raise Malformed("environment is missing; name the one whose webhooks are meant", "environment")
    require_environment(snapshot, slug)
    made = gateway.requesting_replays.request(body=asked, environment=slug, actor=who.key_id)
    if made.replay_id is None:
        return rendering.answer({"preview": {"total": made.total}})
    return rendering.answer(_present(gateway, made.replay_id, None), 202)


@get("/v1/replays", sync_to_thread=True, summary="List replays")
def list_replays(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Replays, newest first. Filters: environment, source, status."""
    slug, status = _scope(request, gateway), callers.text(request, "status")
    if status is not None and status not in replays.STATUSES:
        raise Malformed(f"status is {status!r}; it must be one of {', '.join(replays.STATUSES)}", "status")
    page = gateway.replays.replays(
        callers.page(request), environment=slug, source=callers.text(request, "source"), status=status
    )
    return rendering.answer(rendering.page(page))


@get("/v1/replays/{replay_id:str}", sync_to_thread=True, summary="Get a replay")
def get_replay(request: AnyRequest, gateway: Gateway, replay_id: str) -> Response[bytes]:
    """How far it is, and the totals of what would change."""
    return rendering.answer(_present(gateway, replay_id, _scope(request, gateway)))


@get("/v1/replays/{replay_id:str}/diff", sync_to_thread=True, summary="What would change")
def get_diff(request: AnyRequest, gateway: Gateway, replay_id: str) -> Response[bytes]:
    """Webhooks with their changes, in the order of their receipt. Filters: kind, all, against."""
    wanted = _wanted(request, gateway, replay_id)
    return rendering.answer(rendering.page(gateway.replays.diff(replay_id, callers.page(request), **wanted)))


@get("/v1/replays/{replay_id:str}/export", sync_to_thread=True, summary="All of what would change, as NDJSON")
def export_diff(request: AnyRequest, gateway: Gateway, replay_id: str) -> Stream:
    """As the diff, one webhook a line, streamed to the end. Filters: kind, all, against."""
    found = gateway.replays.differences(replay_id, **_wanted(request, gateway, replay_id))
    return Stream(_lines(found), media_type="application/x-ndjson")


@post("/v1/replays/{replay_id:str}/cancel", sync_to_thread=True, status_code=200, summary="Cancel a replay")
def cancel_replay(request: AnyRequest, gateway: Gateway, replay_id: str) -> Response[bytes]:
    """Do no more of it; what was carried out stays."""
    who, _ = callers.caller(request, gateway, "edit")
    slug = _asked(request, gateway)
    _present(gateway, replay_id, slug)
    gateway.requesting_replays.cancel(replay_id, actor=who.key_id)
    return rendering.answer(_present(gateway, replay_id, slug))


@post("/v1/replays/{replay_id:str}/apply", sync_to_thread=True, status_code=202, summary="Carry the difference out")
def apply_replay(request: AnyRequest, gateway: Gateway, replay_id: str, body: bytes) -> Response[bytes]:
    """`{reason, force?, per_second?, preview?}`: actions added and altered are carried out, each once."""
    who, _ = callers.caller(request, gateway, "edit")
    asked, slug = callers.json_body(gateway, body or b"{}"), _asked(request, gateway)
    _present(gateway, replay_id, slug)
    preview = {**gateway.replays.preview(replay_id, force=asked.get("force") is True), "message": REMOVED}
    if asked.get("preview") is True:
        return rendering.answer({"preview": preview})
    gateway.requesting_replays.apply(replay_id, body=asked, actor=who.key_id)
    return rendering.answer({**_present(gateway, replay_id, slug), "preview": preview}, 202)


@post(
    "/v1/event_logs/{event_log_id:str}/process",
    sync_to_thread=True,
    status_code=202,
    summary="Process a webhook anyway",
)
def process_anyway(request: AnyRequest, gateway: Gateway, event_log_id: str, body: bytes) -> Response[bytes]:
    """`{reason, force?}`: evaluate it once more, although it is a duplicate; what is done already only with force."""
    who, _ = callers.caller(request, gateway, "edit")
    asked = callers.json_body(gateway, body or b"{}")
    reason, force = asked.get("reason"), asked.get("force", False)
    if not isinstance(force, bool):
        raise Malformed(f"force is {force!r}; it must be true or false", "force")
    requested = gateway.processing_again.process(
        event_log_id,
        environment=_asked(request, gateway),
        reason=reason if isinstance(reason, str) else None,
        force=force,
        actor=who.key_id,
    )
    return rendering.answer({"event_log_id": event_log_id, "evaluation": requested.evaluation, "status": "queued"}, 202)


def _scope(request: AnyRequest, gateway: Gateway) -> str | None:
    who, snapshot = callers.caller(request, gateway, "read")
    return callers.environment(request, who, snapshot, required=False)


def _asked(request: AnyRequest, gateway: Gateway) -> str | None:
    slug: str | None = request.query_params.get("environment")
    if slug is not None:
        require_environment(gateway.catalogue.snapshot, slug)
    return slug


def _present(gateway: Gateway, replay_id: str, slug: str | None) -> Entry:
    found = gateway.replays.replay(replay_id, slug)
    if found is None:
        raise Missing(f"replay {replay_id!r}")
    return found


def _wanted(request: AnyRequest, gateway: Gateway, replay_id: str) -> dict[str, Any]:
    """Which differences are asked for, of a replay that there is, against another one that there is."""
    slug = _scope(request, gateway)
    found, kind, against = (
        _present(gateway, replay_id, slug),
        callers.text(request, "kind"),
        callers.text(request, "against"),
    )
    if kind is not None and kind not in differences.KINDS:
        raise Malformed(f"kind is {kind!r}; it must be one of {', '.join(differences.KINDS)}", "kind")
    if against is not None:
        _present(gateway, against, str(found["environment"]))
    everything = callers.text(request, "all")
    if everything not in (None, "true", "false"):
        raise Malformed(f"all is {everything!r}; it must be true or false", "all")
    return {"kind": kind, "everything": everything == "true", "against": against}


def _lines(entries: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    for entry in entries:
        yield rendering.dumps(entry) + b"\n"


HANDLERS = [
    request_replay,
    list_replays,
    get_replay,
    get_diff,
    export_diff,
    cancel_replay,
    apply_replay,
    process_anyway,
]
