"""Triggering and cancelling workflows on Knock's paths, the older ones among them. Only a trigger can be repeated."""

from collections.abc import Mapping

from litestar import Response, post

from application import call_outcomes
from application.call_outcomes import KeyReused
from application.calling import Called
from application.gateway import Gateway
from domain import operations
from domain.json_values import Json
from domain.operations import CallRefused
from domain.webhooks import ActionExecuted
from interfaces.http import calls, rendering
from interfaces.http.callers import AnyRequest


@post("/v1/workflows/{key:str}/trigger", sync_to_thread=True, summary="Trigger a workflow")
def trigger(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{recipients, data?, actor?, tenant?, cancellation_key?}`: `{workflow_run_id}`.

    Within 24 hours a call with the `Idempotency-Key` of one that succeeded answers as that one did, and does nothing.
    """
    call = calls.begin(request, gateway, body)
    once = call.request.headers.get("idempotency-key")
    operation = operations.trigger(call.identifier(key), call.asked(), idempotency_key=once)
    (called,) = gateway.calling.call(
        (operation,), environment=call.environment, caller=call.caller, request=call.request
    )
    if called.original_id is not None:
        return _replayed(gateway, called, called.original_id)
    return _started(call_outcomes.executed(called))


@post("/v1/workflows/{key:str}/cancel", sync_to_thread=True, status_code=204, summary="Cancel runs of a workflow")
def cancel(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> None:
    """`{cancellation_key, recipients?}`."""
    call = calls.begin(request, gateway, body)
    call.make(operations.cancel(call.identifier(key), call.asked()))


@post("/v1/notify", sync_to_thread=True, summary="Trigger a workflow, the older way")
def notify(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """As triggering, with the workflow's key as `name`; not to be repeated by key."""
    call = calls.begin(request, gateway, body)
    asked = call.asked()
    (executed,) = call.make(operations.trigger(_name(asked), asked))
    return _started(executed)


@post("/v1/notify/cancel", sync_to_thread=True, status_code=204, summary="Cancel runs, the older way")
def cancel_notified(request: AnyRequest, gateway: Gateway, body: bytes) -> None:
    """As cancelling, with the workflow's key as `name`."""
    call = calls.begin(request, gateway, body)
    asked = call.asked()
    call.make(operations.cancel(_name(asked), asked))


def _name(asked: Mapping[str, Json]) -> str:
    name = asked.get("name")
    if not isinstance(name, str) or not name:
        raise CallRefused(f"name is {name!r}; it must be the key of a workflow", field="name")
    return name


def _started(executed: ActionExecuted) -> Response[bytes]:
    return rendering.answer({"workflow_run_id": executed.result["id"]})


def _replayed(gateway: Gateway, called: Called, original_id: str) -> Response[bytes]:
    """What the original was answered, unless this call says something else."""
    if not called.same:
        message = "Idempotency-Key was used before, for a call that said something else; use another one"
        raise KeyReused(message, field="Idempotency-Key")
    original = gateway.calling.look_up(original_id)
    assert original is not None
    answer = _started(call_outcomes.executed(original))
    answer.headers["idempotent-replayed"] = "true"
    answer.headers["original-x-request-id"] = gateway.calling.request_id(original_id) or original_id
    return answer


HANDLERS = [trigger, cancel, notify, cancel_notified]
