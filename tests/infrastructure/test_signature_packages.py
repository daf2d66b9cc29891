"""The packages of WorkOS, Slack, Paddle and Twilio: what they sign verifies here, what they refuse is refused here."""

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs, urlencode

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paddle_billing.Notifications import PaddleSignature, Secret, Verifier  # type: ignore[import-untyped]
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from workos.webhooks import Webhooks

from domain.verification import Verdict, Verification
from tests.infrastructure.judged_requests import BODY, SECOND, URL, Request, mac
from tests.infrastructure.provider_requests import FORM, PADDLE_SECRET, TWILIO_TOKEN, WORKOS_SECRET
from tests.infrastructure.signed_requests import WRONG_V1
from tests.infrastructure.spoilt_requests import AGES, BODIES, NOW_AND_THEN, TAILS, TIMES, mostly, refuses

SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
# Verifying asks nothing of the client.
WORKOS_PACKAGE = Webhooks(None)  # type: ignore[arg-type]
SLACK, PADDLE, WORKOS, TWILIO = (Verification(name) for name in ("slack", "paddle", "workos", "twilio"))
FIELDS = st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), BODIES, max_size=4)


@given(text=BODIES, late=NOW_AND_THEN)
def test_what_slacks_package_signs_verifies(text: str, late: int) -> None:
    time = str(SECOND - late)
    signature = SignatureVerifier(SLACK_SECRET).generate_signature(timestamp=time, body=text)
    headers = {"x-slack-signature": str(signature), "x-slack-request-timestamp": time}
    verdict = Request(SLACK, SLACK_SECRET, headers, text.encode()).verdict()
    assert verdict == Verdict("slack", "verified", None, None, "0", late + 0.25)


@given(text=BODIES, late=st.integers(-5, 4))
def test_what_paddles_package_signs_verifies(text: str, late: int) -> None:
    h1 = PaddleSignature.calculate_hmac(PADDLE_SECRET, f"{SECOND - late}:{text}".encode()).hexdigest()
    request = Request(PADDLE, PADDLE_SECRET, {"paddle-signature": f"ts={SECOND - late};h1={h1}"}, text.encode())
    assert request.verdict() == Verdict("paddle", "verified", None, None, "0", late + 0.25)


@given(text=BODIES, age=mostly(0, -170_000, 170_000))
def test_what_the_package_of_workos_accepts_verifies(text: str, age: int) -> None:
    at = datetime.now(UTC)
    time = round(at.timestamp() * 1000) - age
    header = f"t={time}, v1={mac(WORKOS_SECRET, f'{time}.{text}'.encode()).hex()}"
    WORKOS_PACKAGE.verify_header(event_body=text.encode(), event_signature=header, secret=WORKOS_SECRET)
    verdict = Request(WORKOS, WORKOS_SECRET, {"workos-signature": header}, text.encode(), at).verdict()
    assert (verdict.status, verdict.secret_id) == ("verified", "0")


@given(text=BODIES, key=st.sampled_from([None, "HMAC_SHA256"]), fields=FIELDS, port=st.sampled_from(["", ":443"]))
def test_what_twilios_package_signs_verifies(text: str, key: str | None, fields: dict[str, str], port: str) -> None:
    verification = Verification("twilio", {"algorithm": "sha256"} if key else {})
    address = URL.replace(".com", f".com{port}")
    validator = RequestValidator(TWILIO_TOKEN)
    query = f"bodySHA256={sha256(text.encode()).hexdigest()}"
    header = {"x-twilio-signature": validator.compute_signature(f"{address}?{query}", {}, key)}
    assert Request(verification, TWILIO_TOKEN, header, text.encode(), query=query).verdict().status == "verified"
    header = {"x-twilio-signature": validator.compute_signature(address, fields, key)}
    form = Request(verification, TWILIO_TOKEN, header, urlencode(fields).encode(), beside={"content-type": FORM})
    assert form.verdict().status == "verified"


@given(data=st.data(), text=BODIES, age=AGES, time=TIMES)
def test_what_slacks_package_refuses_is_refused(data: st.DataObject, text: str, age: int, time: str) -> None:
    """Headers and body are put together of genuine and spoilt parts; ours may be stricter, never laxer."""
    at = datetime.now(UTC)
    written = time.format(int(at.timestamp()) - age)
    genuine = mac(SLACK_SECRET, f"v0:{written}:{text}".encode()).hex()
    signature = data.draw(mostly(f"v0={genuine}", f"v1={genuine}", genuine, f"v0={genuine.upper()}", "v0=", ""))
    parts = {"x-slack-signature": signature, "x-slack-request-timestamp": written}
    missing = data.draw(mostly(None, *parts))
    headers = {name: value for name, value in parts.items() if name != missing}
    body = text.encode() + data.draw(TAILS)
    package = SignatureVerifier(SLACK_SECRET)
    if refuses(lambda: require(package.is_valid_request(body, headers))):
        assert Request(SLACK, SLACK_SECRET, headers, body, at).verdict().status == "failed"


@given(data=st.data(), text=BODIES, age=mostly(0, -100_000, -9, -2, 2, 9, 100_000), time=TIMES)
def test_what_paddles_package_refuses_is_refused(data: st.DataObject, text: str, age: int, time: str) -> None:
    """Header and body are put together of genuine and spoilt parts; ours may be stricter, never laxer."""
    at = datetime.now(UTC)
    written = time.format(int(at.timestamp()) - age)
    genuine = mac(PADDLE_SECRET, f"{written}:{text}".encode()).hex()
    spoilt = [f"h1={WRONG_V1}", f"h2={genuine}", "h1=x", "h1", f"h1={genuine}=", f"h1={genuine.upper()}", "", "ts=1"]
    signatures = st.lists(mostly(f"h1={genuine}", *spoilt), min_size=1, max_size=3)
    header = ";".join(data.draw(mostly([f"ts={written}"], [])) + data.draw(signatures))
    body = text.encode() + data.draw(TAILS)
    if refuses(lambda: require(Verifier().verify(PaddleRequest(header, body), Secret(PADDLE_SECRET)))):
        request = Request(PADDLE, PADDLE_SECRET, {"paddle-signature": header}, body, at)
        assert request.verdict().status == "failed"


@given(data=st.data(), text=BODIES, age=mostly(0, -100_000, -190, -170, 170, 190, 100_000), time=TIMES)
def test_what_the_package_of_workos_refuses_is_refused(data: st.DataObject, text: str, age: int, time: str) -> None:
    """Ours may be stricter, never laxer, but for the comma without a space, which is how the Node package reads it."""
    at = datetime.now(UTC)
    written = time.format(int(at.timestamp() * 1000) - age * 1000)
    genuine = mac(WORKOS_SECRET, f"{written}.{text}".encode()).hex()
    spoilt = [f"v1={WRONG_V1}", f"v0={genuine}", "v1=x", "v1", f"v1={genuine.upper()}", "", f"v1={genuine}="]
    signatures = data.draw(st.lists(mostly(f"v1={genuine}", *spoilt), min_size=1, max_size=2))
    header = ", ".join(data.draw(mostly([f"t={written}"], [], [f"x={written}"])) + signatures)
    body = text.encode() + data.draw(TAILS)
    if refuses(lambda: WORKOS_PACKAGE.verify_header(event_body=body, event_signature=header, secret=WORKOS_SECRET)):
        request = Request(WORKOS, WORKOS_SECRET, {"workos-signature": header}, body, at)
        assert request.verdict().status == "failed"


ADDRESSES = mostly(URL, URL.replace(".com", ".com:443"), URL.replace("https", "http"), f"{URL}/", URL.upper())


@given(data=st.data(), form=st.booleans(), fields=FIELDS, address=ADDRESSES, empty=mostly(False, True))
def test_what_twilios_package_refuses_is_refused(
    data: st.DataObject, form: bool, fields: dict[str, str], address: str, empty: bool
) -> None:
    """URL, form, digest and signature are put together of genuine and spoilt parts."""
    body = b"" if empty else urlencode(fields).encode() if form else BODY
    digest = sha256(body).hexdigest()
    whole, spoilt = f"?bodySHA256={digest}", ["", "?bodySHA256=", f"?bodySHA256={digest.upper()}", "?a=b"]
    query = data.draw(mostly("", *spoilt, whole) if form else mostly(whole, *spoilt))
    package = RequestValidator(TWILIO_TOKEN)
    genuine = package.compute_signature(address + query, fields if form and not empty else {})
    signature = data.draw(mostly(genuine, genuine[:-1], genuine.lower(), f"{genuine} ", "x", ""))
    sent = body + data.draw(mostly(b"", b"&a=b", b"&", b"x", b" "))
    params = Fields(parse_qs(sent.decode(), keep_blank_values=True)) if form else sent.decode()
    if refuses(lambda: require(package.validate(URL + query, params, signature))):
        request = Request(TWILIO, TWILIO_TOKEN, {"x-twilio-signature": signature}, sent, query=query.removeprefix("?"))
        sent_as = {"content-type": FORM if form else "application/json"}
        assert attrs.evolve(request, beside=sent_as).verdict().status == "failed"


def test_twilios_package_is_laxer_where_it_can_be_told_a_body_is_a_form() -> None:
    """What is not split by any `=` has no fields for it, so that the signature of the mere URL vouches for it."""
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(URL, {})
    assert RequestValidator(TWILIO_TOKEN).validate(URL, Fields(parse_qs(BODY.decode())), signature)
    request = Request(TWILIO, TWILIO_TOKEN, {"x-twilio-signature": signature}, beside={"content-type": FORM})
    assert request.verdict().status == "failed"


def test_a_refusal_is_told_from_an_acceptance() -> None:
    """Else the comparisons above would compare nothing."""
    assert refuses(lambda: require(False))
    assert not refuses(lambda: require(True))
    with pytest.raises(ValueError, match="Unable to extract"):
        WORKOS_PACKAGE.verify_header(event_body=BODY, event_signature="", secret=WORKOS_SECRET)


@attrs.frozen
class PaddleRequest:
    """What Paddle's package takes for a request."""

    signature: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The one header."""
        return {"Paddle-Signature": self.signature}


class Fields(dict[str, list[str]]):
    """A form as Twilio's package takes it from a web framework."""

    def getall(self, name: str) -> list[str]:
        """Every value of a field."""
        return self[name]


def require(accepted: object) -> None:
    """Turn what a package returns into what `refuses` looks for."""
    if accepted is not True:
        raise ValueError(accepted)
