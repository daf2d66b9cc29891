"""The official packages for Node sign, a running gateway receives: what they signed is verified, and nothing else.

The packages are those of Stripe, Svix, Standard Webhooks, GitHub, WorkOS and Shopify.
"""

import json

import attrs
import pytest

from tests.interfaces.conversations import Connect, Source
from tests.node_clients import Node

# WorkOS' package writes the JSON anew before it signs, so only what is written so can be verified.
BODY = json.dumps(
    {"id": "evt_1", "type": "invoice.paid", "who": "Zoë"}, separators=(",", ":"), ensure_ascii=False
).encode()
WHSEC = "whsec_a25vY2stc291cmNlcy1zdml4LXRlc3Qta2V5"


@attrs.frozen
class Signer:
    """A package, the scheme that it signs by, a secret and another one."""

    package: str
    scheme: str
    secret: str
    other: str


SIGNERS = [
    Signer("stripe", "stripe", "whsec_test_secret_of_stripe", "whsec_test_secret_of_stripf"),
    Signer("svix", "standard_webhooks", WHSEC, WHSEC.replace("a25v", "b25v")),
    Signer("standardwebhooks", "standard_webhooks", WHSEC, WHSEC.replace("a25v", "b25v")),
    Signer("github", "github", "a-signing-secret-of-github", "another-secret-of-github"),
    Signer("workos", "workos", "a_signing_secret_of_workos", "another_secret_of_workos"),
    Signer("shopify", "shopify", "a-signing-secret-of-shopify", "another-secret-of-shopify"),
]
each = pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.package)


def connected(connect: Connect, signer: Signer) -> Source:
    return connect(
        verification={"scheme": signer.scheme},
        secrets={"signing_secret": signer.secret},
        enforce_verification=True,
        event_type_path="body.type",
    )


@each
def test_what_a_package_signs_is_verified(connect: Connect, node: Node, signer: Signer) -> None:
    source = connected(connect, signer)
    answer = source.send(BODY, node.sign(signer.package, signer.secret, BODY))
    assert answer.status_code == 200, answer.text
    entry = source.entry(answer)
    assert (entry["verification_status"], entry["verification"]["scheme"]) == ("enforced:verified", signer.scheme)
    assert entry["payload"] == json.loads(BODY)


@each
def test_what_was_changed_or_signed_with_another_secret_is_not(connect: Connect, node: Node, signer: Signer) -> None:
    source = connected(connect, signer)
    headers = node.sign(signer.package, signer.secret, BODY)
    assert source.send(BODY.replace(b"evt_1", b"evt_2"), headers).status_code == 401
    assert source.send(BODY, node.sign(signer.package, signer.other, BODY)).status_code == 401
    assert source.send(BODY, headers).status_code == 200
