"""Which event type a webhook has, and when it happened."""

from collections.abc import Mapping
from datetime import datetime

from domain import paths, timestamps
from domain.json_values import Json, type_name
from domain.settings import Settings
from domain.webhooks import ClassificationFailed, WebhookClassified

LONGEST_TYPE = 255


def classify(
    context: Mapping[str, Json], settings: Settings, evaluation: int, script_error: str | None = None
) -> WebhookClassified | ClassificationFailed:
    """Read event type and time by the configured paths. Numbers and booleans become text, as JSON writes them."""
    occurred_at, warnings = _occurred_at(context, settings)
    if script_error is not None:
        warnings = (f"the script failed, so preprocess holds nothing of it: {script_error}", *warnings)
    output = context["preprocess"]
    assert isinstance(output, Mapping)
    event_type, reason, nearest = _event_type(context, settings)
    if event_type is None:
        return ClassificationFailed(
            evaluation=evaluation,
            event_type_path=settings.event_type_path,
            reason=reason,
            message=_words(reason, settings.event_type_path, nearest),
            nearest=nearest,
            occurred_at=occurred_at,
            preprocess_output=output,
        )
    return WebhookClassified(
        evaluation=evaluation,
        event_type=event_type,
        event_type_path=settings.event_type_path or "",
        occurred_at=occurred_at,
        preprocess_output=output,
        warnings=warnings,
    )


def _event_type(context: Mapping[str, Json], settings: Settings) -> tuple[str | None, str, str | None]:
    if settings.event_type_path is None:
        return None, "event_type_path_unset", None
    path = paths.parse(settings.event_type_path)
    value = paths.resolve(path, context)
    if value is paths.UNRESOLVED or value is None or value == "":
        return None, "event_type_unresolved", paths.nearest(path, context)
    text = _as_text(value)
    if text is None:
        return None, f"event_type_is_{type_name(value)}", None
    if len(text) > LONGEST_TYPE or "\0" in text:
        return None, "event_type_unusable", None
    return text, "", None


def _as_text(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else None


def _words(reason: str, path: str | None, nearest: str | None) -> str:
    if reason == "event_type_path_unset":
        return "no event type path is configured; set settings.event_type_path"
    if reason == "event_type_unresolved":
        hint = f"; the nearest that exists is {nearest}" if nearest else ""
        return f"the event type path {path} leads to nothing in this webhook{hint}"
    if reason == "event_type_unusable":
        return f"the value at {path} is longer than {LONGEST_TYPE} characters or holds NUL; it cannot be an event type"
    kind = reason.rpartition("_")[2]
    return (
        f"the value at {path} is {'an' if kind == 'object' else 'a'} {kind}; an event type must be a text or a number"
    )


def _occurred_at(context: Mapping[str, Json], settings: Settings) -> tuple[datetime | None, tuple[str, ...]]:
    if settings.timestamp_path is None:
        return None, ()
    value = paths.resolve(paths.parse(settings.timestamp_path), context)
    if value is paths.UNRESOLVED or value is None:
        return None, ()
    occurred_at = timestamps.parse(value)
    if occurred_at is None:
        return None, (
            f"the value at {settings.timestamp_path} is not a time that can be read; the time of receipt stands in",
        )
    return occurred_at, ()
