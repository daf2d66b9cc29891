"""Calls of the directory's API that change something: who calls, where, with what, and what came of it."""

from collections.abc import Mapping, Sequence

import attrs
from litestar import Response

from application import call_outcomes
from application.access import Caller
from application.bulk_operations import Bulk
from application.gateway import Gateway
from application.requests import Request
from domain.bulk_operations import Progress
from domain.json_values import Json
from domain.operations import Operation
from domain.webhooks import ActionExecuted
from interfaces.http import callers, raw_requests, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed

REQUEST_ID = "request_id"
"""Under which the state of a request holds its id."""


@attrs.frozen(kw_only=True)
class Call:
    """A call, by somebody who may write in `environment`."""

    gateway: Gateway
    caller: Caller
    environment: str
    request: Request
    scope: Mapping[str, object]

    def asked(self) -> Mapping[str, Json]:
        """The body. Raises Malformed."""
        return callers.json_body(self.gateway, self.request.body)

    def identifier(self, segment: str) -> str:
        """The id in a segment of the path. Raises Malformed."""
        return segments.identifier(self.scope, segment)

    def make(self, *operations: Operation) -> tuple[ActionExecuted, ...]:
        """Record operations together and wait for what comes of them. Raises CallFailed, Unavailable."""
        called = self.gateway.calling.call(
            operations, environment=self.environment, caller=self.caller, request=self.request
        )
        return call_outcomes.all_executed(called)

    def start(self, bulk: Bulk) -> Response[bytes]:
        """Start a bulk operation; the answer is how far it is."""
        progress = self.gateway.bulk_operations.start(
            bulk, environment=self.environment, caller=self.caller, request=self.request
        )
        return rendering.answer(bulk_operation(progress))


def begin(request: AnyRequest, gateway: Gateway, body: bytes = b"") -> Call:
    """The call behind a request. Raises Unauthenticated, Forbidden, Malformed."""
    who, snapshot = callers.caller(request, gateway, "write")
    environment = callers.the_environment(request, who, snapshot)
    segments.require_utf_8(request.scope)
    headers = raw_requests.headers(list(request.scope["headers"]), gateway.limits)
    if headers is None:
        raise Malformed(raw_requests.too_many_headers(gateway.limits).message)
    arrived = raw_requests.request(request.scope, headers, body)
    known = attrs.evolve(arrived, request_id=request.scope["state"].get(REQUEST_ID))
    return Call(gateway=gateway, caller=who, environment=environment, request=known, scope=request.scope)


def listed(asked: Mapping[str, Json], name: str) -> Sequence[Json]:
    """The list called `name`. Raises Malformed."""
    found = asked.get(name)
    if not isinstance(found, list):
        raise Malformed(f"{name} is missing or no list; send {{{name!r}: [...]}}", name)
    return found


def nothing() -> Response[None]:
    """204."""
    return Response(None, status_code=204)


def bulk_operation(progress: Progress) -> dict[str, object]:
    """A bulk operation in Knock's shape, with the problem of each item that cannot be one beside it."""
    started = progress.started
    return {
        "__typename": "BulkOperation",
        "id": started.operation_id,
        "name": started.name,
        "status": progress.status,
        "estimated_total_rows": len(started.items),
        "processed_rows": progress.processed,
        "success_count": progress.processed - len(progress.failed),
        "error_count": len(progress.failed),
        "error_items": [
            {"id": item.id, "collection": item.collection, "event_log_id": item.webhook_id, "message": item.problem}
            for item in progress.failed
        ],
        "progress_path": f"/v1/bulk_operations/{started.operation_id}",
        "inserted_at": started.started_at,
        "updated_at": progress.updated_at,
        "started_at": progress.begun_at,
        "completed_at": progress.completed_at if progress.status == "completed" else None,
        "failed_at": progress.completed_at if progress.status == "failed" else None,
    }
