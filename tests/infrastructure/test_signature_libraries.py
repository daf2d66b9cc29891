"""The providers' own libraries: what they sign verifies here, and what they refuse is refused here."""

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import standardwebhooks
import stripe
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from domain.verification import Verdict
from tests.infrastructure.judged_requests import SECOND, Request, b64, mac
from tests.infrastructure.signed_requests import STRIPE, STRIPE_SECRET, SVIX, SVIX_SECRET, WRONG_V1
from tests.infrastructure.spoilt_requests import AGES, BODIES, NOW_AND_THEN, TAILS, TIMES, mostly, refuses

DECODED_KEYS = st.binary(min_size=16, max_size=64)


@given(text=BODIES, secret=st.text("abcXYZ019_", min_size=6), late=NOW_AND_THEN)
def test_what_stripes_library_signs_verifies(text: str, secret: str, late: int) -> None:
    secret = f"whsec_{secret}"
    header = stripe.WebhookSignature.generate_signature_header(text, secret, SECOND - late)
    request = Request(STRIPE, secret, {"stripe-signature": header}, text.encode())
    assert request.verdict() == Verdict("stripe", "verified", None, None, "0", late + 0.25)


Signer = Callable[[str], standardwebhooks.Webhook | svix.webhooks.Webhook]


@pytest.mark.parametrize(
    ("library", "family"), [(standardwebhooks.Webhook, "webhook"), (svix.webhooks.Webhook, "svix")]
)
@given(text=BODIES, key=DECODED_KEYS, padded=st.booleans(), late=NOW_AND_THEN)
def test_what_the_standard_webhooks_libraries_sign_verifies(
    library: Signer, family: str, text: str, key: bytes, padded: bool, late: int
) -> None:
    secret = "whsec_" + (b64(key) if padded else b64(key).rstrip("="))
    signature = library(secret).sign("msg_1", datetime.fromtimestamp(SECOND - late, UTC), text)
    headers = {
        f"{family}-signature": signature,
        f"{family}-id": "msg_1",
        f"{family}-timestamp": str(SECOND - late),
    }
    verdict = Request(SVIX, secret, headers, text.encode()).verdict()
    assert verdict == Verdict("standard_webhooks", "verified", None, None, "0", late + 0.25)


@given(data=st.data(), text=BODIES, age=AGES, time=TIMES)
def test_what_stripes_library_refuses_is_refused(data: st.DataObject, text: str, age: int, time: str) -> None:
    """Header and body are put together of genuine and spoilt parts; ours may be stricter, never laxer."""
    at = datetime.now(UTC)
    written = time.format(int(at.timestamp()) - age)
    genuine = mac(STRIPE_SECRET, f"{written}.{text}".encode()).hex()
    spoilt = [f"v1={WRONG_V1}", f"v0={genuine}", "v1=x", "v1", f"v1={genuine.upper()}", "", "x=y", f"t={written}"]
    signatures = st.lists(mostly(f"v1={genuine}", *spoilt), min_size=1, max_size=3)
    header = ",".join(data.draw(mostly([f"t={written}"], [])) + data.draw(signatures))
    body = text.encode() + data.draw(TAILS)
    if refuses(lambda: stripe.WebhookSignature.verify_header(body, header, STRIPE_SECRET, 300)):
        request = Request(STRIPE, STRIPE_SECRET, {"stripe-signature": header}, body, at)
        assert request.verdict().status == "failed"


@pytest.mark.parametrize(
    ("library", "families"),
    [
        (standardwebhooks.Webhook, ["webhook"]),
        (svix.webhooks.Webhook, ["svix"]),
        (svix.webhooks.Webhook, ["svix", "webhook"]),
    ],
)
@given(data=st.data(), text=BODIES, age=AGES, time=TIMES)
def test_what_the_standard_webhooks_libraries_refuse_is_refused(
    library: Signer, families: list[str], data: st.DataObject, text: str, age: int, time: str
) -> None:
    """Headers and body are put together of genuine and spoilt parts; ours may be stricter, never laxer."""
    at = datetime.now(UTC)
    written = time.format(int(at.timestamp()) - age)
    key = base64.b64decode(SVIX_SECRET.removeprefix("whsec_"))
    genuine = b64(hmac.digest(key, f"msg_1.{written}.{text}".encode(), "sha256"))
    spoilt = [f"v1,{b64(bytes(32))}", f"v1a,{genuine}", "v1,x", "v1", "", f"v1,{genuine},", f"v1,{genuine[:-1]}"]
    signature = " ".join(data.draw(st.lists(mostly(f"v1,{genuine}", *spoilt), min_size=1, max_size=3)))
    headers: dict[str, str] = {}
    for family in families:
        parts = {f"{family}-id": "msg_1", f"{family}-timestamp": written, f"{family}-signature": signature}
        missing = data.draw(mostly(None, *parts))
        headers |= {name: value for name, value in parts.items() if name != missing}
    body = text.encode() + data.draw(TAILS)
    if refuses(lambda: library(SVIX_SECRET).verify(body, headers)):
        assert Request(SVIX, SVIX_SECRET, headers, body, at).verdict().status == "failed"
