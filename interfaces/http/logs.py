"""The event log and the action log."""

from typing import Any

from litestar import Response, get

from application.gateway import Gateway
from application.queries import AccountingFilter
from interfaces.http import callers, log_filters, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@get("/v1/event_logs", sync_to_thread=True, summary="List webhooks")
def list_event_logs(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Received and rejected webhooks, newest first.

    Filters: environment, source, event_type, outcome, verification_status, idempotency_key, entity, text, starting_at,
    ending_at.
    """
    wanted, page = log_filters.events(request, gateway, *log_filters.PAGES), callers.page(request)
    return rendering.answer(rendering.page(gateway.logs.event_logs(wanted, page)))


@get("/v1/event_logs/{event_log_id:str}", sync_to_thread=True, summary="Get a webhook")
def get_event_log(request: AnyRequest, gateway: Gateway, event_log_id: str) -> Response[bytes]:
    """A webhook with its payload, headers, verdict and actions."""
    found = gateway.logs.event_log(event_log_id, callers.log_scope(request, gateway))
    return rendering.answer(_present(found, event_log_id))


@get("/v1/event_logs/{event_log_id:str}/history", sync_to_thread=True, summary="Every event of a webhook")
def get_history(request: AnyRequest, gateway: Gateway, event_log_id: str) -> Response[bytes]:
    """Every domain event about a webhook, in order, as it is stored."""
    found = gateway.logs.history(event_log_id, callers.log_scope(request, gateway))
    return rendering.answer({"entries": _present(found, event_log_id)})


@get("/v1/event_logs/{event_log_id:str}/body", sync_to_thread=True, summary="The raw body of a webhook")
def get_body(request: AnyRequest, gateway: Gateway, event_log_id: str) -> Response[bytes]:
    """The body as it arrived, byte for byte. A browser is told not to guess what it is."""
    content, kind = _present(gateway.logs.body(event_log_id, callers.log_scope(request, gateway)), event_log_id)
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Content-Disposition": f'attachment; filename="{event_log_id}"',
        "X-Original-Content-Type": "".join(each for each in kind[:200] if " " <= each <= "~"),
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@get("/v1/action_logs", sync_to_thread=True, summary="List actions")
def list_action_logs(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Actions, newest first.

    Filters: environment, source, event_type, action_type, action_status, event_log_id, entity, starting_at, ending_at.
    """
    wanted, page = log_filters.actions(request, gateway, *log_filters.PAGES), callers.page(request)
    return rendering.answer(rendering.page(gateway.logs.action_logs(wanted, page)))


@get("/v1/action_logs/{action_log_id:str}", sync_to_thread=True, summary="Get an action")
def get_action_log(request: AnyRequest, gateway: Gateway, action_log_id: str) -> Response[bytes]:
    """One action: what was configured, what it came to, and what came of it."""
    found = gateway.logs.action_log(action_log_id, callers.log_scope(request, gateway))
    return rendering.answer(_present(found, action_log_id))


@get("/v1/audit/accounting", sync_to_thread=True, summary="Accounting by source")
def accounting(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """received = rejected + duplicate + executed + partially_executed + failed + unmapped + unclassified + pending.

    Per source and environment; `by=day` per day (UTC) as well. `starting_at` and `ending_at` count whole days.
    `recounted_at` and `agrees` say when the whole log was last counted again, and whether it says the same.
    """
    starting, ending = callers.time(request, "starting_at"), callers.time(request, "ending_at")
    wanted = AccountingFilter(
        environment=callers.log_scope(request, gateway),
        source=callers.text(request, "source"),
        starting=starting.date() if starting else None,
        ending=ending.date() if ending else None,
        by_day=_by_day(request),
    )
    return rendering.answer({"entries": gateway.overviews.accounting(wanted), **gateway.overviews.recount(wanted)})


def _by_day(request: AnyRequest) -> bool:
    asked = callers.text(request, "by")
    if asked not in (None, "day"):
        raise Malformed(f"by is {asked!r}; it can only be day", "by")
    return asked == "day"


def _present(found: Any, name: str) -> Any:
    if found is None:
        raise Missing(f"log entry {name!r}")
    return found


HANDLERS = [
    list_event_logs,
    get_event_log,
    get_history,
    get_body,
    list_action_logs,
    get_action_log,
    accounting,
]
