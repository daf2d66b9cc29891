"""Signed requests, genuine and complete: the one table that all tests of signatures start from."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import attrs
import pytest

from domain.verification import Verdict, Verification
from tests.infrastructure.judged_requests import BODY, SECOND, Request, b64, mac
from tests.infrastructure.provider_requests import GITHUBS, PROVIDERS, SLACKS

STRIPE = Verification("stripe")
SVIX = Verification("standard_webhooks")
SHARED = Verification("shared_header")
BEARER = Verification("bearer")
TIMED = Verification("hmac", {"header": "X-Signature", "encoding": "base64", "timestamp_header": "X-Time"})
AS_GITHUB = Verification("hmac", {"header": "x-hub-signature-256", "prefix": "sha256="})
AS_SLACK = Verification(
    "hmac",
    {
        "header": "x-slack-signature",
        "prefix": "v0=",
        "timestamp_header": "x-slack-request-timestamp",
        "signed_template": "v0:{timestamp}:{body}",
    },
)
STRIPE_SECRET = "whsec_test_secret"
SVIX_SECRET = "whsec_a25vY2stc291cmNlcy1zdml4LXRlc3Qta2V5"
OTHER_SVIX_SECRET = "whsec_" + base64.b64encode(b"another key of 24 bytes.").decode()

WRONG_V1 = "0" * 64
STRIPE_V1 = "46dc069361a7691082640523fa33fe5d6c8c88d5f5e257cdf8cf11539d166595"
SVIX_V1 = "2MqiWCUSutompNNONPcEecW6oUQh9InItgNW9uHkRfU="

# The header that signs comes first. Those without a remark are computed by hand, or stand in the provider's manual.
VECTORS: Mapping[str, Request] = MappingProxyType(
    {
        "stripe": Request(STRIPE, STRIPE_SECRET, {"stripe-signature": f"t={SECOND},v1={STRIPE_V1}"}),
        "svix": Request(
            SVIX,
            SVIX_SECRET,
            {"svix-signature": f"v1,{SVIX_V1}", "svix-id": "msg_1", "svix-timestamp": str(SECOND)},
        ),
        "shopify": Request(
            Verification("shopify"),
            "shopify_test_secret",
            {"x-shopify-hmac-sha256": "r4DT3WVH0gKg413EgOaWWrNfhcZqN6/l8Mxzes9rIyw="},
        ),
        "bearer": Request(BEARER, "s3cret", {"authorization": "Bearer s3cret"}, covers_body=False, fixed_from=6),
        "shared_header": Request(SHARED, "s3cret", {"x-webhook-secret": "s3cret"}, covers_body=False),
        "hmac as by GitHub": attrs.evolve(GITHUBS, verification=AS_GITHUB),
        "hmac as by Slack": attrs.evolve(SLACKS, verification=AS_SLACK),
        "svix's manual, unbranded": Request(
            SVIX,
            "whsec_plJ3nmyCDGBKInavdOK15jsl",
            {
                "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
                "webhook-id": "msg_loFOjxBNrRLzqYUf",
                "webhook-timestamp": "1731705121",
            },
            b'{"event_type":"ping","data":{"success":true}}',
            datetime.fromtimestamp(1731705121, UTC),
        ),
        "hmac with time, base64": Request(
            TIMED,
            "a shared key",
            {"x-signature": b64(mac("a shared key", b"%d.%b" % (SECOND, BODY))), "x-time": str(SECOND)},
        ),
        "hmac sha512, not utf-8": Request(
            Verification("hmac", {"header": "x-sig", "algorithm": "sha512", "signed_template": "100%:{body}"}),
            "a shared key",
            {"x-sig": mac("a shared key", b"100%:\xff\x00", "sha512").hex()},
            b"\xff\x00",
        ),
        "custom header": Request(
            Verification("shared_header", {"header": "X-Token"}),
            "s3cret",
            {"x-token": "s3cret"},
            covers_body=False,
        ),
        "bearer in capitals": Request(
            BEARER, "s3cret", {"authorization": "BEARER s3cret"}, covers_body=False, fixed_from=6
        ),
        **PROVIDERS,
    }
)
WEBHOOK = attrs.evolve(
    VECTORS["svix"],
    headers={name.replace("svix", "webhook"): value for name, value in VECTORS["svix"].headers.items()},
)


# What the genuine requests prove themselves with; no message may repeat it.
PROOFS = tuple(
    part
    for request in VECTORS.values()
    for part in (request.secret, *next(iter(request.headers.values())).replace(",", "=").split("="))
    if len(part) > 30 or part == request.secret
)

each_vector = pytest.mark.parametrize("request_", VECTORS.values(), ids=VECTORS.keys())


def assert_failed(request: Request, reason: str | None = None) -> Verdict:
    """Check that the request fails, for this reason, and that the verdict gives nothing away."""
    verdict = request.verdict()
    assert verdict.status == "failed", request
    assert reason in (None, verdict.reason)
    assert verdict.message
    assert not any(proof in verdict.message for proof in PROOFS)
    return verdict
