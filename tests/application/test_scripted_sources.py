"""A source with a script: it runs once, when the request comes in, and decides what it was told to decide."""

from typing import Any

import pytest

from application.requests import Accepted, Turned
from application.secret_edits import BodyInvalid
from domain.json_values import Json
from domain.webhooks import ActionExecuted, WebhookClassified, WebhookReceived, WebhookRejected
from tests.application.in_memory import InMemory
from tests.application.test_receiving import SECRET, newest, receive, request

BY_HEADER = """
function main(ctx) {
  const given = ctx.headers["x-webhook-secret"];
  return { verified: given === ctx.vars.CUSTOM_HTTP_SIGNING_SECRET, kind: `shop/${ctx.body.type}` };
}
"""
DERIVES = "const main = (ctx) => ({ kind: `shop/${ctx.body.type}` });"
THROWS = "function main(ctx) { throw new Error('no ' + ctx.body.type); }"
LIES = "function main() { Object.prototype.verified = true; return { verified: 1 }; }"


def script(source: str) -> dict[str, Json]:
    return {"language": "javascript", "source": source}


def scripted(it: InMemory, source: str, **settings: Json) -> str:
    return it.put(settings={"preprocess_script": script(source), "enforce_verification": True, **settings}).token


def newest_received(it: InMemory) -> WebhookReceived:
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    return event


def test_a_script_verifies_where_nothing_else_does() -> None:
    it = InMemory()
    it.managing.put_variable(
        key="CUSTOM_HTTP_SIGNING_SECRET", body={"variable": {"value": SECRET, "type": "secret"}}, actor="key-1"
    )
    token = scripted(it, BY_HEADER, event_type_path="preprocess.kind")
    assert it.configuration().settings.verification.scheme == "script"
    assert isinstance(receive(it, token, request()), Accepted)
    received = newest_received(it)
    assert (received.verification_status, received.verdict.scheme) == ("enforced:verified", "script")
    assert received.script is not None
    assert received.script.output == {"verified": True, "kind": "shop/order.placed"}
    answer = receive(it, token, request(headers={"x-webhook-secret": "another"}))
    assert isinstance(answer, Turned)
    assert (answer.status, answer.message) == (401, "verification failed: script_refused")


def test_what_a_script_returned_is_what_paths_see_for_ever() -> None:
    it = InMemory()
    mapping: Json = {
        "event_type": "shop/order.placed",
        "action_type": "users_identify",
        "action_parameters": {"id": "body.user", "name": "preprocess.kind"},
    }
    token = it.put(
        settings={
            "preprocess_script": script(DERIVES),
            "verification": {"scheme": "none"},
            "event_type_path": "preprocess.kind",
        },
        mappings=[mapping],
    ).token
    receive(it, token, request())
    it.pipeline.run_once()
    classified, _, done, _ = it.decisions("webhook-1")
    assert isinstance(classified, WebhookClassified)
    assert isinstance(done, ActionExecuted)
    assert classified.preprocess_output == {"kind": "shop/order.placed"}
    assert done.payload == {"id": "u-1", "name": "shop/order.placed", "properties": {}}


@pytest.mark.parametrize(
    ("source", "reason"),
    [(THROWS, "script_error"), (LIES, "script_without_verdict"), (DERIVES, "script_without_verdict")],
)
def test_nothing_but_an_own_true_lets_a_request_in(source: str, reason: str) -> None:
    it = InMemory()
    answer = receive(it, scripted(it, source), request())
    rejected = newest(it).event
    assert isinstance(answer, Turned)
    assert isinstance(rejected, WebhookRejected)
    assert (answer.status, rejected.reason) == (401, reason)


@pytest.mark.parametrize(
    ("source", "status"),
    [(THROWS, "not_enforced:failed"), (DERIVES, "not_enforced:unverified"), (LIES, "not_enforced:unverified")],
)
def test_where_verification_is_not_enforced_processing_goes_on(source: str, status: str) -> None:
    it = InMemory()
    assert isinstance(receive(it, scripted(it, source, enforce_verification=False), request()), Accepted)
    assert newest_received(it).verification_status == status


def test_a_script_that_throws_is_on_record_with_its_words() -> None:
    it = InMemory()
    receive(it, scripted(it, THROWS, enforce_verification=False), request())
    received = newest_received(it)
    assert received.script is not None
    assert "no order.placed" in (received.script.error or "")
    it.pipeline.run_once()
    classified = it.decisions("webhook-1")[0]
    assert "the script failed" in classified.warnings[0]
    assert classified.preprocess_output == {}


def test_with_a_secret_in_force_a_script_only_derives_values() -> None:
    it = InMemory()
    token = scripted(it, DERIVES, secrets={"signing_secret": SECRET})
    assert it.configuration().settings.verification.scheme == "shared_header"
    assert isinstance(receive(it, token, request()), Accepted)
    assert newest_received(it).verification_status == "enforced:verified"
    assert isinstance(receive(it, token, request(headers={})), Turned)


def test_taking_the_script_away_brings_back_the_template_s_verification() -> None:
    it = InMemory()
    scripted(it, BY_HEADER)
    it.put(settings={"preprocess_script": None})
    assert it.configuration().settings.verification.scheme == "shared_header"


def test_a_script_vouches_for_nothing_that_anybody_could_know_of() -> None:
    it = InMemory()
    receive(it, scripted(it, "const main = () => ({ verified: true });"), request())
    assert newest_received(it).uncovered == ("event_type",)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preprocess_script": script("function main( {")}, "preprocess_script.source"),
        ({"preprocess_script": script("const other = 1;")}, "main"),
        ({"verification": {"scheme": "script"}}, "there is none"),
    ],
)
def test_a_script_is_compiled_when_it_is_saved(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(BodyInvalid, match=words):
        InMemory().put(settings=settings)


def test_a_malformed_body_never_reaches_the_script() -> None:
    it = InMemory()
    answer = receive(it, scripted(it, "const main = () => ({ verified: true });"), request(body=b"{"))
    assert isinstance(answer, Turned)
    assert answer.status == 400


def test_what_a_script_returns_holds_no_secret_that_it_was_given() -> None:
    it = InMemory()
    it.managing.put_variable(key="API_KEY", body={"variable": {"value": SECRET, "type": "secret"}}, actor="key-1")
    token = scripted(it, "const main = ({vars, headers}) => ({verified: true, vars, given: headers.authorization});")
    receive(it, token, request(headers={"authorization": "Bearer of-a-sender"}))
    received = newest_received(it)
    assert received.script is not None
    assert received.script.output == {"verified": True, "vars": {"API_KEY": "[redacted]"}, "given": "[redacted]"}


@pytest.mark.parametrize("template", ["stripe", "clerk", "workos", "shopify", "segment", "amplitude"])
def test_a_script_does_not_take_the_place_of_a_signature_that_the_provider_always_sends(template: str) -> None:
    """Not even where the script comes before the secret; only the scheme `script` itself says so."""
    it = InMemory()
    edit: Json = {"settings": {"preprocess_script": script("const main = () => ({ verified: true });")}}
    source: Json = {
        "name": "Shop",
        "preconfigured_provider": template,
        "environment_settings": {"development": edit},
    }
    it.managing.put_source(key="shop", body={"source": source}, actor="key-1")
    answer = receive(it, it.configuration().token, request())
    assert isinstance(answer, Turned)
    assert (answer.status, answer.message) == (401, "verification failed: secret_unset")


def test_a_script_does_not_take_the_place_of_a_secret_that_was_retired() -> None:
    it = InMemory()
    retired = it.put(settings={"secrets": {"signing_secret": SECRET}, "enforce_verification": True}).secrets[0].id
    it.managing.retire_secret(source="shop", environment="development", secret_id=retired, actor="key-1")
    token = it.put(settings={"preprocess_script": script("const main = () => ({ verified: true });")}).token
    assert isinstance(receive(it, token, request()), Turned)
