"""Template files: what a right one becomes; a wrong one is refused with its name, its field and what is right."""

from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from application.templates import Provider, Template
from domain.settings import Settings
from domain.verification import Verification
from infrastructure.templates.loading import TemplateFileInvalid, YamlTemplates


def small() -> dict[str, Any]:
    """The least that a template file can say."""
    return {
        "key": "acme",
        "version": "1.0.0",
        "provider": {
            "name": "Acme",
            "description": "Bells and anvils.",
            "categories": ["Ecommerce"],
            "website_url": None,
            "webhook_docs_url": "https://acme.example/webhooks",
        },
        "dialect": "current",
        "settings": {"event_type_path": "body.type", "enforce_verification": True, "verification": {"scheme": "none"}},
        "default_mappings": [
            {
                "on": True,
                "event_type": "user.created",
                "action_type": "users_identify",
                "action_parameters": {"id": "body.id"},
            }
        ],
        "example_payloads": {"user.created": [{"body": {"type": "user.created", "id": 7}, "headers": {"a": "b"}}]},
        "static_fields": {"type": "object", "properties": {}},
        "setup": ["Ring the bell."],
        "checklist": ["The bell rings."],
    }


def load(folder: Path, text: str) -> Template:
    """The template that `text` describes as acme.yaml."""
    (folder / "acme.yaml").write_text(text, encoding="utf-8")
    return YamlTemplates(folder).get("acme")


def test_a_file_becomes_a_template(tmp_path: Path) -> None:
    template = load(tmp_path, yaml.safe_dump(small()))
    assert template.provider == Provider(
        name="Acme",
        description="Bells and anvils.",
        categories=("Ecommerce",),
        website_url=None,
        webhook_docs_url="https://acme.example/webhooks",
    )
    assert template.settings == Settings(
        event_type_path="body.type", enforce_verification=True, verification=Verification("none")
    )
    identify = {name: value for name, value in small()["default_mappings"][0].items() if name != "on"}
    assert template.default_mappings == (identify,)
    assert template.mappings_on == (0,)
    assert (template.setup, template.checklist) == (("Ring the bell.",), ("The bell rings.",))
    assert (template.receives, template.example_secret, template.preprocessing_script) == (True, None, None)


def calling() -> dict[str, Any]:
    """The least that a template of a provider that calls the API can say."""
    named = ("key", "version", "provider", "setup", "checklist")
    return {"receives": False, **{name: value for name, value in small().items() if name in named}}


def test_a_file_of_a_provider_that_calls_the_api_has_steps_and_nothing_to_receive_with(tmp_path: Path) -> None:
    template = load(tmp_path, yaml.safe_dump(calling()))
    assert (template.receives, template.setup) == (False, ("Ring the bell.",))
    assert (template.settings, template.default_mappings, template.example_payloads) == (Settings(), (), {})


def test_a_provider_that_calls_the_api_has_no_settings(tmp_path: Path) -> None:
    with pytest.raises(TemplateFileInvalid, match="settings is not a field of a template"):
        load(tmp_path, yaml.safe_dump({**calling(), "settings": {}}))


def signed(**changes: Any) -> dict[str, Any]:
    """A template whose examples have a secret."""
    settings = {**small()["settings"], "verification": {"scheme": "bearer"}, "batch_path": "body.items"}
    return {**small(), "settings": settings, "example_secret": "s3cret-s3cret", **changes}


def test_a_file_may_name_the_secret_of_its_examples_a_list_to_take_apart_and_a_script(tmp_path: Path) -> None:
    source = "function main() { return { verified: true }; }"
    template = load(tmp_path, yaml.safe_dump(signed(preprocessing_script=source)))
    assert (template.example_secret, template.preprocessing_script) == ("s3cret-s3cret", source)
    assert (template.settings.batch_path, template.settings.preprocess_script) == ("body.items", None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"example_secret": None}, "example_secret is None; it must be a text"),
        ({"example_secret": "two words"}, "example_secret cannot be one: secret: it must be visible ASCII"),
        ({"preprocessing_script": " "}, "preprocessing_script is ' '; it must be a text"),
        ({"preprocessing_script": "x" * 65_537}, "preprocessing_script is longer than 65536 bytes"),
        ({"receives": "yes"}, "receives is 'yes'; it must be true or false"),
    ],
)
def test_a_wrong_secret_or_script_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateFileInvalid) as refused:
        load(tmp_path, yaml.safe_dump(signed(**changes)))
    assert words in str(refused.value)


@pytest.mark.parametrize("dialect", ["legacy", "legacy_cdp"])
def test_a_legacy_file_has_settings_of_its_dialect(tmp_path: Path, dialect: str) -> None:
    assert load(tmp_path, yaml.safe_dump(small() | {"dialect": dialect})).settings.dialect == dialect


def test_plain_words_that_yaml_takes_for_switches_times_and_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    written = "on: off\n      day: 2024-01-15\n      time: 12:30\n      code: 0755\n      none: null\n      some: 1.5e3"
    text = yaml.safe_dump(small()).replace("id: 7", written)
    body = load(tmp_path, text).example_payloads["user.created"][0]["body"]
    expected = {"on": "off", "day": "2024-01-15", "time": "12:30", "code": "0755", "none": None, "some": 1500.0}
    assert body == {"type": "user.created", **expected}


REFUSED: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("colour",), "red", "colour", "not a field of a template; the fields there are key, version, provider"),
    (("key",), "acmé", "key", "must be 'acme'"),
    (("version",), "1.0", "version", "three numbers"),
    (("version",), 1.0, "version", "must be a text"),
    (("provider",), [], "provider", "is a list; it must be an object"),
    (("provider", "colour"), "red", "provider.colour", "not a field"),
    (("provider", "name"), " ", "provider.name", "not empty"),
    (("provider", "webhook_docs_url"), "acme.example", "provider.webhook_docs_url", "https://"),
    (("provider", "tutorial_url"), 7, "provider.tutorial_url", "must be a text"),
    (("provider", "categories"), [], "provider.categories", "at least one"),
    (("provider", "categories", 0), "Bells", "provider.categories[0]", "one of Billing"),
    (("dialect",), "modern", "dialect", "one of current, legacy, legacy_cdp"),
    (("settings", "colour"), "red", "settings.colour", "not a field"),
    (("settings", "secrets"), {}, "settings.secrets", "not a field"),
    (("settings", "event_type_path"), None, "settings.event_type_path", "must be a text"),
    (("settings", "event_type_path"), "body..type", "settings.event_type_path", "a name is missing"),
    (("settings", "enforce_verification"), None, "settings.enforce_verification", "true or false"),
    (("settings", "enforce_idempotency"), True, "settings.idempotency_key_path", "name the path"),
    (("settings", "preprocessor"), "shop", "settings.preprocessor", "one of amplitude"),
    (("settings", "verification"), {"scheme": "rot13"}, "settings.verification", "must be one of none"),
    (("settings", "verification"), {"scheme": "hmac"}, "settings.verification", "options.header"),
    (("default_mappings",), {}, "default_mappings", "must be a list"),
    (("default_mappings", 0, "on"), "yes", "default_mappings[0].on", "true or false"),
    (("default_mappings", 0, "active"), True, "default_mappings[0].active", "not a field"),
    (("default_mappings", 0, "action_type"), "users_greet", "default_mappings[0].action_type", "one of"),
    (
        ("default_mappings", 0, "action_parameters"),
        {"name": "body.name"},
        "default_mappings[0].action_parameters.id",
        "requires it",
    ),
    (
        ("default_mappings", 0, "action_parameters", "id"),
        "body.",
        "default_mappings[0].action_parameters.id",
        "a name is missing",
    ),
    (("example_payloads", "user.created"), [], 'example_payloads["user.created"]', "at least one"),
    (
        ("example_payloads", "user.created", 0, "headers", "X-Topic"),
        "a",
        'example_payloads["user.created"][0].headers.X-Topic',
        "write x-topic",
    ),
    (
        ("example_payloads", "user.created", 0, "headers", "a"),
        7,
        'example_payloads["user.created"][0].headers.a',
        "must be a text",
    ),
    (("static_fields", "type"), "array", "static_fields.type", "must be object"),
    (("static_fields", "properties"), None, "static_fields.properties", "must be an object"),
    (("settings", "batch_path"), "records", "settings.batch_path", "within the body"),
    (("settings", "handle_identifies"), "yes", "settings.handle_identifies", "true or false"),
    (("example_secret",), "unused", "example_secret", "takes no secret"),
    (("checklist",), [], "checklist", "at least one"),
    (("setup",), [], "setup", "at least one"),
    (("setup", 0), {"Note": "quote me"}, "setup[0]", "must be a text"),
]


@pytest.mark.parametrize(("place", "value", "field", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_value_is_refused_with_its_file_its_field_and_what_is_right(
    tmp_path: Path, place: tuple[str | int, ...], value: object, field: str, words: str
) -> None:
    document: Any = small()
    *above, last = place
    reduce(lambda holder, name: holder[name], above, document)[last] = value
    with pytest.raises(TemplateFileInvalid) as refused:
        load(tmp_path, yaml.safe_dump(document))
    assert refused.value.field == field
    assert str(refused.value).startswith("acme.yaml: ")
    assert field in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize("name", small())
def test_a_missing_field_is_refused(tmp_path: Path, name: str) -> None:
    document = {key: value for key, value in small().items() if key != name}
    with pytest.raises(TemplateFileInvalid, match=f"acme.yaml: {name} is missing"):
        load(tmp_path, yaml.safe_dump(document))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key: acme\nkey: acme\n", "line 2, column 1: the key 'key' is given twice"),
        ("key: acme\n1: one\n", "line 2, column 1: a key must be text"),
        ("key: [acme\n", "not YAML as templates write it at line 2"),
        ("key: !!python/name:os.system\n", "could not determine a constructor"),
        ("- key\n", "the file is a list; it must be an object"),
        ("", "the file is a null; it must be an object"),
        ("key: \x07\n", "not YAML"),
    ],
)
def test_a_file_that_is_no_object_in_yaml_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(TemplateFileInvalid) as refused:
        load(tmp_path, text)
    assert str(refused.value).startswith("acme.yaml: ")
    assert words in str(refused.value)


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateFileInvalid, match="holds no template"):
        YamlTemplates(tmp_path)
