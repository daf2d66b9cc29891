"""The official packages sign, a running gateway receives: each is verified, and with one byte changed it is not."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import attrs
import pytest
import standardwebhooks
import stripe
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paddle_billing.Notifications import PaddleSignature  # type: ignore[import-untyped]
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from workos.webhooks import Webhooks

from tests.interfaces.conversations import Connect, Source

JSON_BODY = json.dumps({"id": "evt_1", "type": "invoice.paid", "event": "user.created"}, separators=(",", ":")).encode()
FORM_BODY = urlencode({"MessageSid": "SM1", "Body": "Zoë says hi & bye", "From": "+15550001"}).encode()
SVIX_SECRET = "whsec_a25vY2stc291cmNlcy1zdml4LXRlc3Qta2V5"
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = PRIVATE_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

Sign = Callable[["Signer", str, bytes], Mapping[str, str]]


@attrs.frozen
class Signer:
    """A provider: its scheme, a secret, and what its package makes of an address and a body."""

    scheme: str
    secret: str
    sign: Sign
    body: bytes = JSON_BODY
    content_type: str = "application/json"


def now() -> int:
    return int(time.time())


def by_stripe(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), signer.secret, now())
    return {"Stripe-Signature": header}


def by_svix(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    at = datetime.now(UTC)
    signature = svix.webhooks.Webhook(signer.secret).sign("msg_1", at, body.decode())
    return {"svix-id": "msg_1", "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}


def by_standard_webhooks(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    at = datetime.now(UTC)
    signature = standardwebhooks.Webhook(signer.secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def by_ed25519(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    time = str(now())
    signature = base64.b64encode(PRIVATE_KEY.sign(f"msg_1.{time}.".encode() + body)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": f"v1a,{signature}"}


def by_workos(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    """Its package for Python only verifies, and it is asked whether it would."""
    time = now() * 1_000
    workos = Webhooks(None)  # type: ignore[arg-type]
    digest = hmac.digest(signer.secret.encode(), f"{time}.".encode() + body, "sha256").hex()
    header = f"t={time}, v1={digest}"
    workos.verify_header(event_body=body, event_signature=header, secret=signer.secret)
    return {"WorkOS-Signature": header}


def by_slack(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    time = str(now())
    signature = SignatureVerifier(signer.secret).generate_signature(timestamp=time, body=body)
    return {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": time}


def by_twilio(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    return {
        "X-Twilio-Signature": RequestValidator(signer.secret).compute_signature(url, dict(parse_qsl(body.decode())))
    }


def by_paddle(signer: Signer, url: str, body: bytes) -> Mapping[str, str]:
    time = now()
    h1 = PaddleSignature.calculate_hmac(signer.secret, f"{time}:{body.decode()}".encode()).hexdigest()
    return {"Paddle-Signature": f"ts={time};h1={h1}"}


FORM = "application/x-www-form-urlencoded"
SIGNERS = [
    Signer("stripe", "whsec_test_secret_of_stripe", by_stripe),
    Signer("standard_webhooks", SVIX_SECRET, by_svix),
    Signer("standard_webhooks", SVIX_SECRET, by_standard_webhooks),
    Signer("ed25519", "whpk_" + base64.b64encode(PUBLIC_KEY).decode(), by_ed25519),
    Signer("workos", "a_signing_secret_of_workos", by_workos),
    Signer("slack", "8f742231b10e8888abcd99yyyzzz85a5", by_slack),
    Signer("twilio", "12345678901234567890123456789012", by_twilio, FORM_BODY, FORM),
    Signer("paddle", "pdl_ntfset_01gkpjp8bkm3tm53kdgkx6sms7_6h3qd3uFSi9YCD3OLYAShQI90XTI5vEI", by_paddle),
]
WITH_SHARED_SECRETS = [signer for signer in SIGNERS if signer.scheme != "ed25519"]
each = pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.sign.__name__)


def connected(connect: Connect, signer: Signer, **settings: Any) -> Source:
    return connect(
        verification={"scheme": signer.scheme},
        secrets={"signing_secret": signer.secret},
        enforce_verification=True,
        event_type_path="body.type",
        **settings,
    )


def address(source: Source) -> str:
    whole: str = source.settings()["settings"]["endpoint"]
    return whole


@each
def test_what_a_package_signs_is_verified(connect: Connect, signer: Signer) -> None:
    source = connected(connect, signer)
    headers = {**signer.sign(signer, address(source), signer.body), "content-type": signer.content_type}
    answer = source.send(signer.body, headers)
    assert answer.status_code == 200, answer.text
    entry = source.gateway.client.get(f"/v1/event_logs/{answer.headers['x-request-id']}").json()
    assert (entry["verification_status"], entry["verification"]["scheme"]) == ("enforced:verified", signer.scheme)
    assert entry["payload"]


@each
def test_with_one_byte_changed_it_is_refused(connect: Connect, signer: Signer) -> None:
    source = connected(connect, signer)
    headers = {**signer.sign(signer, address(source), signer.body), "content-type": signer.content_type}
    for place in range(0, len(signer.body), 5):
        changed = bytearray(signer.body)
        changed[place] ^= 1
        assert source.send(bytes(changed), headers).status_code == 401
    assert source.send(signer.body, {"content-type": signer.content_type}).status_code == 401


@pytest.mark.parametrize("signer", WITH_SHARED_SECRETS, ids=lambda signer: signer.sign.__name__)
def test_another_secret_makes_another_signature(connect: Connect, signer: Signer) -> None:
    source = connected(connect, signer)
    flipped = signer.secret[:-2] + ("b5" if signer.secret[-2:] != "b5" else "a5")
    forged = attrs.evolve(signer, secret=flipped)
    headers = {**forged.sign(forged, address(source), signer.body), "content-type": signer.content_type}
    assert source.send(signer.body, headers).status_code == 401


def test_slack_gets_its_challenge_back(connect: Connect) -> None:
    [signer] = [each for each in SIGNERS if each.scheme == "slack"]
    source = connected(connect, signer)
    body = b'{"token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV", "type": "url_verification"}'
    answer = source.send(body, signer.sign(signer, "", body))
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aBm2rZgRNFdxV")
    assert answer.headers["content-type"].startswith("text/plain")
    unsigned = source.send(body)
    assert (unsigned.status_code, "3eZbrw1aBm2rZgRNFdxV" in unsigned.text) == (401, False)


def test_a_command_of_slack_is_a_form_with_its_fields(connect: Connect) -> None:
    [signer] = [each for each in SIGNERS if each.scheme == "slack"]
    source = connected(connect, signer)
    source.put(settings={"event_type_path": "body.command"})
    body = urlencode({"command": "/deploy", "text": "api to production", "user_id": "U1"}).encode()
    answer = source.send(body, {**signer.sign(signer, "", body), "content-type": FORM})
    assert (answer.status_code, answer.content) == (200, b"")
    entry = source.gateway.client.get(f"/v1/event_logs/{answer.headers['x-request-id']}").json()
    assert entry["payload"] == {"command": "/deploy", "text": "api to production", "user_id": "U1"}


def test_twilio_reads_twiml(connect: Connect) -> None:
    [signer] = [each for each in SIGNERS if each.scheme == "twilio"]
    source = connected(connect, signer)
    headers = signer.sign(signer, address(source), signer.body)
    answer = source.send(signer.body, {**headers, "content-type": FORM})
    assert (answer.headers["content-type"], answer.text.endswith("<Response/>")) == ("text/xml", True)
