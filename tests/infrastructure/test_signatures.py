"""Signatures: genuine requests verify, no other does, and every verdict says why without telling a secret."""

from collections.abc import Mapping
from datetime import timedelta

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.verification import Reason, SigningSecret, Verification
from infrastructure.signatures import schemes
from tests.infrastructure.judged_requests import AT, BODY, SECOND, Request
from tests.infrastructure.provider_requests import OTHER_PUBLIC_KEY
from tests.infrastructure.signed_requests import (
    OTHER_SVIX_SECRET,
    VECTORS,
    WEBHOOK,
    WRONG_V1,
    assert_failed,
    each_vector,
)


@each_vector
def test_a_genuine_request_verifies_and_the_verdict_names_scheme_and_secret(request_: Request) -> None:
    verdict = request_.verdict()
    assert (verdict.scheme, verdict.status) == (request_.verification.scheme, "verified")
    assert (verdict.reason, verdict.message, verdict.secret_id) == (None, None, "0")


@each_vector
def test_no_bit_of_a_signing_header_can_change(request_: Request) -> None:
    """Every header that verification reads, every bit of it, the case of the words Bearer and Basic excepted."""
    for name, value in request_.headers.items():
        for position in range(request_.fixed_from, len(value)):
            for bit in range(8):
                flipped = chr(ord(value[position]) ^ (1 << bit))
                assert_failed(request_.with_header(name, value[:position] + flipped + value[position + 1 :]))


@each_vector
def test_no_header_can_grow_or_shrink_by_a_character(request_: Request) -> None:
    for name, value in request_.headers.items():
        for changed in (value[:-1], value[1:], *(value + more for more in " =0,\0"), f" {value}", ""):
            assert_failed(request_.with_header(name, changed))


@pytest.mark.parametrize("request_", [request for request in VECTORS.values() if request.covers_body])
def test_no_bit_of_a_covered_body_can_change(request_: Request) -> None:
    for position, byte in enumerate(request_.body):
        for bit in range(8):
            body = request_.body[:position] + bytes([byte ^ (1 << bit)]) + request_.body[position + 1 :]
            reason = assert_failed(attrs.evolve(request_, body=body)).reason
            assert reason in ("signature_mismatch", "signature_malformed", "batch_not_signed")


@pytest.mark.parametrize("body", [b'{"id": "evt_1", "type": "invoice.paid"}', BODY + b"\n", BODY[:-1], b""])
def test_the_raw_bytes_are_verified_and_not_their_meaning(body: bytes) -> None:
    for name in ("stripe", "svix", "shopify", "segment", "workos", "knock", "ed25519, by cryptography"):
        assert_failed(attrs.evolve(VECTORS[name], body=body), "signature_mismatch")


@each_vector
def test_a_header_sent_twice_never_verifies(request_: Request) -> None:
    """A repeated header arrives joined by a comma and a space, whichever of the two is genuine."""
    for name, value in request_.headers.items():
        for first, second in ((value, value), (value, "x"), ("x", value), (value, ""), ("", value)):
            assert_failed(request_.with_header(name, f"{first}, {second}"))


def test_a_stripe_header_sent_in_two_parts_never_verifies() -> None:
    genuine = VECTORS["stripe"].headers["stripe-signature"]
    time, signature = genuine.split(",")
    for parts in (f"{time}, {signature}", f"{signature}, {time}", f"{genuine}, v1={WRONG_V1}", f"v0=a, {genuine}"):
        assert_failed(VECTORS["stripe"].with_header("stripe-signature", parts))


@each_vector
def test_an_absent_header_is_named(request_: Request) -> None:
    for name in request_.headers:
        reason = "timestamp_missing" if "time" in name else "signature_missing"
        assert name in (assert_failed(request_.without(name), reason).message or "")


@each_vector
def test_without_a_secret_nothing_verifies(request_: Request) -> None:
    verdict = request_.judged([])
    assert (verdict.status, verdict.reason) == ("failed", "secret_unset")


OTHERS = {
    "stripe": "whsec_another_secret",
    "standard_webhooks": OTHER_SVIX_SECRET,
    "ed25519": OTHER_PUBLIC_KEY,
    "basic": "user:another-secret",
}


@each_vector
def test_while_a_secret_is_rolled_both_are_valid_and_the_verdict_says_which_matched(
    request_: Request,
) -> None:
    other = OTHERS.get(request_.verification.scheme, "another-secret")
    assert request_.verdict(other).reason == "signature_mismatch"
    assert request_.verdict(other, request_.secret).secret_id == "1"
    assert request_.verdict(request_.secret, other).secret_id == "0"


@pytest.mark.parametrize(
    ("expires_in", "status"),
    [(timedelta(microseconds=1), "verified"), (timedelta(0), "failed"), (timedelta(-1), "failed")],
)
@each_vector
def test_a_secret_counts_until_just_before_it_expires(request_: Request, expires_in: timedelta, status: str) -> None:
    secret = SigningSecret("old", request_.secret, request_.at + expires_in)
    verdict = request_.judged([secret])
    assert verdict.status == status
    assert verdict.reason == (None if status == "verified" else "secret_unset")


def test_an_expired_secret_is_not_tried_beside_one_in_force() -> None:
    request = VECTORS["stripe"]
    secrets = [SigningSecret("old", request.secret, AT), SigningSecret("new", OTHERS["stripe"])]
    verdict = request.judged(secrets)
    assert (verdict.status, verdict.reason, verdict.secret_id) == ("failed", "signature_mismatch", None)


BEARERS: Mapping[str, Reason] = {
    "Bearer  s3cret": "signature_malformed",
    " Bearer s3cret": "signature_malformed",
    "Bearer\ts3cret": "signature_malformed",
    "Bearers3cret": "signature_malformed",
    "Bearer": "signature_malformed",
    "Bearer ": "signature_malformed",
    "Basic s3cret": "signature_malformed",
    "s3cret": "signature_malformed",
    "Bearer s3cré": "signature_malformed",
    "Bearer \ud800": "signature_malformed",
    "Bearer s3cret ": "signature_mismatch",
    "Bearer S3CRET": "signature_mismatch",
    "": "signature_missing",
}


@pytest.mark.parametrize(("value", "reason"), BEARERS.items(), ids=range(len(BEARERS)))
def test_a_bearer_is_one_word_one_space_and_the_secret(value: str, reason: Reason) -> None:
    assert_failed(VECTORS["bearer"].with_header("authorization", value), reason)


def test_the_scheme_none_verifies_nothing_and_says_so() -> None:
    verdict = schemes.verifier(Verification("none"), [SigningSecret("left over", "x")])({}, b"", AT, "")
    assert (verdict.status, verdict.reason) == ("unverified", "no_verification")


def test_an_unknown_scheme_fails_every_request() -> None:
    verdict = schemes.verifier(Verification("rot13"), [SigningSecret("0", "s3cret")])({}, BODY, AT, "")
    assert (verdict.scheme, verdict.status, verdict.reason) == ("rot13", "failed", "unknown_scheme")


HEADER_NAMES = sorted({name for request in (*VECTORS.values(), WEBHOOK) for name in request.headers})
WIRE = st.text(max_size=90) | st.text("tv01=, .abc", max_size=90) | st.just(str(SECOND))


@each_vector
@given(headers=st.dictionaries(st.sampled_from(HEADER_NAMES), WIRE), body=st.binary(max_size=20))
def test_no_invented_request_verifies_or_raises(request_: Request, headers: dict[str, str], body: bytes) -> None:
    assume("s3cret" not in repr(headers))
    assert_failed(attrs.evolve(request_, headers={"": "", **headers}, body=body))
