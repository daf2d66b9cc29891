"""What a template file must say. Everything is checked here, so that a `Template` in memory is a right one.

Paths, mappings and options of signatures are checked by those who will read them later, and by nobody else.
"""

import re
from collections.abc import Mapping, Sequence
from typing import get_args

import attrs

from application.templates import Provider, Template
from domain import coverage, mappings, scripts, settings
from domain.errors import Refused
from domain.json_values import Json
from domain.verification import Verification
from infrastructure.signatures import schemes
from infrastructure.templates import checks

EVERY = ("key", "version", "provider", "setup", "checklist")
RECEIVING = ("dialect", "settings", "default_mappings", "example_payloads", "static_fields")
RECEIVING_OPTIONAL = ("receives", "example_secret", "preprocessing_script")
PROVIDER = ("name", "description", "categories", "website_url", "webhook_docs_url")
PROVIDER_OPTIONAL = ("tutorial_url", "webhook_config_deep_link")
CATEGORIES = ("Billing", "Infrastructure", "Analytics", "CRM", "Ecommerce", "Communications", "Identity")
SETTINGS = ("event_type_path", "enforce_verification", "verification")
SETTINGS_OPTIONAL = (
    "timestamp_path",
    "idempotency_key_path",
    "enforce_idempotency",
    "preprocessor",
    "handle_identifies",
    "batch_path",
)
MAPPING = ("event_type", "action_type", "action_parameters")

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def parse(document: Json, *, key: str) -> Template:
    """The template that `document` describes, which must be the one called `key`. Raises `Refused`."""
    given = checks.mapping(document, "the file")
    receives = checks.switch(given.get("receives", True), "receives")
    required, optional = ((*EVERY, *RECEIVING), RECEIVING_OPTIONAL) if receives else ((*EVERY, "receives"), ())
    raw = checks.members(document, "", required, optional)
    if raw["key"] != key:
        raise checks.wrong("key", f"is {raw['key']!r:.80}; it must be {key!r}, as the file is called")
    about = Template(
        key=key,
        version=_version(raw["version"]),
        provider=_provider(raw["provider"]),
        receives=receives,
        settings=settings.Settings(),
        default_mappings=(),
        mappings_on=(),
        example_payloads={},
        static_fields={"type": "object", "properties": {}},
        setup=_sentences(raw["setup"], "setup"),
        checklist=_sentences(raw["checklist"], "checklist"),
    )
    return _receiving(about, raw) if receives else about


def _receiving(about: Template, raw: Mapping[str, Json]) -> Template:
    toggles = [_toggle(entry, field) for field, entry in checks.entries(raw["default_mappings"], "default_mappings")]
    wanted = _settings(raw["settings"], _dialect(raw["dialect"]))
    return attrs.evolve(
        about,
        settings=wanted,
        uncovered=coverage.uncovered(wanted, schemes.covered(wanted.verification)),
        default_mappings=tuple(mapping for _, mapping in toggles),
        mappings_on=tuple(position for position, (on, _) in enumerate(toggles) if on),
        example_payloads=_examples(raw["example_payloads"]),
        static_fields=_static_fields(raw["static_fields"]),
        example_secret=_example_secret(raw.get("example_secret"), wanted.verification),
        preprocessing_script=_script(raw.get("preprocessing_script")),
    )


def _sentences(raw: Json, field: str) -> tuple[str, ...]:
    return tuple(checks.text(entry, place) for place, entry in checks.some_entries(raw, field))


def _version(raw: Json) -> str:
    version = checks.text(raw, "version")
    if not _VERSION.fullmatch(version):
        raise checks.wrong("version", f"is {version!r:.80}; it must be three numbers such as 1.0.0")
    return version


def _provider(raw: Json) -> Provider:
    entry = checks.members(raw, "provider", PROVIDER, PROVIDER_OPTIONAL)
    return Provider(
        name=checks.text(entry["name"], "provider.name"),
        description=checks.text(entry["description"], "provider.description"),
        categories=_categories(entry["categories"]),
        website_url=checks.optional_url(entry["website_url"], "provider.website_url"),
        webhook_docs_url=checks.url(entry["webhook_docs_url"], "provider.webhook_docs_url"),
        **{name: checks.optional_url(entry.get(name), f"provider.{name}") for name in PROVIDER_OPTIONAL},
    )


def _categories(raw: Json) -> tuple[str, ...]:
    found = checks.some_entries(raw, "provider.categories")
    for field, category in found:
        if category not in CATEGORIES:
            raise checks.wrong(field, f"is {category!r:.80}; it must be one of {', '.join(CATEGORIES)}")
    return tuple(str(category) for _, category in found)


def _dialect(raw: Json) -> settings.Dialect:
    known: tuple[settings.Dialect, ...] = get_args(settings.Dialect)
    found = next((dialect for dialect in known if dialect == raw), None)
    if found is None:
        raise checks.wrong("dialect", f"is {raw!r:.80}; it must be one of {', '.join(known)}")
    return found


def _settings(raw: Json, dialect: settings.Dialect) -> settings.Settings:
    entry = checks.members(raw, "settings", SETTINGS, SETTINGS_OPTIONAL)
    checks.text(entry["event_type_path"], "settings.event_type_path")
    parsed = settings.parse(entry, base=settings.Settings(dialect=dialect), field="settings")
    try:
        schemes.check_options(parsed.verification)
    except Refused as problem:
        raise Refused(f"settings.verification: {problem}", field="settings.verification") from problem
    return parsed


def _example_secret(raw: Json, verification: Verification) -> str | None:
    """The secret of the examples: there is one exactly where the scheme takes one."""
    if raw is None and verification.scheme == "none":
        return None
    secret = checks.text(raw, "example_secret")
    try:
        schemes.check_secret(verification, secret)
    except Refused as problem:
        raise checks.wrong("example_secret", f"cannot be one: {problem}") from problem
    return secret


def _script(raw: Json) -> str | None:
    if raw is None:
        return None
    source = checks.text(raw, "preprocessing_script")
    if len(source.encode()) > scripts.LONGEST_SOURCE:
        raise checks.wrong("preprocessing_script", f"is longer than {scripts.LONGEST_SOURCE} bytes")
    return source


def _toggle(raw: Json, field: str) -> tuple[bool, Mapping[str, Json]]:
    """Whether a new source has the mapping from the start, and the mapping in the API's shape."""
    entry = checks.members(raw, field, ("on", *MAPPING))
    mapping = {name: entry[name] for name in MAPPING}
    mappings.parse(mapping, field=field)
    return checks.switch(entry["on"], f"{field}.on"), mapping


def _examples(raw: Json) -> Mapping[str, Sequence[Mapping[str, Json]]]:
    return {
        event_type: tuple(
            _example(example, field)
            for field, example in checks.some_entries(examples, f'example_payloads["{event_type}"]')
        )
        for event_type, examples in checks.mapping(raw, "example_payloads").items()
    }


def _example(raw: Json, field: str) -> Mapping[str, Json]:
    example = checks.members(raw, field, ("body", "headers"))
    checks.mapping(example["body"], f"{field}.body")
    for name, value in checks.mapping(example["headers"], f"{field}.headers").items():
        checks.text(value, f"{field}.headers.{name}")
        if name != name.lower():
            raise checks.wrong(f"{field}.headers.{name}", f"is not how paths see it; write {name.lower()}")
    return example


def _static_fields(raw: Json) -> Mapping[str, Json]:
    schema = checks.mapping(raw, "static_fields")
    if schema.get("type") != "object":
        raise checks.wrong("static_fields.type", "must be object: the fields are the properties of a JSON Schema")
    checks.mapping(schema.get("properties"), "static_fields.properties")
    return schema
