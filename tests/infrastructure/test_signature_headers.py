"""Signing headers: what is taken for a time, a list of signatures and a family of headers, and what is not."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from domain.verification import Verification
from tests.infrastructure.judged_requests import AT, BODY, SECOND, Request, b64, mac
from tests.infrastructure.signed_requests import (
    STRIPE_SECRET,
    STRIPE_V1,
    SVIX_V1,
    VECTORS,
    WEBHOOK,
    WRONG_V1,
    assert_failed,
)


@pytest.mark.parametrize("name", ["stripe", "svix", "slack's manual", "hmac with time, base64"])
@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (300.0, None),
        (300.000001, "timestamp_stale"),
        (86_400.0, "timestamp_stale"),
        (-300.0, None),
        (-300.000001, "timestamp_future"),
        (-86_400.0, "timestamp_future"),
    ],
)
def test_a_signed_time_counts_for_five_minutes_to_either_side(name: str, late: float, reason: str | None) -> None:
    """The skew is in every verdict, and one about age says that the signature itself was genuine."""
    request = VECTORS[name]
    signed = next(int(part) for part in (SECOND, 1531420618) if str(part) in repr(request.headers))
    verdict = attrs.evolve(request, at=datetime.fromtimestamp(signed, UTC) + timedelta(seconds=late)).verdict()
    assert (verdict.reason, verdict.secret_id, verdict.skew_seconds) == (reason, "0", late)


def test_the_tolerance_is_an_option() -> None:
    strict = Verification("stripe", {"tolerance_seconds": 10})
    late = attrs.evolve(VECTORS["stripe"], verification=strict, at=AT + timedelta(seconds=10))
    assert assert_failed(late, "timestamp_stale").message == (
        "signed 10 s before it was received; at most 10 s are tolerated"
    )


BAD_TIMES = [
    "",
    "+1700000000",
    " 1700000000",
    "1700000000 ",
    "1_700_000_000",
    "1.7e9",
    "1700000000.0",
    "01700000000",
    "1700000000000",
    "-1700000000",
    "0",
    "0x65",
    "1700000000\n",
    "1700000000\0",
    "\u0661\u0667\u0660\u0660",
    "\u00b2",
]


@pytest.mark.parametrize("time", [*BAD_TIMES, "9" * 5000])
def test_only_plain_unix_seconds_are_a_time(time: str) -> None:
    """Signed genuinely over the text of the bad time, so that nothing but the time is wrong."""
    covered = time.encode() + b"." + BODY
    stripe_header = f"t={time},v1={mac(STRIPE_SECRET, covered).hex()}"
    assert_failed(VECTORS["stripe"].with_header("stripe-signature", stripe_header), "timestamp_malformed")
    timed = VECTORS["hmac with time, base64"].with_header("x-signature", b64(mac("a shared key", covered)))
    assert_failed(timed.with_header("x-time", time), "timestamp_malformed" if time else "timestamp_missing")


STRIPE_HEADERS: list[tuple[str, str | None]] = [
    (f"t={SECOND},v1={WRONG_V1},v1={STRIPE_V1}", None),
    (f"t={SECOND},v0={WRONG_V1},v1={STRIPE_V1},v2=", None),
    (f"v1={STRIPE_V1},t={SECOND}", None),
    (f"t={SECOND}" + f",v1={WRONG_V1}" * 9 + f",v1={STRIPE_V1}", None),
    (f"t={SECOND}" + f",v1={WRONG_V1}" * 10 + f",v1={STRIPE_V1}", "signature_malformed"),
    (f"t={SECOND},v1={STRIPE_V1}" + f",v1={WRONG_V1}" * 10_000, "signature_malformed"),
    (f"t={SECOND},v1={STRIPE_V1.upper()}", "signature_mismatch"),
    (f"t={SECOND},v0={STRIPE_V1}", "signature_missing"),
    (f"t={SECOND},V1={STRIPE_V1}", "signature_missing"),
    (f"v1={STRIPE_V1}", "timestamp_missing"),
    (f"t={SECOND},t={SECOND},v1={STRIPE_V1}", "timestamp_malformed"),
    (f"t={SECOND},v1={STRIPE_V1},", "signature_malformed"),
    (f"t={SECOND},v1", "signature_malformed"),
    (f"t={SECOND},v1=", "signature_malformed"),
    (f"t={SECOND},v1={STRIPE_V1}=1", "signature_malformed"),
    (f"t={SECOND},v1={STRIPE_V1[:32]}", "signature_malformed"),
    (f"t={SECOND},v1={STRIPE_V1}00", "signature_malformed"),
    (f"t={SECOND},v1=0x{STRIPE_V1[2:]}", "signature_malformed"),
    (f"t={SECOND},v1={'é' * 64}", "signature_malformed"),
    ("garbage", "signature_malformed"),
]


@pytest.mark.parametrize(("header", "reason"), STRIPE_HEADERS, ids=range(len(STRIPE_HEADERS)))
def test_the_stripe_header_is_read_strictly(header: str, reason: str | None) -> None:
    assert VECTORS["stripe"].with_header("stripe-signature", header).verdict().reason == reason


SVIX_HEADERS: list[tuple[str, str | None]] = [
    (f"v1,{b64(bytes(32))} v1,{SVIX_V1}", None),
    (f"v1a,anything v2,x v1,{SVIX_V1}", None),
    (f"v1,{b64(bytes(32))} " * 9 + f"v1,{SVIX_V1}", None),
    (f"v1,{b64(bytes(32))} " * 10 + f"v1,{SVIX_V1}", "signature_malformed"),
    (f"v1a,{SVIX_V1}", "signature_missing"),
    (f"V1,{SVIX_V1}", "signature_missing"),
    (SVIX_V1, "signature_malformed"),
    (f"v1,{SVIX_V1},", "signature_malformed"),
    (f"v1,{SVIX_V1}  v1,{SVIX_V1}", "signature_malformed"),
    (f"v1,{SVIX_V1} v1", "signature_malformed"),
    (f"v1,{SVIX_V1} v1,AAAA", "signature_malformed"),
    (f"v1,{SVIX_V1[:-1]}", "signature_malformed"),
    (f"v1,{SVIX_V1[:-2]}V=", "signature_mismatch"),
    (f"v1,{'!' * 44}", "signature_malformed"),
]


@pytest.mark.parametrize(("header", "reason"), SVIX_HEADERS, ids=range(len(SVIX_HEADERS)))
@pytest.mark.parametrize("request_", [VECTORS["svix"], WEBHOOK], ids=["svix", "webhook"])
def test_the_list_of_standard_webhooks_is_read_strictly(request_: Request, header: str, reason: str | None) -> None:
    assert request_.with_header(next(iter(request_.headers)), header).verdict().reason == reason


def test_an_id_outside_ascii_is_refused() -> None:
    for identity in ("msg_é", "msg_\ud800"):
        assert_failed(VECTORS["svix"].with_header("svix-id", identity), "signature_malformed")


def test_a_part_of_a_genuine_body_is_no_genuine_body() -> None:
    """The same signed text, cut at a time that somebody wrote into the body: all before it would pass for the id."""
    request = VECTORS["svix"]
    body = b'{"name": "Eve.%d.payload=%%7B%%7D"}' % (SECOND + 1)
    key = base64.b64decode(request.secret.removeprefix("whsec_"))
    signed = hmac.digest(key, b"msg_1.%d." % SECOND + body, "sha256")
    genuine = attrs.evolve(request.with_header("svix-signature", f"v1,{b64(signed)}"), body=body)
    assert genuine.verdict().status == "verified"
    before, _, after = body.partition(b".%d." % (SECOND + 1))
    shifted = attrs.evolve(genuine.with_header("svix-timestamp", str(SECOND + 1)), body=after)
    assert_failed(shifted.with_header("svix-id", f"msg_1.{SECOND}.{before.decode()}"), "signature_malformed")


@pytest.mark.parametrize("identity", ["msg.1", "a.b.c", "msg.17000000.1", "1700000000"])
def test_an_id_may_hold_dots_and_digits(identity: str) -> None:
    assert VECTORS["svix"].with_header("svix-id", identity).verdict().reason == "signature_mismatch"


def test_the_two_header_families_are_not_mixed() -> None:
    """One svix header makes the request a Svix request, and then all three must be there."""
    assert WEBHOOK.verdict().status == "verified"
    assert_failed(WEBHOOK.with_header("svix-id", "msg_1"), "signature_missing")
    for name in VECTORS["svix"].headers:
        mixed = VECTORS["svix"].without(name)
        assert_failed(mixed.with_header(name.replace("svix", "webhook"), VECTORS["svix"].headers[name]))
