"""What handlers need of a request before they call a use case: who asks, in which environment, and the parameters."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Request

from application import access
from application.access import Caller, Permission
from application.catalogue import Snapshot
from application.gateway import Gateway
from application.managing import require_environment
from application.queries import LARGEST_PAGE, PageRequest
from domain import errors, timestamps
from domain.json_values import Json
from interfaces.http import tiers
from interfaces.http.problems import Malformed

AnyRequest = Request[Any, Any, Any]

LONGEST_REASON = 1_000


def caller(request: AnyRequest, gateway: Gateway, permission: Permission) -> tuple[Caller, Snapshot]:
    """Who asks, if they may, and the snapshot of this moment. Raises Unauthenticated, Forbidden or RateLimited."""
    snapshot = gateway.catalogue.current()
    found = access.identify(request.headers.get("authorization"), snapshot)
    access.require(found, permission)
    tiers.admit(request, gateway, found, snapshot)
    return found, snapshot


def environment(request: AnyRequest, who: Caller, snapshot: Snapshot, *, required: bool = True) -> str | None:
    """The environment that is meant: the one a secret key pins, else `?environment=`."""
    asked: str | None = request.query_params.get("environment")
    if who.environment is not None:
        if asked not in (None, who.environment):
            raise access.Forbidden(f"this key belongs to {who.environment!r}, not to {asked!r}", field="environment")
        return who.environment
    if asked is None:
        if required:
            raise Malformed("environment is missing; name one as ?environment=development", "environment")
        return None
    require_environment(snapshot, asked)
    return asked


def the_environment(request: AnyRequest, who: Caller, snapshot: Snapshot) -> str:
    """As `environment`, where one must be meant."""
    found = environment(request, who, snapshot)
    assert found is not None
    return found


def log_scope(request: AnyRequest, gateway: Gateway) -> str | None:
    """The environment whose log may be read: a secret key's own, else the one asked for, or all."""
    who, snapshot = caller(request, gateway, "directory")
    return environment(request, who, snapshot, required=False)


def page(request: AnyRequest) -> PageRequest:
    """`after`, `before` and `page_size` (1–50)."""
    text = request.query_params.get("page_size", request.query_params.get("limit", str(LARGEST_PAGE)))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= LARGEST_PAGE):
        raise Malformed(f"page_size is {text!r}; it must be a whole number from 1 to {LARGEST_PAGE}", "page_size")
    return PageRequest(
        after=request.query_params.get("after"), before=request.query_params.get("before"), size=int(text)
    )


def time(request: AnyRequest, name: str) -> datetime | None:
    """A time of a filter, ISO-8601."""
    text = request.query_params.get(name)
    if text is None:
        return None
    return as_time(text, name)


def as_time(text: str, name: str, wanted: str = "a time such as 2026-01-15T12:00:00Z") -> datetime:
    """The time that `text` says, in a query as in a path. Raises Malformed, which names what was `wanted`."""
    at = timestamps.parse(text.replace(" ", "+")) if text else None
    if at is None:
        raise Malformed(f"{name} is {text!r}; it must be {wanted}", name)
    return at.astimezone(UTC)


def text(request: AnyRequest, name: str) -> str | None:
    """A text of a filter; NUL is in no text that we hold."""
    value = request.query_params.get(name)
    if value is not None and "\0" in value:
        raise Malformed(f"{name} holds NUL", name)
    return value


def reason(request: AnyRequest) -> str | None:
    """Why an edit is made, as `?reason=` says it."""
    said = text(request, "reason")
    if said is not None and len(said) > LONGEST_REASON:
        raise Malformed(f"reason has {len(said)} characters; at most {LONGEST_REASON} are kept", "reason")
    return said or None


def included(request: AnyRequest, name: str) -> bool:
    """Whether `include=` or, as Knock's clients write it, `include[]=` asks for something."""
    return any(name in request.query_params.getall(key, []) for key in ("include", "include[]"))


def json_body(gateway: Gateway, body: bytes) -> Mapping[str, Json]:
    """The body as a JSON object. Raises Malformed, with what and where."""
    try:
        return gateway.parse(body)
    except errors.Refused as refused:
        raise Malformed(str(refused), "body") from refused
