"""Rotating secrets: two count for a while, by the clock, and one can be retired at once."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest

from application.secret_edits import LONGEST_OVERLAP, BodyInvalid
from domain import configuring
from domain.json_values import Json
from domain.verification import Verdict
from tests import examples
from tests.application.in_memory import ACTOR, InMemory

OLD, NEW, OTHER = ("whsec_" + letter * 32 for letter in "abc")
BODY = b'{"type":"order.placed"}'
DAY = 86_400
EXPIRY = examples.AT + timedelta(days=1)
JUST_BEFORE = EXPIRY - timedelta(microseconds=1)


def put(it: InMemory, secret: Json) -> str:
    """Give the source a secret; its token."""
    settings: dict[str, Json] = {"verification": {"scheme": "stripe"}, "secrets": {"signing_secret": secret}}
    return it.put(settings=settings).token


def rotated(overlap: Json = DAY) -> InMemory:
    """A source whose secret was OLD and is NEW."""
    it = InMemory()
    put(it, OLD)
    put(it, {"value": NEW, "previous_expires_in_seconds": overlap})
    return it


def judged(it: InMemory, at: datetime, *secrets: str) -> Verdict:
    """What becomes of a request that is signed with `secrets` at the moment of its receipt."""
    moment = str(int(at.timestamp()))
    signed = (hmac.digest(secret.encode(), f"{moment}.".encode() + BODY, hashlib.sha256).hex() for secret in secrets)
    header = ",".join((f"t={moment}", *(f"v1={signature}" for signature in signed)))
    verifier = it.catalogue.current().endpoints[it.configuration().token].verifier
    return verifier({"stripe-signature": header}, BODY, at, "")


@pytest.mark.parametrize(
    ("secrets", "before", "after"),
    [
        ((OLD,), "verified", "failed"),
        ((NEW,), "verified", "verified"),
        ((OLD, NEW), "verified", "verified"),
        ((OTHER,), "failed", "failed"),
    ],
)
def test_two_secrets_count_until_the_one_before_expires(secrets: tuple[str, ...], before: str, after: str) -> None:
    it = rotated()
    assert judged(it, examples.AT, *secrets).status == before
    assert judged(it, JUST_BEFORE, *secrets).status == before
    assert judged(it, EXPIRY, *secrets).status == after


def test_a_verdict_names_the_secret_that_matched() -> None:
    it = rotated()
    old, new = (secret.id for secret in it.configuration().secrets)
    assert [judged(it, examples.AT, each).secret_id for each in (OLD, NEW)] == [old, new]


@pytest.mark.parametrize("secret", [NEW, {"value": NEW}, {"value": NEW, "previous_expires_in_seconds": 0}])
def test_without_a_time_the_secret_before_expires_at_once(secret: Json) -> None:
    it = InMemory()
    put(it, OLD)
    put(it, secret)
    assert judged(it, examples.AT, OLD).reason == "signature_mismatch"
    assert judged(it, examples.AT, NEW).status == "verified"


def test_a_rotation_asked_for_twice_is_one() -> None:
    it = rotated()
    before = it.ledger.head()
    it.clock.now += timedelta(hours=1)
    put(it, {"value": NEW, "previous_expires_in_seconds": DAY})
    assert it.ledger.head() == before


def test_a_rotation_without_overlap_ends_an_earlier_one_too() -> None:
    it = rotated()
    put(it, OTHER)
    assert [judged(it, examples.AT, each).status for each in (OLD, NEW, OTHER)] == ["failed", "failed", "verified"]


def test_a_secret_can_be_retired_at_once() -> None:
    it = rotated()
    for _ in range(2):
        it.managing.retire_secret(
            source="shop", environment="development", secret_id=it.configuration().secrets[0].id, actor=ACTOR
        )
        assert [judged(it, examples.AT, each).status for each in (OLD, NEW)] == ["failed", "verified"]


def test_with_its_last_secret_retired_a_source_verifies_nothing() -> None:
    it = InMemory()
    put(it, OLD)
    (secret,) = it.configuration().secrets
    it.managing.retire_secret(source="shop", environment="development", secret_id=secret.id, actor=ACTOR)
    assert judged(it, examples.AT, OLD).status == "failed"


def test_only_a_secret_of_the_configuration_can_be_retired() -> None:
    it = rotated()
    secret = it.configuration().secrets[0]
    retire: dict[str, Any] = {"source": "shop", "actor": ACTOR}
    with pytest.raises(configuring.SecretUnknown):
        it.managing.retire_secret(**retire, environment="production", secret_id=secret.id)
    with pytest.raises(configuring.ConfigurationUnknown):
        it.managing.retire_secret(**{**retire, "source": "none"}, environment="production", secret_id=secret.id)


FIELD = "source.environment_settings.development.settings.secrets.signing_secret"


@pytest.mark.parametrize(
    ("secret", "field"),
    [
        (None, FIELD),
        ([], FIELD),
        ({"value": NEW, "expires": 5}, FIELD),
        ({}, f"{FIELD}.value"),
        ({"value": 5}, f"{FIELD}.value"),
        *(
            ({"value": NEW, "previous_expires_in_seconds": seconds}, f"{FIELD}.previous_expires_in_seconds")
            for seconds in (-1, LONGEST_OVERLAP + 1, 1.5, "5", True, None)
        ),
    ],
)
def test_a_rotation_that_cannot_be_is_refused_without_showing_the_secret(secret: Json, field: str) -> None:
    it = InMemory()
    put(it, OLD)
    before = it.ledger.head()
    with pytest.raises(BodyInvalid) as refusal:
        put(it, secret)
    assert refusal.value.field == field
    assert NEW not in str(refusal.value)
    assert it.ledger.head() == before


def test_two_secrets_may_count_for_thirty_days() -> None:
    it = rotated(LONGEST_OVERLAP)
    assert judged(it, examples.AT + timedelta(seconds=LONGEST_OVERLAP - 1), OLD).status == "verified"
    assert judged(it, examples.AT + timedelta(seconds=LONGEST_OVERLAP), OLD).status == "failed"
