"""Every example of every template: signed, verified, classified, keyed and mapped as its golden file says.

After a change that is meant, run this file with UPDATE_GOLDEN=1 and read the difference before you keep it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from application.templates import Template
from domain.json_values import Json
from domain.verification import SigningSecret, Verdict, Verification
from domain.webhooks import ActionExecuted, Decision, IdempotencyDecided, WebhookClassified
from infrastructure.signatures import schemes
from tests.infrastructure import example_signing
from tests.infrastructure.template_evaluation import (
    RECEIVING,
    UPDATE,
    Example,
    actions,
    decisions,
    each_example,
    each_receiving,
    webhooks_of,
)

GOLDEN = Path("tests/golden/templates")
PROVEN = {"stripe", "standard_webhooks", "workos", "shopify", "segment"}
"""Schemes whose signature covers the body; the others send the secret itself."""


def verdict(template: Template, example: Example, body: bytes | None = None, secret: str | None = None) -> Verdict:
    """What becomes of the example when it arrives as it was sent, or with another body or under another secret."""
    wanted = template.settings.verification
    given = secret or template.example_secret
    secrets = [SigningSecret("the-only-one", given)] if given else []
    sent = example_signing.written(example["body"]) if body is None else body
    at = example_signing.sent_at(wanted.scheme, example["headers"])
    return schemes.verifier(wanted, secrets)(example["headers"], sent, at, "")


@each_example
def test_every_example_is_signed_with_the_example_secret(template: Template, event_type: str, example: Example) -> None:
    """Where this fails, the left side is what the headers should be."""
    if template.example_secret is not None:
        sign = example_signing.SIGNERS[template.settings.verification.scheme]
        proof = sign(template.example_secret, example["headers"], example_signing.written(example["body"]))
        assert proof == {name: example["headers"][name] for name in proof}


@each_example
def test_every_example_is_verified(template: Template, event_type: str, example: Example) -> None:
    expected = "verified" if template.example_secret else "unverified"
    assert verdict(template, example).status == expected


@each_example
def test_an_example_of_which_one_byte_was_changed_is_not_verified(
    template: Template, event_type: str, example: Example
) -> None:
    body = example_signing.written(example["body"])
    if template.settings.verification.scheme in PROVEN:
        for place in (0, len(body) // 2, len(body) - 1):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            assert verdict(template, example, changed).reason == "signature_mismatch"


@each_example
def test_an_example_is_not_verified_under_another_secret_or_without_its_proof(
    template: Template, event_type: str, example: Example
) -> None:
    if template.example_secret is None:
        return
    another = template.example_secret[:-4] + "ABCD"
    assert verdict(template, example, secret=another).reason == "signature_mismatch"
    proof = example_signing.SIGNERS[template.settings.verification.scheme](
        template.example_secret, example["headers"], b""
    )
    bare = {name: value for name, value in example["headers"].items() if name not in proof}
    check = schemes.verifier(template.settings.verification, [SigningSecret("a", template.example_secret)])
    at = example_signing.sent_at(template.settings.verification.scheme, example["headers"])
    assert check(bare, example_signing.written(example["body"]), at, "").status == "failed"


@pytest.mark.parametrize("scheme", sorted({each.settings.verification.scheme for each in RECEIVING}))
def test_the_schemes_whose_examples_are_tampered_with_are_those_that_cover_the_body(scheme: str) -> None:
    assert schemes.covered(Verification(scheme)).body == (scheme in PROVEN)


def summary(decided: Sequence[Decision]) -> Json:
    """What a golden file holds of the decisions about one webhook."""
    classified, keyed = decided[:2]
    assert isinstance(classified, WebhookClassified), classified
    assert isinstance(keyed, IdempotencyDecided)
    return {
        "event_type": classified.event_type,
        "occurred_at": classified.occurred_at.isoformat() if classified.occurred_at else None,
        "idempotency": {"outcome": keyed.outcome, "key": keyed.key},
        "preprocess": classified.preprocess_output,
        "actions": [
            {"action_type": each.action_type, "payload": each.payload}
            if isinstance(each, ActionExecuted)
            else {"action_type": each.action_type, "error": each.error.message}
            for each in actions(decided)
        ],
    }


@each_receiving
def test_every_example_is_classified_keyed_and_mapped_as_its_golden_file_says(template: Template) -> None:
    found = {
        event_type: [
            summary(decisions(template, webhook)) for example in examples for webhook in webhooks_of(template, example)
        ]
        for event_type, examples in template.example_payloads.items()
    }
    file = GOLDEN / f"{template.key}.json"
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(file.read_text(encoding="utf-8"))


def test_golden_files_belong_to_templates() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {template.key for template in RECEIVING}
