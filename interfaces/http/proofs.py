"""Proofs for auditors: whether the log is as it was sealed, what a receipt stands for, and the key that signs."""

from typing import Any

from litestar import Response, get

from application.gateway import Gateway
from application.proving import LIMITS, Proof
from application.receipts import Checked
from domain import checkpoints
from interfaces.http import callers, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed

LARGEST = 2**63 - 1


@get("/v1/audit/key", sync_to_thread=True, summary="The key that signs checkpoints")
def get_key(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """`{key_id, algorithm, public_key}`; the 32 bytes of the key in base64."""
    callers.caller(request, gateway, "read")
    signer = gateway.auditing.signer
    return rendering.answer({"key_id": signer.key_id, "algorithm": "Ed25519", "public_key": signer.public_key})


@get("/v1/audit/verify", sync_to_thread=True, summary="Verify that nothing in the log was altered")
def verify(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Recompute the chain, or with `from` and `to`, positions, the part that holds these; compare the checkpoints.

    It takes a while for a long log: some seconds for a million events. One runs at a time; others are told 503.
    """
    callers.caller(request, gateway, "read")
    first, last = _whole(request, "from"), _whole(request, "to")
    return rendering.answer(_proof(gateway.auditing.prove(first=first or 1, last=last)))


@get("/v1/audit/receipts/{position:str}", sync_to_thread=True, summary="Check a receipt")
def check_receipt(request: AnyRequest, gateway: Gateway, position: str) -> Response[bytes]:
    """Whether the log holds exactly what was accepted with this receipt: `digest`, and `events` if it says so."""
    callers.caller(request, gateway, "read")
    number, events = _number("position", position), _whole(request, "events")
    digest = request.query_params.get("digest", "")
    return rendering.answer(_checked(gateway.auditing.receipts.check(number, digest, events=events or 1)))


def _whole(request: AnyRequest, name: str) -> int | None:
    text = request.query_params.get(name)
    return None if text is None else _number(name, text)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= LARGEST):
        raise Malformed(f"{name} is {text!r}; it must be a whole number from 1", name)
    return int(text)


def _proof(proof: Proof) -> dict[str, Any]:
    findings = [
        {"kind": each.kind, "message": each.words, "from": each.first, "to": each.last, "checkpoint": each.checkpoint}
        for each in proof.findings
    ]
    return {
        "sound": proof.sound,
        "findings": findings,
        "findings_omitted": proof.omitted,
        "notes": proof.notes,
        "events": proof.events,
        "checkpoints": proof.checkpoints,
        "head": proof.head,
        "sealed_to": proof.sealed_upto,
        "outside_to": proof.outside_upto,
        "unsealed": proof.unsealed,
        "cannot_be_detected": LIMITS,
    }


def _checked(checked: Checked) -> dict[str, Any]:
    events = [
        {"position": position, "stream": stream, "version": version, "name": topic}
        for position, stream, version, topic in checked.events
    ]
    covering = checkpoints.shown(checked.checkpoint) if checked.checkpoint else None
    return {
        "position": checked.position,
        "held": checked.held,
        "message": checked.words,
        "events": events,
        "checkpoint": covering,
        "outside": checked.outside,
    }


HANDLERS = [get_key, verify, check_receipt]
