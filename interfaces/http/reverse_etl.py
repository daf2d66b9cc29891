"""Reverse ETL: the endpoints that Census and Hightouch call, each with one method of JSON-RPC after the other."""

from litestar import Response, post

from application.gateway import Gateway
from application.syncing import Methods
from domain import errors, json_rpc
from domain.destinations import census, hightouch
from domain.json_rpc import Fault
from interfaces.http import calls, rendering, tiers
from interfaces.http.callers import AnyRequest

SUMMARY = "Answer what {} asks of its destination"


@post(
    "/v1/integrations/census/custom-destination",
    status_code=200,
    sync_to_thread=True,
    summary=SUMMARY.format("Census"),
)
def call_census(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{jsonrpc: "2.0", id, method, params?}`; `{jsonrpc, id, result}`, or `error: {code, message}` for a result."""
    answer = _answer(census.METHODS, request, gateway, body)
    if allowed := gateway.rate_limits.allowed(tiers.TIERS["POST /v1/integrations/census/custom-destination"]):
        answer.headers["x-ratelimit-limit"] = f"{allowed:g}"  # by which Census slows down all that it sends here
    return answer


@post(
    "/v1/integrations/hightouch/embedded-destination",
    status_code=200,
    sync_to_thread=True,
    summary=SUMMARY.format("Hightouch"),
)
def call_hightouch(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{jsonrpc: "2.0", id, method, params?}`; `{jsonrpc, id, result}`, or `error: {code, message}` for a result."""
    return _answer(hightouch.METHODS, request, gateway, body)


def _answer(methods: Methods, request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    call = calls.begin(request, gateway)  # without the body, whose records go on record with their operations
    try:
        asked = gateway.parse(body)
    except errors.Refused as refused:
        return rendering.answer(json_rpc.error(None, _fault(refused)))
    answered = gateway.syncing.answer(
        methods, asked, environment=call.environment, caller=call.caller, request=call.request
    )
    return rendering.answer(answered)


def _fault(refused: errors.Refused) -> Fault:
    """What the specification calls a body that cannot be read; what is no object may still be JSON."""
    is_json = getattr(refused, "code", None) == "not_an_object"
    return Fault(json_rpc.INVALID_REQUEST if is_json else json_rpc.PARSE_ERROR, str(refused))


HANDLERS = [call_census, call_hightouch]
