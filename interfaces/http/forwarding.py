"""Forwarding to a Knock account: where to, and every forward with what became of it."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, delete, get, post, put

from application.access import Permission
from application.gateway import Gateway
from application.managing import require_environment
from application.queries import ForwardFilter
from domain import forwarding
from domain.forwarding import Forwarding
from interfaces.http import callers, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

STATUSES = ("queued", "processing", "completed", "failed", "cancelled")


@get("/v1/environments/{slug:str}/forwarding", sync_to_thread=True, summary="Get forwarding")
def get_forwarding(request: AnyRequest, gateway: Gateway, slug: str) -> Response[bytes]:
    """Where an environment forwards to; of the API key only a hint."""
    _, snapshot = callers.caller(request, gateway, "administer")
    require_environment(snapshot, slug)
    found: Forwarding | None = snapshot.state(forwarding.stream(slug))
    if found is None:
        raise Missing(f"forwarding of environment {slug!r}")
    return rendering.answer(_forwarding(found))


@put("/v1/environments/{slug:str}/forwarding", sync_to_thread=True, summary="Forward to a Knock account")
def put_forwarding(request: AnyRequest, gateway: Gateway, slug: str, body: bytes) -> Response[bytes]:
    """`{forwarding: {base_url?, api_key?}}`; what is left out stays, but another address needs the key anew."""
    who, _ = callers.caller(request, gateway, "administer")
    asked = callers.json_body(gateway, body)
    shown = gateway.managing.put_forwarding(environment=slug, body=asked, actor=who.key_id)
    return rendering.answer(rendering.wrapped("forwarding", _forwarding(shown)))


@delete("/v1/environments/{slug:str}/forwarding", sync_to_thread=True, status_code=204, summary="Forward no more")
def remove_forwarding(request: AnyRequest, gateway: Gateway, slug: str) -> None:
    """What has not been carried out there yet is cancelled."""
    who, _ = callers.caller(request, gateway, "administer")
    gateway.managing.remove_forwarding(environment=slug, actor=who.key_id)


@get("/v1/forwards", sync_to_thread=True, summary="List forwards")
def list_forwards(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Forwards, newest first; the dead letters among them have the status `failed`.

    Filters: status, action_type, event_log_id, code, starting_at, ending_at.
    """
    slug = _environment(request, gateway, "directory")
    page = gateway.forwards.forwards(slug, _filter(request), callers.page(request))
    entries = [_forward(each) for each in page.entries]
    return rendering.answer({"entries": entries, "page_info": rendering.page_info(page)})


@get("/v1/forwards/{forward_id:str}", sync_to_thread=True, summary="Get a forward")
def get_forward(request: AnyRequest, gateway: Gateway, forward_id: str) -> Response[bytes]:
    """One forward with its events, every attempt among them."""
    slug = _environment(request, gateway, "directory")
    return rendering.answer(_detail(gateway, slug, segments.identifier(request.scope, forward_id)))


@post("/v1/forwards/{forward_id:str}/retry", sync_to_thread=True, status_code=200, summary="Retry a forward")
def retry_forward(request: AnyRequest, gateway: Gateway, forward_id: str) -> Response[bytes]:
    """A failed forward goes on with the call that failed, under the same idempotency key."""
    who, snapshot = callers.caller(request, gateway, "write")
    slug, wanted = callers.the_environment(request, who, snapshot), segments.identifier(request.scope, forward_id)
    _detail(gateway, slug, wanted)
    gateway.dead_letters.retry_forward(wanted, actor=who.key_id)
    return rendering.answer(_detail(gateway, slug, wanted))


@post("/v1/forwards/retry", sync_to_thread=True, status_code=200, summary="Retry forwards")
def retry_forwards(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Those that failed, by the filters of the list, oldest first, at most 1,000 at once. Erased ones are `left`."""
    who, snapshot = callers.caller(request, gateway, "write")
    slug = callers.the_environment(request, who, snapshot)
    retried = gateway.dead_letters.retry_forwards(slug, _filter(request), actor=who.key_id)
    left = [{"id": each.run_id, "message": each.message} for each in retried.left]
    return rendering.answer({"retried": retried.count, "left": left, "more": retried.more})


def _forwarding(shown: Forwarding) -> dict[str, Any]:
    return {
        "environment": shown.environment,
        "base_url": shown.base_url,
        "api_key_hint": shown.hint,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


def _forward(entry: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("position_key", "error")
    shown = {name: value for name, value in entry.items() if name not in hidden}
    return {"__typename": "Forward", **shown, "last_error": entry["error"]}


def _detail(gateway: Gateway, slug: str, forward_id: str) -> dict[str, Any]:
    found = gateway.forwards.forward(slug, forward_id)
    if found is None:
        raise Missing(f"forward {forward_id!r}")
    return {**_forward(found), "events": list(gateway.forwards.history(forward_id))}


def _environment(request: AnyRequest, gateway: Gateway, permission: Permission) -> str:
    who, snapshot = callers.caller(request, gateway, permission)
    return callers.the_environment(request, who, snapshot)


def _filter(request: AnyRequest) -> ForwardFilter:
    status = callers.text(request, "status")
    if status not in (None, *STATUSES):
        raise Malformed(f"status is {status!r}; it must be one of {', '.join(STATUSES)}", "status")
    return ForwardFilter(
        status=status,
        action_type=callers.text(request, "action_type"),
        event_log_id=callers.text(request, "event_log_id"),
        code=callers.text(request, "code"),
        starting_at=callers.time(request, "starting_at"),
        ending_at=callers.time(request, "ending_at"),
    )


HANDLERS = [
    get_forwarding,
    put_forwarding,
    remove_forwarding,
    list_forwards,
    get_forward,
    retry_forward,
    retry_forwards,
]
