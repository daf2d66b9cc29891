"""The filters of both logs, as they stand in a query string. What is none of them is refused, not passed over."""

import difflib
from collections.abc import Collection, Sequence
from typing import Any, get_args

from application.catalogue import Snapshot
from application.gateway import Gateway
from application.queries import LogFilter
from domain import errors, webhooks, words
from domain.actions import catalogue
from domain.recipients import TENANTS, USERS
from interfaces.http import callers
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed

BOTH = ("environment", "source", "event_type", "entity", "starting_at", "ending_at")
EVENTS = (*BOTH, "outcome", "verification_status", "idempotency_key", "text")
ACTIONS = (*BOTH, "action_type", "action_status", "event_log_id")
PAGES = ("after", "before", "page_size", "limit")

CHOICES = {
    "outcome": get_args(webhooks.Outcome),
    "verification_status": (
        *("enforced:verified", "enforced:failed", "skipped"),
        *("not_enforced:verified", "not_enforced:failed", "not_enforced:unverified"),
    ),
    "action_type": tuple(catalogue.ACTIONS),
    "action_status": ("success", "skipped", "error"),
}
ENTITIES = {"users": USERS, "tenants": TENANTS}


class PayloadsNotSearched(errors.Refused):
    """No source that is meant keeps the words of its payloads."""


def events(request: AnyRequest, gateway: Gateway, *beside: str) -> LogFilter:
    """The filter of the event log. Parameters `beside` may stand there too."""
    environment, snapshot = _scope(request, gateway)
    require_known(request, (*EVENTS, *beside))
    source, searched = callers.text(request, "source"), _words(request)
    if searched:
        _require_searched(snapshot, environment, source)
    return LogFilter(
        environment=environment,
        source=source,
        words=searched,
        idempotency_key=callers.text(request, "idempotency_key"),
        **_shared(request),
        **{name: _choice(request, name) for name in ("outcome", "verification_status")},
    )


def actions(request: AnyRequest, gateway: Gateway, *beside: str) -> LogFilter:
    """The filter of the action log. Parameters `beside` may stand there too."""
    environment, _ = _scope(request, gateway)
    require_known(request, (*ACTIONS, *beside))
    return LogFilter(
        environment=environment,
        source=callers.text(request, "source"),
        event_log_id=callers.text(request, "event_log_id"),
        **_shared(request),
        **{name: _choice(request, name) for name in ("action_type", "action_status")},
    )


def require_known(request: AnyRequest, names: Collection[str]) -> None:
    """Raise Malformed for a parameter that is none: left out, it would have meant more than was asked for."""
    for given in request.query_params:
        if given not in names:
            close = difflib.get_close_matches(given, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(names))}"
            raise Malformed(f"{given:.80} is no parameter here; {hint}", given)


def _scope(request: AnyRequest, gateway: Gateway) -> tuple[str | None, Snapshot]:
    who, snapshot = callers.caller(request, gateway, "directory")
    return callers.environment(request, who, snapshot, required=False), snapshot


def _shared(request: AnyRequest) -> dict[str, Any]:
    starting_at, ending_at = callers.time(request, "starting_at"), callers.time(request, "ending_at")
    if starting_at and ending_at and starting_at > ending_at:
        raise Malformed("ending_at lies before starting_at; it must be the later of the two", "ending_at")
    return {
        "event_type": callers.text(request, "event_type"),
        "entity": _entity(request),
        "starting_at": starting_at,
        "ending_at": ending_at,
    }


def _choice(request: AnyRequest, name: str) -> Any:
    chosen, choices = callers.text(request, name), CHOICES[name]
    if chosen is not None and chosen not in choices:
        raise Malformed(f"{name} is {chosen!r:.80}; it must be one of {', '.join(choices)}", name)
    return chosen


def _entity(request: AnyRequest) -> tuple[str, str] | None:
    """A collection and an id, from `users/<id>`, `tenants/<id>` or `objects/<collection>/<id>`."""
    text = callers.text(request, "entity")
    if text is None:
        return None
    kind, _, name = text.partition("/")
    collection = ENTITIES.get(kind, "")
    if kind == "objects":
        collection, _, name = name.partition("/")
    if not collection or not name:
        raise Malformed(
            f"entity is {text!r:.80}; it must be such as users/u-1, tenants/acme or objects/projects/p-1", "entity"
        )
    return collection, name


def _words(request: AnyRequest) -> tuple[str, ...]:
    text = callers.text(request, "text")
    found = words.of_text(text or "")
    if text is not None and not found:
        raise Malformed(f"text is {text!r:.80}; it must hold a word of letters or digits", "text")
    if len(found) > words.MOST_SEARCHED:
        raise Malformed(f"text has {len(found)} words; at most {words.MOST_SEARCHED} are searched for", "text")
    return found


def _require_searched(snapshot: Snapshot, environment: str | None, source: str | None) -> None:
    meant: Sequence[bool] = [
        each.configuration.settings.search_payloads
        for each in snapshot.endpoints.values()
        if source in (None, each.configuration.source) and environment in (None, each.configuration.environment)
    ]
    if not any(meant):
        whose = "of any source" if source is None else f"of {source!r:.80}"
        raise PayloadsNotSearched(
            f"payloads {whose} are not searched; set search_payloads in its settings, for what comes from then on",
            field="text",
        )
