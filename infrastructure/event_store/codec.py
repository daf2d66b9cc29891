"""How an event is stored: a line of envelope, a line of data that anybody may read, then what is private, encrypted.

{"v":1,"at":"2026-01-01T00:00:00+00:00","actor":"…","key":"<id of the data key>","digest":"<SHA-256 of the rest>"}
{"source":"stripe","environment":"production",…}
<AES-256-GCM of one line of private data and the bytes of the request, which no codec walks>

An event without anything private has no key and no third part. Events of old have none either: all their data is
in the second line, and the bytes of the request stand as they are behind it.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, get_origin

import cattrs
import orjson
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, Notification, StoredEvent

from application.records import Change, Recorded
from domain.configurations import MappingAdded, MappingChanged
from domain.json_values import Json
from domain.runs import RunStarted
from domain.settings import Settings
from domain.webhooks import ActionExecuted, EvaluationFailed, IdempotencyDecided, WebhookReceived
from infrastructure.event_store import topics
from infrastructure.event_store.data_keys import DataKey, DataKeys
from infrastructure.event_store.keyed import KeyedEvent, KeyedNotification
from infrastructure.event_store.private_fields import BODY, Parting

ADDED_LATER: Mapping[type[Any], tuple[str, ...]] = {
    Settings: ("preprocess_script", "batch_path", "search_payloads"),
    WebhookReceived: ("script", "part", "uncovered", "searched"),
    EvaluationFailed: ("reason",),
    RunStarted: ("workflow_version", "trigger_source", "subscribed_to"),
    IdempotencyDecided: ("unfinished",),
    ActionExecuted: ("occurred_at",),
    MappingAdded: ("only_newer",),
    MappingChanged: ("only_newer",),
}
"""Fields that an event's first release did not have: left out while they say nothing, so that its stored form stays."""

Row = tuple[str, int, str, bytes, bytes | None]
"""What is stored of an event: stream, version, topic and state; and the salt of the stream's key, where that is new."""


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


_ENCODE = {
    cls: (topic, topics.current_version(topic), _unstructure(cls), Parting(cls))
    for topic, cls in topics.CLASSES.items()
}
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


def without_private(event: object) -> Any:
    """The event as it is read once its stream's key is destroyed."""
    topic, _, unstructure, parting = _ENCODE[event.__class__]
    data = loads(dumps(unstructure(event)))
    parting.take(data)
    parting.put_back(data, _NOTHING)
    return _DECODE[topic](data, topics.CLASSES[topic])


def lies_open(recorded: Recorded) -> bool:
    """Whether an event has something private and was stored before anything was encrypted."""
    if recorded.key_id is not None:
        return False
    _, _, unstructure, parting = _ENCODE[recorded.event.__class__]
    return bool(parting.take(unstructure(recorded.event)) or getattr(recorded.event, BODY, None))


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
    """The library's mapper, for `Recorded`, with a data key for each stream in the place of one cipher for all."""

    def __init__(self, keys: DataKeys) -> None:
        super().__init__(JSONTranscoder())  # the library wants one, and it has nothing to do
        self.keys = keys

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of a `Recorded`."""
        recorded: Recorded = domain_event
        because = _because(recorded.actor, recorded.causation_id, recorded.correlation_id, recorded.reason)
        writer = _Writer(self.keys, recorded.stream, recorded.version - 1, because)
        stream, version, topic, state, salt = writer.row(recorded.version, recorded.event, recorded.recorded_at)
        if salt is not None:  # the library stores events one by one, and the next one must find the key
            self.keys.stored(stream, salt)
        return KeyedEvent(stream, version, topic, state, salt)

    def rows(self, change: Change, at: datetime) -> list[Row]:
        """What is stored of a change."""
        by = change.attribution
        because = _because(by.actor, by.causation_id, by.correlation_id, by.reason)
        writer = _Writer(self.keys, change.stream, change.version, because)
        return [writer.row(version, event, at) for version, event in enumerate(change.events, change.version + 1)]

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The `Recorded` that was stored, upcast to today's shape; private fields are empty once the key is destroyed.

        Raises UnknownEvent for one from the future, PayloadUnreadable where the key is there and does not fit.
        """
        line, _, payload = stored_event.state.partition(b"\n")
        envelope = orjson.loads(line)
        text, cut, rest = payload.partition(b"\n")
        private, body, erased = self._opened(stored_event, envelope.get("key"), rest, cut)
        return Recorded(
            stream=str(stored_event.originator_id),
            version=stored_event.originator_version,
            event=_event(stored_event.topic, envelope["v"], loads(text), private, body),
            recorded_at=datetime.fromisoformat(envelope["at"]),
            actor=envelope.get("actor"),
            causation_id=envelope.get("cause"),
            correlation_id=envelope.get("corr"),
            reason=envelope.get("why"),
            key_id=envelope.get("key"),
            digest=envelope["digest"],
            erased=erased,
            position=stored_event.id if isinstance(stored_event, Notification) else None,
        )

    def _opened(
        self, stored: StoredEvent, name: str | None, rest: bytes, cut: bytes
    ) -> tuple[Mapping[str, Any], bytes | None, bool]:
        """The private data, the body if there is one, and whether both are erased."""
        if name is None:
            return _NOTHING, rest if cut else None, False
        stream = str(stored.originator_id)
        if not isinstance(stored, KeyedNotification):
            key = self.keys.present(stream)
        else:
            key = None if stored.salt is None else self.keys.stored(stream, stored.salt)
        if key is None or key.id != name:
            return _NOTHING, None, True
        plain = key.open(rest, _context(stream, stored.originator_version, stored.topic))
        text, _, body = plain.partition(b"\n")
        return loads(text), body, False


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class _Writer:
    """Writes the next events of one stream, under the key that it has or, for its first private data, a new one."""

    __slots__ = ("_because", "_key", "_keys", "_new", "_stream")

    def __init__(self, keys: DataKeys, stream: str, version: int, because: str) -> None:
        self._keys, self._stream, self._because = keys, stream, because
        self._new = version == 0
        self._key: DataKey | None = None

    def row(self, version: int, event: object, at: datetime) -> Row:
        topic, shape, unstructure, parting = _ENCODE[event.__class__]
        data = unstructure(event)
        private = parting.take(data)
        body: bytes | None = event.body if parting.body else None  # type: ignore[attr-defined]
        name, salt = "", None
        payload = dumps(data)
        if private or body:
            key, salt = self._key_and_salt()
            plain = dumps(private) if body is None else b"%b\n%b" % (dumps(private), body)
            payload = b"%b\n%b" % (payload, key.seal(plain, _context(self._stream, version, topic)))
            name = f',"key":"{key.id}"'
        # By hand, since all but the optional texts is known to need no escaping.
        digest = hashlib.sha256(payload).hexdigest()
        envelope = f'{{"v":{shape},"at":"{at.isoformat()}"{self._because}{name},"digest":"{digest}"}}\n'
        return self._stream, version, topic, envelope.encode() + payload, salt

    def _key_and_salt(self) -> tuple[DataKey, bytes | None]:
        """The stream's key, and its salt where the key is new: then it has to be stored too."""
        if self._key is None and not self._new:
            self._key = self._keys.present(self._stream)
        if self._key is not None:
            return self._key, None
        self._key = self._keys.new()
        return self._key, self._key.salt


def _context(stream: str, version: int, topic: str) -> bytes:
    """What a ciphertext is bound to, so that it opens nowhere else."""
    return f"{stream}\n{version}\n{topic}".encode()


@lru_cache(maxsize=1024)
def _because(actor: str | None, cause: str | None, correlation: str | None, reason: str | None) -> str:
    """The optional part of an envelope, as JSON members."""
    texts = {"actor": actor, "cause": cause, "corr": correlation, "why": reason}
    return "".join(f',"{name}":{orjson.dumps(text).decode()}' for name, text in texts.items() if text is not None)


def _event(topic: str, version: int, data: dict[str, Any], private: Mapping[str, Any], body: bytes | None) -> object:
    if topic not in _DECODE or version > topics.current_version(topic):
        raise UnknownEvent(f"event {topic!r} version {version} is unknown to this program; run a newer one")
    for upcast in topics.UPCASTS.get(topic, ())[version - 1 :]:
        data = upcast(data)
    cls = topics.CLASSES[topic]
    _ENCODE[cls][3].put_back(data, private)
    if body is not None and _ENCODE[cls][3].body:
        data[BODY] = body
    return _DECODE[topic](data, cls)
