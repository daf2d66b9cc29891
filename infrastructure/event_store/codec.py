"""How an event is stored: one line of envelope, one line of data, then the raw body, which no codec walks.

{"v":1,"at":"2026-01-01T00:00:00+00:00","actor":"…","digest":"<SHA-256 of all that follows this line>"}
{"source":"stripe","environment":"production",…}
<the bytes of the request>
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, get_origin

import cattrs
import orjson
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from eventsourcing.persistence import Mapper, MapperDeserialisationError, Notification, StoredEvent

from application.records import Change, Recorded
from domain.configurations import MappingAdded, MappingChanged
from domain.json_values import Json
from domain.runs import RunStarted
from domain.settings import Settings
from domain.webhooks import ActionExecuted, IdempotencyDecided, WebhookReceived
from infrastructure.event_store import topics

BODY = "body"

ADDED_LATER: Mapping[type[Any], tuple[str, ...]] = {
    Settings: ("preprocess_script", "batch_path", "search_payloads"),
    WebhookReceived: ("script", "part", "uncovered", "searched"),
    RunStarted: ("workflow_version", "trigger_source", "subscribed_to"),
    IdempotencyDecided: ("unfinished",),
    ActionExecuted: ("occurred_at",),
    MappingAdded: ("only_newer",),
    MappingChanged: ("only_newer",),
}
"""Fields that an event's first release did not have: left out while they say nothing, so that its stored form stays."""

Row = tuple[str, int, str, bytes]
"""What the table holds of an event: stream, version, topic and state."""


class UnknownEvent(MapperDeserialisationError):
    """The stored topic or version is newer than this program; it is parked, never guessed."""


def _identity(value: Any, *_: Any) -> Any:
    return value


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_structure_hook(bytes, _identity)
    for hook in (converter.register_structure_hook_func, converter.register_unstructure_hook_func):
        hook(_is_json, _identity)
    converter.register_unstructure_hook(datetime, _identity)
    converter.register_unstructure_hook_func(_is_tuple_of_text, _identity)
    converter.register_structure_hook_func(_is_tuple_of_text, lambda value, _: tuple(value))
    return converter


def _is_json(annotation: Any) -> bool:
    return annotation in (Json, object) or get_origin(annotation) in (Mapping, dict)


def _is_tuple_of_text(annotation: Any) -> bool:
    return bool(annotation == tuple[str, ...])


_CONVERTER = _converter()


def _unstructure(cls: type[Any]) -> Any:
    said = {name: override(omit_if_default=True) for name in ADDED_LATER.get(cls, ())}
    if BODY in cls.__annotations__:
        said[BODY] = override(omit=True)
    return make_dict_unstructure_fn(cls, _CONVERTER, **said)  # type: ignore[arg-type]


_CONVERTER.register_unstructure_hook(Settings, _unstructure(Settings))


_ENCODE = {cls: (topic, topics.current_version(topic), _unstructure(cls)) for topic, cls in topics.CLASSES.items()}
_DECODE = {
    topic: make_dict_structure_fn(cls, _CONVERTER, _cattrs_detailed_validation=False)
    for topic, cls in topics.CLASSES.items()
}


def data_of(event: object) -> dict[str, Any]:
    """The data of an event as JSON values; a raw body as text where it is UTF-8, else as `{"base64": …}`."""
    data: dict[str, Any] = loads(dumps(_ENCODE[type(event)][2](event)))
    body = getattr(event, BODY, None)
    if body is not None:
        try:
            data[BODY] = body.decode()
        except UnicodeDecodeError:
            data[BODY] = {"base64": base64.b64encode(body).decode()}
    return data


def dumps(value: Any) -> bytes:
    """Compact JSON, falling back to the standard library for integers beyond 64 bits."""
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    """What JSON can hold of a read-only mapping or, in the standard library's encoder, of a time."""
    return value.isoformat() if isinstance(value, datetime) else dict(value)


def loads(text: bytes) -> Any:
    """The value that `dumps` wrote, integers exact."""
    value = orjson.loads(text)
    # orjson reads integers beyond 64 bits as floats; only then is a number in the text this long.
    return json.loads(text) if _LONG in text.translate(_DIGITS) else value


_LONG = b"0" * 20
_DIGITS = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else 32 for byte in range(256))


class RecordMapper(Mapper[str]):
    """The library's mapper, for `Recorded`: compressor and cipher apply to the whole state, as in the library."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of a `Recorded`."""
        recorded: Recorded = domain_event
        because = _because(
            recorded.actor, recorded.causation_id, recorded.correlation_id, recorded.reason, recorded.key_id
        )
        return StoredEvent(*self.row(recorded.stream, recorded.version, recorded.event, recorded.recorded_at, because))

    def row(self, stream: str, version: int, event: object, at: datetime, because: str = "") -> Row:
        """What is stored of an event, without the objects around it: for the hot path of receiving."""
        topic, shape, unstructure = _ENCODE[event.__class__]
        data = dumps(unstructure(event))
        body = getattr(event, BODY, None)
        payload = data if body is None else b"%b\n%b" % (data, body)
        # By hand, since all but the optional texts is known to need no escaping.
        digest = hashlib.sha256(payload).hexdigest()
        envelope = f'{{"v":{shape},"at":"{at.isoformat()}"{because},"digest":"{digest}"}}\n'
        state = envelope.encode() + payload
        if self.compressor:
            state = self.compressor.compress(state)
        if self.cipher:
            state = self.cipher.encrypt(state)
        return stream, version, topic, state

    def rows(self, change: Change, at: datetime) -> list[Row]:
        """What is stored of a change."""
        attribution = change.attribution
        because = _because(
            attribution.actor, attribution.causation_id, attribution.correlation_id, attribution.reason, None
        )
        return [
            self.row(change.stream, version, event, at, because)
            for version, event in enumerate(change.events, change.version + 1)
        ]

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The `Recorded` that was stored, upcast to today's shape. Raises UnknownEvent for one from the future."""
        envelope, data, body = self._parts(stored_event)
        return Recorded(
            stream=str(stored_event.originator_id),
            version=stored_event.originator_version,
            event=_event(stored_event.topic, envelope["v"], data, body),
            recorded_at=datetime.fromisoformat(envelope["at"]),
            actor=envelope.get("actor"),
            causation_id=envelope.get("cause"),
            correlation_id=envelope.get("corr"),
            reason=envelope.get("why"),
            key_id=envelope.get("key"),
            digest=envelope["digest"],
            position=stored_event.id if isinstance(stored_event, Notification) else None,
        )

    def _parts(self, stored: StoredEvent) -> tuple[dict[str, Any], dict[str, Any], bytes | None]:
        state = stored.state
        if self.cipher:
            state = self.cipher.decrypt(state)
        if self.compressor:
            state = self.compressor.decompress(state)
        envelope, _, payload = state.partition(b"\n")
        data, cut, body = payload.partition(b"\n")
        return orjson.loads(envelope), loads(data), body if cut else None


@lru_cache(maxsize=1024)
def _because(actor: str | None, cause: str | None, correlation: str | None, reason: str | None, key: str | None) -> str:
    """The optional part of an envelope, as JSON members."""
    texts = {"actor": actor, "cause": cause, "corr": correlation, "why": reason, "key": key}
    return "".join(f',"{name}":{orjson.dumps(text).decode()}' for name, text in texts.items() if text is not None)


def _event(topic: str, version: int, data: dict[str, Any], body: bytes | None) -> object:
    if topic not in _DECODE or version > topics.current_version(topic):
        raise UnknownEvent(f"event {topic!r} version {version} is unknown to this program; run a newer one")
    for upcast in topics.UPCASTS.get(topic, ())[version - 1 :]:
        data = upcast(data)
    if body is not None:
        data[BODY] = body
    return _DECODE[topic](data, topics.CLASSES[topic])
