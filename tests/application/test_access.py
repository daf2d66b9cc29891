"""Access: who asks, by which key, and what that key opens."""

from typing import get_args

import pytest

from application import access
from application.access import Caller, Permission
from tests.application.in_memory import ACTOR, InMemory

PERMISSIONS = set(get_args(Permission))


def caller(role: str) -> Caller:
    return Caller(key_id="key-1", role=role, environment=None)


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("admin", {"read", "edit", "administer", "directory", "write"}),
        ("editor", {"read", "edit", "directory", "write"}),
        ("auditor", {"read", "directory"}),
        ("environment", {"directory", "write"}),
    ],
)
def test_a_role_grants_these_permissions_and_no_others(role: str, granted: set[Permission]) -> None:
    for permission in granted:
        access.require(caller(role), permission)
    for permission in PERMISSIONS - granted:
        with pytest.raises(access.Forbidden, match=f"{permission!r}.* {role!r}"):
            access.require(caller(role), permission)


@pytest.mark.parametrize("written", ["Bearer {}", "bearer {}", "BEARER  {} "])
@pytest.mark.parametrize(
    ("environment", "role", "expected"), [(None, "auditor", "auditor"), ("production", None, "environment")]
)
def test_a_key_says_who_asks(written: str, environment: str | None, role: str | None, expected: str) -> None:
    it = InMemory()
    issued = it.managing.issue_key(name="CI", environment=environment, role=role, actor=ACTOR)
    found = access.identify(written.format(issued.key), it.catalogue.snapshot)
    assert found == Caller(key_id=issued.record.key_id, role=expected, environment=environment)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer  ", "hl_st_1", "Basic hl_st_1", "Bearer hl_st_2", "Bearer é"]
)
def test_without_a_key_of_ours_nobody_asks(header: str | None) -> None:
    it = InMemory()
    it.managing.issue_key(name="CI", environment=None, role=None, actor=ACTOR)
    with pytest.raises(access.Unauthenticated):
        access.identify(header, it.catalogue.snapshot)


def test_a_revoked_key_opens_nothing() -> None:
    it = InMemory()
    issued = it.managing.issue_key(name="CI", environment=None, role=None, actor=ACTOR)
    it.managing.revoke_key(key_id=issued.record.key_id, actor=ACTOR)
    with pytest.raises(access.Unauthenticated, match="unknown or revoked"):
        access.identify(f"Bearer {issued.key}", it.catalogue.snapshot)


def test_a_key_is_on_record_as_its_digest_and_a_hint() -> None:
    it = InMemory()
    issued = it.managing.issue_key(name="CI", environment=None, role=None, actor=ACTOR, given="hl_st_a-very-secret-key")
    stored = b"".join(each.state for each in it.ledger.recorder.select_events(f"api_key-{issued.record.key_id}"))
    assert b"very-secret" not in stored
    assert issued.record.digest == access.digest("hl_st_a-very-secret-key")
    assert issued.record.hint == "-key"
    assert "very-secret" not in repr(issued)
