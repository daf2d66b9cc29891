"""What is particular to a provider's scheme: its times, its lists, its batches, its URL."""

from datetime import timedelta

import attrs
import pytest

from domain.verification import Verification
from tests.infrastructure.judged_requests import AT, BODY, SECOND, Request, b64, mac
from tests.infrastructure.provider_requests import (
    ED25519,
    KNOCK_S,
    PADDLE_H1,
    PADDLE_SECRET,
    PRIVATE_KEY,
    PROVIDERS,
    PUBLIC_KEY,
    V1A,
    WORKOS_SECRET,
    WORKOS_V1,
)
from tests.infrastructure.signed_requests import SVIX_SECRET, VECTORS, WRONG_V1, assert_failed

TOLERANCES = {
    "workos": 180,
    "knock": 300,
    "paddle, by its package": 5,
    "ed25519, by cryptography": 300,
    "polytomic": 300,
}


@pytest.mark.parametrize(("name", "tolerance"), TOLERANCES.items())
def test_a_signed_time_counts_for_as_long_as_the_provider_says(name: str, tolerance: int) -> None:
    signed = AT - timedelta(seconds=0.25)
    for beyond, reasons in ((0.0, (None, None)), (0.000001, ("timestamp_stale", "timestamp_future"))):
        for side, reason in zip((1, -1), reasons, strict=True):
            late = side * (tolerance + beyond)
            verdict = attrs.evolve(PROVIDERS[name], at=signed + timedelta(seconds=late)).verdict()
            assert (verdict.reason, verdict.secret_id, verdict.skew_seconds) == (reason, "0", late)


@pytest.mark.parametrize("name", TOLERANCES)
def test_every_tolerance_is_an_option(name: str) -> None:
    request = PROVIDERS[name]
    strict = Verification(request.verification.scheme, {"tolerance_seconds": 1})
    late = attrs.evolve(request, verification=strict, at=AT + timedelta(seconds=1))
    assert_failed(late, "timestamp_stale")
    assert attrs.evolve(late, at=AT).verdict().status == "verified"


BAD_MILLISECONDS = [
    "",
    f"{SECOND}",
    f"+{SECOND}000",
    f" {SECOND}000",
    f"{SECOND}000 ",
    f"0{SECOND}000",
    f"{SECOND}_000",
    f"{SECOND}000.0",
    f"{SECOND}000000",
    "1.7e12",
    "-1700000000000",
    "\u0661" * 13,
    "\u00b2" * 13,
    "9" * 5000,
]


@pytest.mark.parametrize("time", BAD_MILLISECONDS, ids=range(len(BAD_MILLISECONDS)))
def test_only_plain_unix_milliseconds_are_a_time(time: str) -> None:
    """Signed genuinely over the text of the bad time, so that nothing but the time is wrong."""
    covered = time.encode() + b"." + BODY
    workos = f"t={time}, v1={mac(WORKOS_SECRET, covered).hex()}"
    assert_failed(PROVIDERS["workos"].with_header("workos-signature", workos), "timestamp_malformed")
    knock = f"t={time},s={b64(mac('knock_test_secret', covered))}"
    assert_failed(PROVIDERS["knock"].with_header("x-knock-signature", knock), "timestamp_malformed")


WORKOS_HEADERS: list[tuple[str, str]] = [
    (f"t={SECOND}000,  v1={WORKOS_V1}", "signature_missing"),
    (f"t={SECOND}000;v1={WORKOS_V1}", "timestamp_malformed"),
    (f"t={SECOND}000", "signature_missing"),
    (f"T={SECOND}000, v1={WORKOS_V1}", "timestamp_missing"),
    (f"t={SECOND}000, V1={WORKOS_V1}", "signature_missing"),
    (f"t={SECOND}000, v0={WORKOS_V1}", "signature_missing"),
    (f"v1={WORKOS_V1}, t={SECOND}000", "timestamp_missing"),
    (f"t={SECOND}000, t={SECOND}000, v1={WORKOS_V1}", "signature_missing"),
    (f"t={SECOND}000, v1={WORKOS_V1}, v1={WORKOS_V1}", "signature_malformed"),
    (f"t={SECOND}000, v1={WRONG_V1}, v1={WORKOS_V1}", "signature_malformed"),
    (f"t={SECOND}000, v1=", "signature_malformed"),
    (f"t={SECOND}000, v1={WORKOS_V1[:32]}", "signature_malformed"),
    (f"t={SECOND}000, v1={WORKOS_V1.upper()}", "signature_mismatch"),
]


@pytest.mark.parametrize(("header", "reason"), WORKOS_HEADERS, ids=range(len(WORKOS_HEADERS)))
def test_the_header_of_workos_is_read_strictly(header: str, reason: str) -> None:
    assert_failed(PROVIDERS["workos"].with_header("workos-signature", header), reason)


def test_no_space_follows_the_comma_of_knock() -> None:
    header = f"t={SECOND}000, s={KNOCK_S}"
    assert_failed(PROVIDERS["knock"].with_header("x-knock-signature", header), "signature_missing")


PADDLE_HEADERS: list[tuple[str, str | None]] = [
    (f"ts={SECOND};h1={WRONG_V1};h1={PADDLE_H1}", None),
    (f"h1={PADDLE_H1};ts={SECOND}", None),
    (f"ts={SECOND}" + f";h1={WRONG_V1}" * 9 + f";h1={PADDLE_H1}", None),
    (f"ts={SECOND}" + f";h1={WRONG_V1}" * 10 + f";h1={PADDLE_H1}", "signature_malformed"),
    (f"ts={SECOND};h2=00;h1={PADDLE_H1}", "signature_malformed"),
    (f"ts={SECOND};h1={PADDLE_H1};", "signature_malformed"),
    (f"ts={SECOND}; h1={PADDLE_H1}", "signature_malformed"),
    (f"ts={SECOND};h1={PADDLE_H1};h1", "signature_malformed"),
    (f"ts={SECOND},h1={PADDLE_H1}", "timestamp_malformed"),
    (f"ts=0;ts={SECOND};h1={PADDLE_H1}", "timestamp_malformed"),
    (f"ts={SECOND};ts={SECOND};h1={PADDLE_H1}", "timestamp_malformed"),
    (f"ts=1_700_000_000;h1={PADDLE_H1}", "timestamp_malformed"),
    (f"h1={PADDLE_H1}", "timestamp_missing"),
    (f"ts={SECOND}", "signature_missing"),
]


@pytest.mark.parametrize(("header", "reason"), PADDLE_HEADERS, ids=range(len(PADDLE_HEADERS)))
def test_the_header_of_paddle_is_read_strictly(header: str, reason: str | None) -> None:
    request = attrs.evolve(PROVIDERS["paddle, by its package"], secret=PADDLE_SECRET)
    assert request.with_header("paddle-signature", header).verdict().reason == reason


@pytest.mark.parametrize("body", [b"[%b]", b"[%b,%b]", b" \r\n\t[%b]"])
def test_a_batch_of_segment_is_refused_however_it_is_signed(body: bytes) -> None:
    body = body.replace(b"%b", BODY)
    for signed in (BODY, body):
        header = mac("segment_test_secret", signed, "sha1").hex()
        request = attrs.evolve(PROVIDERS["segment"], body=body).with_header("x-signature", header)
        assert "only the first event" in (assert_failed(request, "batch_not_signed").message or "")


V1A_HEADERS: list[tuple[str, str | None]] = [
    (f"v1a,{b64(bytes(64))} v1a,{V1A}", None),
    (f"v1,{b64(bytes(32))} v1a,{V1A}", None),
    (f"v1a,{b64(bytes(64))} " * 10 + f"v1a,{V1A}", "signature_malformed"),
    (f"v1,{V1A}", "signature_missing"),
    (f"v1a,{V1A[:-3]}x==", "signature_mismatch"),
    (f"v1a,{V1A.rstrip('=')}", "signature_malformed"),
    (f"v1a,{b64(bytes(32))}", "signature_malformed"),
]


@pytest.mark.parametrize(("header", "reason"), V1A_HEADERS, ids=range(len(V1A_HEADERS)))
def test_the_list_of_ed25519_is_read_strictly(header: str, reason: str | None) -> None:
    request = PROVIDERS["ed25519, by cryptography"].with_header("webhook-signature", header)
    assert request.verdict().reason == reason


def test_a_public_key_is_never_taken_for_the_key_of_an_hmac() -> None:
    covered = b"msg_1.%d.%b" % (SECOND, BODY)
    for key in (PUBLIC_KEY.encode(), PRIVATE_KEY.public_key().public_bytes_raw()):
        for version in ("v1", "v1a"):
            header = f"{version},{b64(mac(key.decode('latin-1'), covered))}"
            assert_failed(PROVIDERS["ed25519, by cryptography"].with_header("webhook-signature", header))


def test_the_two_versions_of_standard_webhooks_are_not_mixed() -> None:
    signed = PROVIDERS["ed25519, by cryptography"]
    symmetric = attrs.evolve(signed, verification=Verification("standard_webhooks"), secret=SVIX_SECRET)
    assert_failed(symmetric, "signature_missing")
    assert_failed(attrs.evolve(VECTORS["svix"], verification=ED25519, secret=PUBLIC_KEY), "signature_missing")


@pytest.mark.parametrize("part", ["id", "timestamp"])
def test_svix_headers_and_their_twins_may_agree_but_not_differ(part: str) -> None:
    svix = VECTORS["svix"]
    same = svix.with_header(f"webhook-{part}", svix.headers[f"svix-{part}"])
    assert same.verdict().status == "verified"
    assert_failed(svix.with_header(f"webhook-{part}", "1700000001"), "signature_malformed")


BASICS = {
    f"Basic  {b64(b'user:s3cret')}": "signature_malformed",
    f"Basic{b64(b'user:s3cret')}": "signature_malformed",
    f"Bearer {b64(b'user:s3cret')}": "signature_malformed",
    "Basic user:s3cret": "signature_mismatch",
    "Basic dXNlcjpzM2NyZXR=": "signature_mismatch",
    "Basic dXNlcjpzM2NyZXQ=,": "signature_mismatch",
    "Basic é": "signature_malformed",
    "Basic": "signature_malformed",
    f"Basic {b64(b'user:s3cret:')}": "signature_mismatch",
    f"Basic {b64(b'user:')}": "signature_mismatch",
}


@pytest.mark.parametrize(("value", "reason"), BASICS.items(), ids=range(len(BASICS)))
def test_basic_is_one_word_one_space_and_one_spelling_of_user_and_password(value: str, reason: str) -> None:
    assert_failed(PROVIDERS["basic"].with_header("authorization", value), reason)


@pytest.mark.parametrize("secret", ["user:pass:with:colons", "a-write-key:", ":password", "user:with space"])
def test_basic_takes_any_password_and_an_empty_user_or_password(secret: str) -> None:
    header = {"authorization": f"basic {b64(secret.encode())}"}
    assert Request(Verification("basic"), secret, header).verdict().status == "verified"


POLYTOMIC_TIMES = {
    "2023-11-14T22:13:20Z": None,
    "2023-11-14T22:13:20.250Z": None,
    "2023-11-15T00:13:20+02:00": None,
    "2023-11-14T22:08:20Z": "timestamp_stale",
    "2023-11-15T22:13:20Z": "timestamp_future",
    "": "timestamp_malformed",
    "2023-11-14T22:13:20": "timestamp_malformed",
    "2023-11-14 22:13:20Z": "timestamp_malformed",
    "2023-11-14t22:13:20z": "timestamp_malformed",
    "2023-13-14T22:13:20Z": "timestamp_malformed",
    "2023-W46-2T22:13:20Z": "timestamp_malformed",
    "٢٠٢٣-11-14T22:13:20Z": "timestamp_malformed",
    "2023-11-14T22:13:20Z, 2023-11-14T22:13:20Z": "timestamp_malformed",
    "1700000000": "timestamp_malformed",
    "2023-11-15T00:13:20+02:00:00": "timestamp_malformed",
    "0001-01-01T00:00:00+23:59": "timestamp_stale",
}


@pytest.mark.parametrize(("time", "reason"), POLYTOMIC_TIMES.items(), ids=range(len(POLYTOMIC_TIMES)))
def test_the_time_of_polytomic_is_in_rfc_3339(time: str, reason: str | None) -> None:
    request = attrs.evolve(PROVIDERS["polytomic"], beside={"polytomic-signature-timestamp": time})
    assert request.verdict().reason == reason


def test_polytomic_may_leave_out_its_time_but_not_its_token() -> None:
    timeless = attrs.evolve(PROVIDERS["polytomic"], beside={})
    assert (timeless.verdict().status, timeless.verdict().skew_seconds) == ("verified", None)
    assert_failed(timeless.without("authorization"), "signature_missing")


def test_where_no_script_runs_the_scheme_script_fails() -> None:
    verdict = Request(Verification("script"), "left over", {}).verdict()
    assert (verdict.scheme, verdict.status, verdict.reason) == ("script", "failed", "script_error")
