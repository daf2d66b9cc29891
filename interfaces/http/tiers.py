"""Which route is in which of Knock's tiers of rate limits; routes that are in none are not limited."""

import re
from collections.abc import Mapping
from typing import Any

from application.access import Caller
from application.catalogue import Snapshot
from application.gateway import Gateway
from application.rate_limits import Tier
from domain import environments

# By method and path, with {} for whatever stands in a path.
TIERS: Mapping[str, Tier] = {
    "GET /v1/users": 4,
    "GET /v1/users/{}": 4,
    "PUT /v1/users/{}": 3,
    "DELETE /v1/users/{}": 2,
    "POST /v1/users/{}/merge": 2,
    "GET /v1/users/{}/subscriptions": 4,
    "POST /v1/users/bulk/identify": 1,
    "POST /v1/users/bulk/delete": 1,
    "GET /v1/objects/{}": 4,
    "GET /v1/objects/{}/{}": 4,
    "PUT /v1/objects/{}/{}": 3,
    "DELETE /v1/objects/{}/{}": 3,
    "GET /v1/objects/{}/{}/subscriptions": 4,
    "POST /v1/objects/{}/{}/subscriptions": 3,
    "DELETE /v1/objects/{}/{}/subscriptions": 3,
    "POST /v1/objects/{}/bulk/set": 1,
    "POST /v1/objects/{}/bulk/delete": 1,
    "POST /v1/objects/{}/bulk/subscriptions/add": 1,
    "POST /v1/objects/{}/bulk/subscriptions/delete": 1,
    "GET /v1/tenants": 4,
    "GET /v1/tenants/{}": 4,
    "PUT /v1/tenants/{}": 3,
    "DELETE /v1/tenants/{}": 2,
    "POST /v1/tenants/bulk/set": 1,
    "POST /v1/tenants/bulk/delete": 1,
    "GET /v1/audiences/{}/members": 4,
    "POST /v1/audiences/{}/members": 3,
    "DELETE /v1/audiences/{}/members": 3,
    "POST /v1/workflows/{}/trigger": 5,
    "POST /v1/workflows/{}/cancel": 5,
    "POST /v1/notify": 3,
    "POST /v1/notify/cancel": 3,
    "GET /v1/workflow_recipient_runs": 2,
    "GET /v1/workflow_recipient_runs/{}": 2,
    "GET /v1/bulk_operations/{}": 4,
    "POST /v1/integrations/census/custom-destination": 3,
    "POST /v1/integrations/hightouch/embedded-destination": 3,
}
_PARAMETER = re.compile(r"\{[^}]*\}")


def endpoint(method: str, path: str) -> str:
    """The name in `TIERS` of a method and a path with its parameters in braces."""
    return f"{method} {_PARAMETER.sub('{}', path)}"


def admit(request: Any, gateway: Gateway, who: Caller, snapshot: Snapshot) -> None:
    """Count a call of somebody who may make it. Raises RateLimited."""
    name = endpoint(request.method, request.scope["path_template"])
    if name in TIERS:
        asked = who.environment or request.query_params.get("environment")
        # Only names that exist, so that nobody fills the memory with others.
        environment = asked if asked and snapshot.state(environments.stream(asked)) else ""
        gateway.rate_limits.admit(name, TIERS[name], environment=environment, key_id=who.key_id)
