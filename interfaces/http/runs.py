"""Workflow runs in Knock's shape, each with what happened to it, and the dead letters among them."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post

from application.access import Permission
from application.gateway import Gateway
from application.queries import RunFilter
from domain.recipients import USERS
from interfaces.http import callers, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

STATUSES = ("queued", "processing", "paused", "completed", "cancelled", "failed")
ENDED_BADLY = "failed"
"""A status that Knock does not have: shown as completed, with `error` and a count of errors."""


@get("/v1/workflow_recipient_runs", sync_to_thread=True, summary="List runs")
def list_runs(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Workflow runs, newest first, in Knock's shape with `items`.

    Filters: workflow, status[], tenant, recipient, has_errors, starting_at, ending_at.
    """
    slug = _environment(request, gateway, "directory")
    page = gateway.runs.runs(slug, _filter(request, _statuses(request)), callers.page(request))
    return rendering.answer({"items": [run(each) for each in page.entries], "page_info": rendering.page_info(page)})


@get("/v1/workflow_recipient_runs/{run_id:str}", sync_to_thread=True, summary="Get a run")
def get_run(request: AnyRequest, gateway: Gateway, run_id: str) -> Response[bytes]:
    """One run with its events, every attempt among them."""
    slug = _environment(request, gateway, "directory")
    return rendering.answer(_detail(gateway, slug, segments.identifier(request.scope, run_id)))


@post("/v1/workflow_recipient_runs/{run_id:str}/retry", sync_to_thread=True, status_code=200, summary="Retry a run")
def retry_run(request: AnyRequest, gateway: Gateway, run_id: str, body: bytes) -> Response[bytes]:
    """`{refresh?}`: a failed run goes on where it stopped; refreshed, what it delivers is filled in anew."""
    who, snapshot = callers.caller(request, gateway, "write")
    slug, wanted = callers.the_environment(request, who, snapshot), segments.identifier(request.scope, run_id)
    refresh = _flag(callers.json_body(gateway, body or b"{}"), "refresh")
    _detail(gateway, slug, wanted)
    gateway.dead_letters.retry(wanted, refresh=refresh, actor=who.key_id)
    return rendering.answer(_detail(gateway, slug, wanted))


@get("/v1/dead_letters", sync_to_thread=True, summary="List dead letters")
def list_dead_letters(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Runs that failed and wait for somebody, newest first. Filters as of runs but for status[], and code."""
    slug = _environment(request, gateway, "directory")
    page = gateway.runs.runs(slug, _filter(request, (ENDED_BADLY,)), callers.page(request))
    entries = [{**run(each), "__typename": "DeadLetter", "error": each["error"]} for each in page.entries]
    return rendering.answer({"entries": entries, "page_info": rendering.page_info(page)})


@post("/v1/dead_letters/retry", sync_to_thread=True, status_code=200, summary="Retry dead letters")
def retry_dead_letters(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{refresh?}`, with the filters of the list: at most 1,000 at once, `more` says whether there are others.

    Those whose target is disabled are `left`.
    """
    who, snapshot = callers.caller(request, gateway, "write")
    slug = callers.the_environment(request, who, snapshot)
    refresh = _flag(callers.json_body(gateway, body or b"{}"), "refresh")
    wanted = _filter(request, (ENDED_BADLY,))
    retried = gateway.dead_letters.retry_all(slug, wanted, refresh=refresh, actor=who.key_id)
    left = [{"id": each.run_id, "message": each.message} for each in retried.left]
    return rendering.answer({"retried": retried.count, "left": left, "more": retried.more})


def run(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A run in Knock's shape; a failed one with its `error` beside."""
    failed = entry["status"] == ENDED_BADLY
    return {
        "__typename": "WorkflowRecipientRun",
        "id": entry["id"],
        "workflow_run_id": entry["workflow_run_id"],
        "workflow": entry["workflow"],
        "recipient": _reference({"collection": entry["recipient_collection"], "id": entry["recipient_id"]}),
        "actor": entry["actor"] and _reference(entry["actor"]),
        "tenant": entry["tenant"],
        "status": "completed" if failed else entry["status"],
        "error_count": max(entry["error_count"], 1) if failed else entry["error_count"],
        "error": entry["error"],
        "trigger_source": {"type": entry["trigger_source"], "cancellation_key": entry["cancellation_key"]},
        "event_log_id": entry["event_log_id"],
        "inserted_at": entry["inserted_at"],
        "updated_at": entry["updated_at"],
    }


def _reference(reference: Mapping[str, Any]) -> Any:
    return reference["id"] if reference["collection"] == USERS else reference


def _detail(gateway: Gateway, slug: str, run_id: str) -> dict[str, Any]:
    found = gateway.runs.run(slug, run_id)
    if found is None:
        raise Missing(f"run {run_id!r}")
    return {**run(found), "events": [_event(run_id, each) for each in gateway.runs.history(run_id)]}


def _event(run_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    data = entry["data"]
    bad = entry["name"] == "RunFailed" or data.get("outcome") in ("failed", "refused")
    # What an event does not have is left out: an attempt, in Knock's words, is a number and never null.
    about = {"attempt": data.get("attempt"), "step_ref": data.get("step"), "step_type": data.get("type")}
    return {
        "__typename": "WorkflowRecipientRunEvent",
        "id": f"{run_id}:{entry['version']}",
        "event": entry["name"],
        "status": "error" if bad else "ok",
        **{name: value for name, value in about.items() if value is not None},
        "data": data,
        "inserted_at": entry["recorded_at"],
    }


def _environment(request: AnyRequest, gateway: Gateway, permission: Permission) -> str:
    who, snapshot = callers.caller(request, gateway, permission)
    return callers.the_environment(request, who, snapshot)


def _filter(request: AnyRequest, statuses: tuple[str, ...] | None) -> RunFilter:
    return RunFilter(
        workflow=callers.text(request, "workflow"),
        statuses=statuses,
        tenant=callers.text(request, "tenant"),
        recipient=_recipient(request),
        has_errors=_has_errors(request),
        code=callers.text(request, "code"),
        starting_at=callers.time(request, "starting_at"),
        ending_at=callers.time(request, "ending_at"),
    )


def _statuses(request: AnyRequest) -> tuple[str, ...] | None:
    asked = [status for name in ("status", "status[]") for status in request.query_params.getall(name, [])]
    for status in asked:
        if status not in STATUSES:
            raise Malformed(f"status is {status!r}; it must be one of {', '.join(STATUSES)}", "status")
    # Whoever asks in Knock's words for completed ones means all that have ended by themselves.
    return tuple({*asked, ENDED_BADLY} if "completed" in asked else asked) or None


def _recipient(request: AnyRequest) -> tuple[str, str] | None:
    collection, group_id = (callers.text(request, f"recipient[{part}]") for part in ("collection", "id"))
    if collection is not None and group_id is not None:
        return collection, group_id
    user_id = callers.text(request, "recipient")
    return None if user_id is None else (USERS, user_id)


def _has_errors(request: AnyRequest) -> bool | None:
    text = callers.text(request, "has_errors")
    if text not in (None, "true", "false"):
        raise Malformed(f"has_errors is {text!r}; it must be true or false", "has_errors")
    return None if text is None else text == "true"


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    value = asked.get(name, False)
    if not isinstance(value, bool):
        raise Malformed(f"{name} is {value!r}; it must be true or false", name)
    return value


HANDLERS = [list_runs, get_run, retry_run, list_dead_letters, retry_dead_letters]
