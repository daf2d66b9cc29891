"""Tiers: every route that Knock's API has too is in one, and nothing else is."""

import re

from interfaces.http import app
from interfaces.http.tiers import TIERS, endpoint

KNOCKS = re.compile(
    r"\w+ /v1/(users|objects|tenants|audiences/\{\}/|workflows/\{\}/|notify|workflow_recipient_runs|bulk_operations"
    r"|integrations)"
)
OURS = {"POST /v1/workflow_recipient_runs/{}/retry", "PUT /v1/workflows/{}/triggers/{}/{}"}
"""What Knock does not have below the same paths."""


def test_every_route_of_the_directory_is_in_a_tier_and_nothing_else_is() -> None:
    routes = {
        endpoint(method, path)
        for handler in app.HANDLERS
        for method in handler.http_methods
        for path in handler.paths
        if KNOCKS.match(endpoint(method, path))
    }
    assert routes - OURS == TIERS.keys()


def test_a_parameter_may_have_any_name() -> None:
    assert endpoint("GET", "/v1/objects/{collection}/{object_id:str}/subscriptions") in TIERS
