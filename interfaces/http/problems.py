"""What can go wrong, as HTTP says it: the one table from exceptions to statuses, and the one shape of errors."""

from collections.abc import Sequence
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from application.access import Forbidden, Unauthenticated
from application.call_outcomes import AudienceMissing, WorkflowInactive, WorkflowMissing
from application.configuration_versions import VersionUnknown
from application.dead_letters import StillDisabled
from application.disabled_targets import TargetUnknown
from application.errors import Busy, ConfigurationMoved, Conflict, PayloadErased, Unavailable, WebhookUnknown
from application.managing import EnvironmentUnknown
from application.processing_again import NotProcessable
from application.rate_limits import RateLimited
from application.rehearsing import RehearsalForbidden
from application.requesting_replays import ReplayUnknown
from application.templates import TemplateUnknown
from application.user_merges import UserUnknown
from domain import errors
from domain.api_keys import KeyUnknown
from domain.configuring import ConfigurationUnknown, SecretUnknown
from domain.erasures import SubjectUnknown
from domain.mapping_edits import MappingUnknown
from domain.replays import AppliedAlready, NotYetCompleted, ReplayEnded
from domain.sources import SourceUnknown
from domain.variables import VariableUnknown
from interfaces.http import rendering

log = structlog.get_logger(__name__)

# Exception, status, code, type. The first row that fits counts.
TABLE: Sequence[tuple[type[Exception], int, str, str]] = (
    (Unauthenticated, 401, "authentication_required", "authentication_error"),
    (Forbidden, 403, "permission_denied", "authentication_error"),
    (RehearsalForbidden, 403, "rehearsal_forbidden", "invalid_request_error"),
    (SourceUnknown, 404, "resource_missing", "api_error"),
    (VersionUnknown, 404, "resource_missing", "api_error"),
    (ConfigurationUnknown, 404, "resource_missing", "api_error"),
    (SecretUnknown, 404, "resource_missing", "api_error"),
    (MappingUnknown, 404, "resource_missing", "api_error"),
    (VariableUnknown, 404, "resource_missing", "api_error"),
    (EnvironmentUnknown, 404, "resource_missing", "api_error"),
    (TemplateUnknown, 404, "resource_missing", "api_error"),
    (KeyUnknown, 404, "resource_missing", "api_error"),
    (WorkflowMissing, 404, "workflow_missing", "api_error"),
    (WorkflowInactive, 422, "workflow_inactive", "invalid_request_error"),
    (AudienceMissing, 404, "resource_missing", "api_error"),
    (TargetUnknown, 404, "resource_missing", "api_error"),
    (UserUnknown, 404, "resource_missing", "api_error"),
    (StillDisabled, 422, "target_disabled", "invalid_request_error"),
    (ReplayUnknown, 404, "resource_missing", "api_error"),
    (WebhookUnknown, 404, "resource_missing", "api_error"),
    (ReplayEnded, 409, "conflict", "api_error"),
    (NotYetCompleted, 409, "conflict", "api_error"),
    (AppliedAlready, 409, "conflict", "api_error"),
    (NotProcessable, 409, "conflict", "api_error"),
    (SubjectUnknown, 404, "resource_missing", "api_error"),
    (PayloadErased, 410, "payload_erased", "api_error"),
    (RateLimited, 429, "rate_limited", "api_error"),
    (errors.Refused, 422, "invalid_params", "invalid_request_error"),
    (Busy, 503, "busy", "api_error"),
    (Unavailable, 503, "unavailable", "api_error"),
    (Conflict, 409, "conflict", "api_error"),
    (ConfigurationMoved, 409, "conflict", "api_error"),
)
CODES = {
    400: "invalid_params",
    401: "authentication_required",
    404: "resource_missing",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
RETRY_AFTER = {503: 1}


class Missing(Exception):
    """Nothing is there under this name, for this caller."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} does not exist")


class Malformed(Exception):
    """A body or a parameter that HTTP already cannot take. `field` names it."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def body(*, code: str, message: str, status: int, kind: str = "api_error", field: str | None = None) -> dict[str, Any]:
    """An error in the API's shape."""
    shown: dict[str, Any] = {"code": code, "message": message, "status": status, "type": kind}
    if field is not None:
        shown["errors"] = [{"field": field, "message": message}]
    return shown


def _answer(shown: dict[str, Any], retry_after: int | None = None) -> Response[bytes]:
    response = rendering.answer(shown, shown["status"])
    if seconds := retry_after or RETRY_AFTER.get(shown["status"]):
        response.headers["Retry-After"] = str(seconds)
    return response


def expected(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to an exception of the table."""
    for kind, status, code, group in TABLE:
        if isinstance(error, kind):
            field = getattr(error, "field", None)
            shown = body(code=code, message=str(error), status=status, kind=group, field=field)
            several = getattr(error, "problems", ())
            if several:
                shown["errors"] = [{"field": place, "message": message} for place, message in several]
            return _answer(shown, getattr(error, "retry_after", None))
    raise error


def missing(_: Request[Any, Any, Any], error: Missing) -> Response[bytes]:
    """404."""
    return _answer(body(code="resource_missing", message=str(error), status=404))


def malformed(_: Request[Any, Any, Any], error: Malformed) -> Response[bytes]:
    """400."""
    message, kind = str(error), "invalid_request_error"
    return _answer(body(code="invalid_params", message=message, status=400, kind=kind, field=error.field))


def http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework itself refuses: unknown routes, wrong methods, malformed parameters."""
    status = error.status_code
    message = error.detail or "the request cannot be served"
    return _answer(body(code=CODES.get(status, "api_error"), message=message, status=status))


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged with everything, answered with nothing but the fact."""
    log.exception("request failed", path=request.url.path, exc_info=error)
    return _answer(body(code="internal_error", message="something broke here; it is on the server's log", status=500))


HANDLERS: dict[Any, Any] = {
    **{kind: expected for kind, *_ in TABLE},
    Missing: missing,
    Malformed: malformed,
    HTTPException: http,
    Exception: unexpected,
}
