"""The catalogue as a page to read, `docs/sources.md`: `python -m infrastructure.templates.page` writes it anew.

Everything in it comes from the templates, so that the page cannot say anything else than they do.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from application.templates import Template
from domain import preprocessing
from domain.json_values import Json
from domain.settings import Settings
from infrastructure.templates.loading import YamlTemplates

PAGE = Path("docs") / "sources.md"
INTRODUCTION = """\
# Sources

What comes with the gateway, source by source. This page is written from the [templates](templates.md) by `make docs`;
change those, not this. `GET /v1/source_providers/{key}` gives the same as JSON, with every example payload.

A mapping that is off is offered but not made with the source: it needs a workflow that exists, deletes something, or is
only a suggestion. Examples are signed with the example secret, of a body without spaces between its parts; everybody
knows that secret, so never store it for a source of yours.
"""
_COLUMNS = ("Source", "Template", "Event type", "Idempotency key", "Verification")


def render(templates: Sequence[Template]) -> str:
    """The page in Markdown."""
    receiving, calling = ([each for each in templates if each.receives is kind] for kind in (True, False))
    overview = _table(_COLUMNS, [*map(_row, receiving), *map(_row_without, calling)])
    return "\n".join([INTRODUCTION, *overview, *(line for each in (*receiving, *calling) for line in _section(each))])


def main() -> None:
    """Write the page of the templates that come with the gateway."""
    PAGE.write_text(render(YamlTemplates().all()), encoding="utf-8")


def _row(shown: Template) -> Sequence[str]:
    settings = shown.settings
    return (*_named(shown), _code(settings.event_type_path), _key(settings), _verification(settings))


def _row_without(shown: Template) -> Sequence[str]:
    return (*_named(shown), "calls the API", "–", "an API key")


def _named(shown: Template) -> tuple[str, str]:
    name = shown.provider.name
    anchor = "".join(each for each in name.lower() if each.isalnum() or each == " ").replace(" ", "-")
    return f"[{name}](#{anchor})", _code(shown.key)


def _section(shown: Template) -> Iterator[str]:
    about = shown.provider
    links = {
        "website": about.website_url,
        "the provider's documentation": about.webhook_docs_url,
        "where to set it up": about.webhook_config_deep_link,
        "tutorial": about.tutorial_url,
    }
    yield from ("", f"## {about.name}", "", about.description, "")
    yield f"Template `{shown.key}`, version {shown.version}. {', '.join(about.categories)}."
    yield " · ".join(f"[{words}]({address})" for words, address in links.items() if address)
    if shown.receives:
        yield from _received(shown)
    yield from ("", "### Set it up", "", *(f"{turn}. {step}" for turn, step in enumerate(shown.setup, 1)))
    yield from ("", "### If nothing arrives", "", *(f"- {point}" for point in shown.checklist), "")


def _received(shown: Template) -> Iterator[str]:
    settings, outputs = shown.settings, _outputs(shown.settings)
    yield from ("", *_table(("How it is read", ""), [*_facts(settings), *_coverage(shown)]))
    if outputs:
        yield from ("", *_table(("Derived from the body", "What it is"), outputs))
    if shown.default_mappings:
        yield from ("", *_table(("Event type", "Action", "Parameters", "At first"), _mappings(shown)))
    yield from ("", *_example(shown))


def _facts(settings: Settings) -> Iterator[Sequence[str]]:
    yield "Event type", _code(settings.event_type_path)
    yield "Time of the event", _code(settings.timestamp_path) if settings.timestamp_path else "time of receipt"
    yield "Idempotency key", _key(settings)
    yield "Verification", _verification(settings)
    if settings.batch_path:
        yield "A webhook of its own", f"each element of `{settings.batch_path}`"
    if settings.handle_identifies is not None:
        yield (
            "Identify calls",
            f"make users if `handle_identifies` is on; at first it is {_on(settings.handle_identifies)}",
        )
    if settings.dialect != "current":
        yield "Paths", "may also begin with `data`, the properties, and with `user_id`"


def _coverage(shown: Template) -> Iterator[Sequence[str]]:
    """A fact where only a part is signed; a source without signatures says so by its verification."""
    words = {"event_type": "the event type", "idempotency_key": "the idempotency key"}
    if shown.settings.verification.scheme != "none" and shown.uncovered:
        yield "Not covered by a signature", " and ".join(words[name] for name in shown.uncovered)


def _outputs(settings: Settings) -> list[Sequence[str]]:
    if settings.preprocessor is None:
        return []
    outputs = preprocessing.PREPROCESSORS[settings.preprocessor].outputs
    return [(_code(f"preprocess.{name}"), words) for name, words in outputs.items()]


def _mappings(shown: Template) -> Iterator[Sequence[str]]:
    for position, mapping in enumerate(shown.default_mappings):
        parameters = _json(mapping["action_parameters"])
        on = _on(position in shown.mappings_on)
        yield _code(str(mapping["event_type"])), _code(str(mapping["action_type"])), _code(parameters), on


def _example(shown: Template) -> Iterator[str]:
    event_type, examples = next(iter(shown.example_payloads.items()))
    signed = f", made with the secret `{shown.example_secret}`" if shown.example_secret else ""
    others = ", ".join(_code(each) for each in [*shown.example_payloads][1:])
    yield from (
        f"An example of `{event_type}`{signed}:",
        "",
        "```json",
        json.dumps(examples[0], indent=2, ensure_ascii=False),
        "```",
    )
    if others:
        yield from ("", f"There are examples of {others} as well.")


def _key(settings: Settings) -> str:
    if settings.idempotency_key_path is None:
        return "none"
    key = _code(settings.idempotency_key_path)
    return key if settings.deduplicates else f"{key}, once `enforce_idempotency` is on"


def _verification(settings: Settings) -> str:
    wanted = settings.verification
    if wanted.scheme == "none":
        return "none"
    options = "".join(f", {name} `{value}`" for name, value in wanted.options.items())
    return f"`{wanted.scheme}`{options}, {'enforced' if settings.enforce_verification else 'not enforced at first'}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def _on(switch: bool) -> str:
    return "on" if switch else "off"


def _code(text: str | None) -> str:
    return f"`{text}`"


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
