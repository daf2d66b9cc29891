"""The settings of a configuration: paths, verification, idempotency; and the check of what people write there."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from domain import errors, paths, preprocessing
from domain.json_values import Json
from domain.scripts import LONGEST_SOURCE, Script
from domain.verification import Verification

DAY = 86_400
LONGEST_WINDOW = 30 * DAY
Dialect = Literal["current", "legacy", "legacy_cdp"]
"""`legacy` takes `track` calls alone; `legacy_cdp` takes whatever Segment and RudderStack send."""


@attrs.frozen(kw_only=True)
class Settings:
    """How a configuration reads, verifies and deduplicates what it receives."""

    enabled: bool = True
    dialect: Dialect = "current"
    event_type_path: str | None = None
    timestamp_path: str | None = None
    idempotency_key_path: str | None = None
    enforce_idempotency: bool | None = None
    idempotency_window_seconds: int = DAY
    enforce_verification: bool = False
    verification: Verification = Verification(scheme="none", options={})
    preprocessor: str | None = None
    handle_identifies: bool | None = None
    preprocess_script: Script | None = None
    batch_path: str | None = None
    search_payloads: bool = False

    @property
    def deduplicates(self) -> bool:
        """Whether deliveries are compared by their key at all."""
        return self.idempotency_key_path is not None and self.enforce_idempotency is not False


class SettingInvalid(errors.Refused):
    """A setting has a name or a value that cannot be."""


SWITCHES = ("enabled", "enforce_idempotency", "enforce_verification", "handle_identifies", "search_payloads")
PATHS = ("event_type_path", "timestamp_path", "idempotency_key_path")
READ_ONLY = frozenset({"endpoint", "write_key", "not_covered_by_signature", "secrets", "dialect"})


def parse(raw: Mapping[str, Json], *, base: Settings, field: str) -> Settings:
    """`base` with the settings that `raw` names; what the API only shows (`endpoint`) is passed over."""
    changes: dict[str, Any] = {
        name: _value(name, value, f"{field}.{name}") for name, value in raw.items() if name not in READ_ONLY
    }
    settings = attrs.evolve(base, **changes)
    if settings.handle_identifies and settings.dialect != "legacy_cdp":
        raise SettingInvalid(
            f"{field}.handle_identifies is for the legacy sources of Segment and RudderStack; map identify instead",
            field=f"{field}.handle_identifies",
        )
    if settings.batch_path and settings.preprocess_script:
        raise SettingInvalid(
            f"{field}.batch_path and {field}.preprocess_script exclude each other: a script runs once for a request",
            field=f"{field}.batch_path",
        )
    if settings.enforce_idempotency and settings.idempotency_key_path is None:
        raise SettingInvalid(
            f"{field}.enforce_idempotency is on without {field}.idempotency_key_path; name the path of the key",
            field=f"{field}.idempotency_key_path",
        )
    return settings


def _value(name: str, value: Json, field: str) -> object:
    if name in SWITCHES:
        return _switch(value, field)
    if name in PATHS:
        return _path(value, field)
    checks = {
        "idempotency_window_seconds": _window,
        "verification": _verification,
        "preprocessor": _preprocessor,
        "preprocess_script": parse_script,
        "batch_path": _batch_path,
    }
    if name not in checks:
        known = ", ".join((*SWITCHES, *PATHS, *checks))
        raise SettingInvalid(f"{field} is not a setting; the settings are {known}", field=field)
    return checks[name](value, field)


def _switch(value: Json, field: str) -> bool | None:
    if value is None and not field.endswith(("enabled", "enforce_verification", "search_payloads")):
        return None
    if not isinstance(value, bool):
        raise SettingInvalid(f"{field} is {value!r}; it must be true or false", field=field)
    return value


def _path(value: Json, field: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise SettingInvalid(f'{field} is {value!r}; it must be a path such as "body.id"', field=field)
    try:
        return paths.parse(value).text
    except paths.PathInvalid as problem:
        raise SettingInvalid(f"{field}: {problem}", field=field) from problem


def _window(value: Json, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_WINDOW:
        raise SettingInvalid(
            f"{field} is {value!r}; it must be a whole number of seconds from 1 to {LONGEST_WINDOW}", field=field
        )
    return value


def _verification(value: Json, field: str) -> Verification:
    if value is None:
        return Verification(scheme="none", options={})
    if not isinstance(value, Mapping) or not isinstance(value.get("scheme"), str):
        raise SettingInvalid(f'{field} must be an object with a scheme, such as {{"scheme": "stripe"}}', field=field)
    options = {name: option for name, option in value.items() if name != "scheme"}
    return Verification(scheme=str(value["scheme"]), options=options)


def _preprocessor(value: Json, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in preprocessing.PREPROCESSORS:
        known = ", ".join(preprocessing.PREPROCESSORS)
        raise SettingInvalid(f"{field} is {value!r}; it must be null or one of {known}", field=field)
    return value


def parse_script(value: Json, field: str) -> Script | None:
    """`{language?, source}` or null; its form alone, since whether it compiles is for the engine to say."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or value.keys() - {"language", "source"}:
        raise SettingInvalid(f'{field} must be null or {{"language": "javascript", "source": "…"}}', field=field)
    language, source = value.get("language", "javascript"), value.get("source")
    if language != "javascript":
        raise SettingInvalid(
            f'{field}.language is {language!r:.40}; it must be "javascript"', field=f"{field}.language"
        )
    if not isinstance(source, str) or not source.strip():
        raise SettingInvalid(f"{field}.source must be the text of a script", field=f"{field}.source")
    if len(source.encode(errors="replace")) > LONGEST_SOURCE:
        raise SettingInvalid(f"{field}.source is longer than {LONGEST_SOURCE} bytes", field=f"{field}.source")
    return Script(source)


def _batch_path(value: Json, field: str) -> str | None:
    path = _path(value, field)
    if path is None:
        return None
    first, *rest = paths.parse(path).segments
    if first != "body" or not rest or not all(isinstance(name, str) for name in rest):
        raise SettingInvalid(
            f'{field} is {value!r}; it must lead to a list by names within the body, such as "body.records"',
            field=field,
        )
    return path
