"""Erasures: make everything on record about a user, object or tenant unreadable, and read the certificates of it."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post

from application.erasing import Certificate, Preview, Scope
from application.gateway import Gateway
from domain.erasures import KINDS, Subject
from domain.json_values import LISTS, OBJECTS, Json
from interfaces.http import callers, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@post("/v1/erasures", sync_to_thread=True, summary="Erase a user, object or tenant")
def erase(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{environment, subject: {kind, id, collection?}, reason, search?, webhooks?, preview?}`: 201 and the certificate.

    With `preview` nothing is erased, and the answer says how much would be.
    """
    who, _ = callers.caller(request, gateway, "administer")
    asked = callers.json_body(gateway, body)
    scope = Scope(
        environment=_text(asked, "environment"),
        subject=_subject(asked.get("subject")),
        texts=_texts(asked, "search"),
        webhooks=_texts(asked, "webhooks"),
    )
    preview = asked.get("preview", False)
    if not isinstance(preview, bool):
        raise Malformed(f"preview is {preview!r}; it must be true or false", "preview")
    if preview:
        return rendering.answer(_preview(gateway.erasing.preview(scope)))
    done = gateway.erasing.erase(scope, reason=_text(asked, "reason"), actor=who.key_id)
    return rendering.answer(_certificate(done), 201)


@get("/v1/erasures", sync_to_thread=True, summary="List erasures")
def list_erasures(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Certificates, the latest first: of all environments or one and, with `kind` and `subject`, of one subject in it.

    Whoever knows the id of a subject can so have it proved that it was erased; nobody can read it here.
    """
    who, snapshot = callers.caller(request, gateway, "read")
    subject = callers.text(request, "subject")
    environment = callers.environment(request, who, snapshot, required=subject is not None)
    kind, collection = callers.text(request, "kind"), callers.text(request, "collection")
    wanted = None if subject is None else _subject({"kind": kind, "id": subject, "collection": collection or ""})
    found = gateway.erasing.certificates(environment, wanted)
    return rendering.answer(rendering.only_page([_certificate(each) for each in found]))


@get("/v1/erasures/{erasure_id:str}", sync_to_thread=True, summary="Get an erasure")
def get_erasure(request: AnyRequest, gateway: Gateway, erasure_id: str) -> Response[bytes]:
    """The certificate of one erasure."""
    who, _ = callers.caller(request, gateway, "read")
    found = gateway.erasing.certificate(erasure_id) if "\0" not in erasure_id else None
    if found is None or who.environment not in (None, found.requested.environment):
        raise Missing(f"erasure {erasure_id!r}")
    return rendering.answer(_certificate(found))


COUNTED = {
    "webhook": "webhooks",
    "run": "runs",
    "forward": "forwards",
    "bulk": "bulk_operations",
    "entity": "restatements",
}
"""The streams that a preview counts, by their category."""


def _certificate(shown: Certificate) -> dict[str, Any]:
    requested, done = shown.requested, shown.done
    return {
        "id": requested.erasure_id,
        "environment": requested.environment,
        "subject": {"kind": requested.kind, "digest": requested.subject},
        "reason": requested.reason,
        "requested_by": shown.completed.actor,
        "requested_at": requested.requested_at,
        "completed_at": shown.completed.recorded_at,
        "position": shown.completed.position,
        "event_digest": shown.completed.digest,
        "counts": {
            "streams": len(done.streams),
            "webhooks": done.webhooks,
            "runs": done.runs,
            "runs_ended": done.ended,
            "restated": done.restated,
            "texts_searched": requested.searched,
        },
        "streams_digest": done.digest,
        "streams": list(done.streams),
    }


def _preview(found: Preview) -> dict[str, Any]:
    counts = {COUNTED[category]: count for category, count in found.counts.items()}
    return {"counts": counts, "webhooks": list(found.webhooks)}


def _subject(asked: Json) -> Subject:
    if not isinstance(asked, OBJECTS):
        raise Malformed('subject must be an object such as {"kind": "user", "id": "…"}', "subject")
    kind = asked.get("kind")
    for each in KINDS:
        if kind == each:
            collection = asked.get("collection") or ""
            if not isinstance(collection, str):
                raise Malformed(f"subject.collection is {collection!r}; it must be a text", "subject.collection")
            return Subject(kind=each, id=_text(asked, "id", "subject.id"), collection=collection)
    raise Malformed(f"subject.kind is {kind!r}; it must be one of {', '.join(KINDS)}", "subject.kind")


def _texts(asked: Mapping[str, Json], name: str) -> tuple[str, ...]:
    given = asked.get(name, [])
    if not isinstance(given, LISTS) or not all(isinstance(each, str) and "\0" not in each for each in given):
        raise Malformed(f"{name} must be a list of texts", name)
    return tuple(str(each) for each in given)


def _text(asked: Mapping[str, Json], name: str, field: str = "") -> str:
    value = asked.get(name)
    if not isinstance(value, str) or "\0" in value:
        raise Malformed(f"{field or name} is {value!r}; it must be a text", field or name)
    return value


HANDLERS = [erase, list_erasures, get_erasure]
