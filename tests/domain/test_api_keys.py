"""API keys: issued once, of one kind or the other, and revoked for good."""

import functools

import attrs
import pytest

from domain import api_keys
from tests import examples

ISSUE = api_keys.Issue(
    key_id=examples.KEY_ID,
    name="Billing service",
    role="environment",
    environment=examples.ENVIRONMENT,
    digest=examples.API_KEY_ISSUED.digest,
    hint="x4Qk",
    at=examples.BEFORE,
)
REVOKE = api_keys.Revoke(key_id=examples.KEY_ID, at=examples.AT)


def key(*events: api_keys.Event) -> api_keys.ApiKey | None:
    return functools.reduce(api_keys.evolve, events, None)


def test_a_key_is_issued() -> None:
    assert api_keys.decide(None, ISSUE) == (examples.API_KEY_ISSUED,)


def test_a_key_issued_twice_is_issued_once() -> None:
    assert api_keys.decide(key(examples.API_KEY_ISSUED), ISSUE) == ()


@pytest.mark.parametrize("role", api_keys.SERVICE_ROLES)
def test_a_service_token_has_a_role_and_no_environment(role: api_keys.Role) -> None:
    (issued,) = api_keys.decide(None, attrs.evolve(ISSUE, role=role, environment=None))
    assert issued == attrs.evolve(examples.API_KEY_ISSUED, role=role, environment=None)


@pytest.mark.parametrize(("role", "environment"), [("environment", None), ("admin", "production")])
def test_a_role_that_does_not_go_with_the_kind_of_key_is_refused(role: api_keys.Role, environment: str | None) -> None:
    with pytest.raises(api_keys.RoleInvalid, match="admin, editor, auditor") as refusal:
        api_keys.decide(None, attrs.evolve(ISSUE, role=role, environment=environment))
    assert refusal.value.field == "role"


def test_a_key_is_revoked() -> None:
    assert api_keys.decide(key(examples.API_KEY_ISSUED), REVOKE) == (examples.API_KEY_REVOKED,)


def test_a_key_revoked_twice_is_revoked_once() -> None:
    revoked = key(examples.API_KEY_ISSUED, examples.API_KEY_REVOKED)
    assert api_keys.decide(revoked, attrs.evolve(REVOKE, at=examples.LATER)) == ()


def test_a_key_that_nobody_issued_cannot_be_revoked() -> None:
    with pytest.raises(api_keys.KeyUnknown, match=examples.KEY_ID):
        api_keys.decide(None, REVOKE)


def test_a_key_is_what_its_events_say() -> None:
    issued = key(examples.API_KEY_ISSUED)
    assert issued is not None
    assert (issued.digest, issued.environment, issued.revoked_at) == (ISSUE.digest, ISSUE.environment, None)
    revoked = key(examples.API_KEY_ISSUED, examples.API_KEY_REVOKED)
    assert revoked == attrs.evolve(issued, revoked_at=examples.AT)
