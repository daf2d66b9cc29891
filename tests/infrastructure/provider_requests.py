"""Genuine requests of providers that have a scheme of their own, besides those in `signed_requests`."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.verification import Verification
from tests.infrastructure.judged_requests import SECOND, Request

WORKOS_SECRET = "workos_test_secret"
WORKOS_V1 = "6aafcbcc91203bb6991923295912417e288d474c45896ff4540b0c7b101014be"
PADDLE_SECRET = "pdl_ntfset_01gkpjp8bkm3tm53kdgkx6sms7_6h3qd3uFSi9YCD3OLYAShQI90XTI5vEI"
PADDLE_H1 = "56f24a01383890aa7a2fc046fd56baee555ed708dc0baa5c97f8a1d5d667408e"
KNOCK_S = "1u1gdB/wozeLjk7B0+gprK33mNls5z7w+htUA3sdXOE="
TWILIO_TOKEN = "12345678901234567890123456789012"
TWILIO_FORM = b"AccountSid=AC1&Body=hello&From=15550001"
BODY_DIGEST = "d0d68fc7e872c5939afbebc3266f9bf866148a28a9b90b787c8caacc700c6bc6"
FORM = "application/x-www-form-urlencoded"

ED25519 = Verification("ed25519")
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
OTHER_PUBLIC_KEY = "whpk_ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ="
V1A = "VK0hHhgkgnOALS7T0QTNw8+/a79LvqbW+cktI8yVSq5tHZHl8XAv92jbShjCP42eI6B7ZDA4eThktCVg8JVPDw=="

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack."
    b"com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0b"
    b"c887a14d10d2c447fce8b6703c"
)

GITHUBS = Request(
    Verification("github"),
    "It's a Secret to Everybody",
    {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
    b"Hello, World!",
)
SLACKS = Request(
    Verification("slack"),
    "8f742231b10e8888abcd99yyyzzz85a5",
    {
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "x-slack-request-timestamp": "1531420618",
    },
    SLACK_BODY,
    datetime.fromtimestamp(1531420618, UTC),
)
TWILIO = Request(
    Verification("twilio"),
    TWILIO_TOKEN,
    {"x-twilio-signature": "u7PQ6aG1hkHb7VoodB09BZ8qZ+M="},
    query=f"bodySHA256={BODY_DIGEST}",
    beside={"content-type": "application/json"},
)

PROVIDERS: Mapping[str, Request] = MappingProxyType(
    {
        "segment": Request(
            Verification("segment"), "segment_test_secret", {"x-signature": "1ca9d277ea8feadf95514df5900d76376f6bcbb3"}
        ),
        "workos": Request(
            Verification("workos"), WORKOS_SECRET, {"workos-signature": f"t={SECOND}000, v1={WORKOS_V1}"}
        ),
        "workos for node": Request(
            Verification("workos"), WORKOS_SECRET, {"workos-signature": f"t={SECOND}000,v1={WORKOS_V1}"}
        ),
        "knock": Request(
            Verification("knock"), "knock_test_secret", {"x-knock-signature": f"t={SECOND}000,s={KNOCK_S}"}
        ),
        "github's manual": GITHUBS,
        "slack's manual": SLACKS,
        "gitlab": Request(Verification("gitlab"), "s3cret", {"x-gitlab-token": "s3cret"}, covers_body=False),
        "basic": Request(
            Verification("basic"),
            "user:s3cret",
            {"authorization": f"Basic {base64.b64encode(b'user:s3cret').decode()}"},
            covers_body=False,
            fixed_from=5,
        ),
        "polytomic": Request(
            Verification("polytomic"),
            "s3cret",
            {"authorization": "Bearer s3cret"},
            covers_body=False,
            fixed_from=6,
            beside={"polytomic-signature-timestamp": "2023-11-14T22:13:20Z"},
        ),
        "paddle, by its package": Request(
            Verification("paddle"), PADDLE_SECRET, {"paddle-signature": f"ts={SECOND};h1={PADDLE_H1}"}
        ),
        "ed25519, by cryptography": Request(
            ED25519,
            PUBLIC_KEY,
            {"webhook-signature": f"v1a,{V1A}", "webhook-id": "msg_1", "webhook-timestamp": str(SECOND)},
        ),
        "twilio, by its package": TWILIO,
        "twilio's form, by its package": attrs.evolve(
            TWILIO,
            headers={"x-twilio-signature": "ni2qIt8lg6UsRL/wHp+q0kqonAU="},
            body=TWILIO_FORM,
            query="",
            beside={"content-type": FORM},
        ),
        "twilio with sha256, by its package": attrs.evolve(
            TWILIO,
            verification=Verification("twilio", {"algorithm": "sha256"}),
            headers={"x-twilio-signature": "0TirIREaLK1wHXAzwasl+nEGp6orD4B28M+rvSsMWMY="},
        ),
    }
)
