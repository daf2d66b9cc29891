"""Signed requests, genuine and complete: the one table that all tests of signatures start from."""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import attrs
import pytest

from domain.verification import SigningSecret, Verdict, Verification
from infrastructure.signatures import schemes

BODY = b'{"id":"evt_1","type":"invoice.paid"}'
SECOND = 1_700_000_000
AT = datetime.fromtimestamp(SECOND + 0.25, UTC)

STRIPE = Verification("stripe")
SVIX = Verification("standard_webhooks")
SHARED = Verification("shared_header")
BEARER = Verification("bearer")
TIMED = Verification("hmac", {"header": "X-Signature", "encoding": "base64", "timestamp_header": "X-Time"})
GITHUB = Verification("hmac", {"header": "x-hub-signature-256", "prefix": "sha256="})
SEGMENT = Verification("hmac", {"header": "x-signature", "algorithm": "sha1"})
SLACK = Verification(
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


@attrs.frozen
class Request:
    """A signed request and how to verify it. Before `fixed_from` the case of the signing header is free."""

    verification: Verification
    secret: str
    headers: Mapping[str, str]
    body: bytes = BODY
    at: datetime = AT
    covers_body: bool = True
    fixed_from: int = 0

    def verdict(self, *secrets: str) -> Verdict:
        """Judge the request under these secrets, or its own; they are named by their turn."""
        given = [SigningSecret(str(turn), value) for turn, value in enumerate(secrets or (self.secret,))]
        return schemes.verifier(self.verification, given)(self.headers, self.body, self.at)

    def with_header(self, name: str, value: str) -> "Request":
        """The same request with another value of this header."""
        return attrs.evolve(self, headers={**self.headers, name: value})

    def without(self, name: str) -> "Request":
        """The same request without this header."""
        return attrs.evolve(self, headers={key: value for key, value in self.headers.items() if key != name})


def mac(key: str, covered: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(key.encode(), covered, algorithm)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack."
    b"com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0b"
    b"c887a14d10d2c447fce8b6703c"
)
WRONG_V1 = "0" * 64
STRIPE_V1 = "46dc069361a7691082640523fa33fe5d6c8c88d5f5e257cdf8cf11539d166595"
SVIX_V1 = "2MqiWCUSutompNNONPcEecW6oUQh9InItgNW9uHkRfU="

# The header that signs comes first. Six are the specification's Appendix C, the next three stand in providers' manuals.
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
        "segment": Request(SEGMENT, "segment_test_secret", {"x-signature": "1ca9d277ea8feadf95514df5900d76376f6bcbb3"}),
        "bearer": Request(BEARER, "s3cret", {"authorization": "Bearer s3cret"}, covers_body=False, fixed_from=6),
        "shared_header": Request(SHARED, "s3cret", {"x-webhook-secret": "s3cret"}, covers_body=False),
        "github's manual": Request(
            GITHUB,
            "It's a Secret to Everybody",
            {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
            b"Hello, World!",
        ),
        "slack's manual": Request(
            SLACK,
            "8f742231b10e8888abcd99yyyzzz85a5",
            {
                "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                "x-slack-request-timestamp": "1531420618",
            },
            SLACK_BODY,
            datetime.fromtimestamp(1531420618, UTC),
        ),
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
