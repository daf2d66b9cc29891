"""The file of one source, read and checked as far as that can be done without a server."""

from collections.abc import Callable, Mapping

import attrs

from application import secret_edits
from domain import errors, settings
from domain.json_values import OBJECTS, Json
from domain.settings import Settings
from domain.verification import Verification
from interfaces.cli.source_files import mapping_reading, references
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.wanted import Environment, Source
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import Spot

MEMBERS = ("name", "description", "custom_image_url", "template", "environments")
ENVIRONMENT_MEMBERS = ("settings", "secrets", "mappings")
SETTINGS = tuple(each.name for each in attrs.fields(Settings) if each.name not in settings.READ_ONLY)
"""The settings that can be chosen."""

# Each setting is checked alone; together they are, once the template's own are known.
_ALONE = Settings(idempotency_key_path="body.id")

CheckOptions = Callable[[Verification], None]


def read(key: str, spot: Spot, scripts: Mapping[str, str], check_options: CheckOptions) -> Source:
    """The source; its mistakes go to the spot's problems. `scripts` are the texts of the files beside it, by name."""
    findings.check_slug(spot, key, "the name of the file before .yaml")
    given = spot.members(MEMBERS)
    reading = _Reading(key, scripts, check_options)
    return Source(
        key=key,
        name=findings.required(spot, given, "name", "a name for people"),
        description=findings.optional(given, "description"),
        custom_image_url=findings.optional(given, "custom_image_url"),
        template=findings.required(spot, given, "template", "custom_http"),
        environments={slug: reading.environment(slug, each) for slug, each in _each(given.get("environments"))},
        spot=spot,
    )


def _each(spot: Spot | None) -> list[tuple[str, Spot]]:
    return list(spot.each()) if spot is not None else []


@attrs.frozen
class _Reading:
    key: str
    scripts: Mapping[str, str]
    check_options: CheckOptions

    def environment(self, slug: str, spot: Spot) -> Environment:
        given = spot.members(ENVIRONMENT_MEMBERS)
        chosen = [self._setting(name, each) for name, each in _each(given.get("settings"))]
        secrets = [self._secret(slug, name, each) for name, each in _each(given.get("secrets"))]
        return Environment(
            settings={name: value for pair in chosen if pair for name, value in [pair]},
            secrets={name: value for pair in secrets if pair for name, value in [pair]},
            mappings=mapping_reading.read(given["mappings"]) if "mappings" in given else None,
        )

    def _setting(self, name: str, spot: Spot) -> tuple[str, Json] | None:
        if name == "secrets":
            spot.refuse("does not stand here: secrets stand beside settings, each as a reference")
            return None
        if name not in SETTINGS:
            spot.refuse(f"cannot be chosen; the settings are {', '.join(SETTINGS)}")
            return None
        value = self._script(spot) if name == "preprocess_script" else spot.value
        try:
            chosen = settings.parse({name: value}, base=_ALONE, field=findings.path(spot.place[:-1]))
        except settings.SettingInvalid as refused:
            spot.quote(str(refused))
            return None
        if name == "verification":
            self._check_verification(spot, chosen.verification)
        return name, value

    def _check_verification(self, spot: Spot, chosen: Verification) -> None:
        try:
            self.check_options(chosen)
        except errors.Refused as refused:
            spot.quote(f"{spot}.{str(refused).removeprefix('options.')}")

    def _script(self, spot: Spot) -> Json:
        """What stands in the file that is named, or here."""
        value = spot.value
        if not isinstance(value, OBJECTS) or "file" not in value:
            return value
        text = self.scripts.get(str(value["file"])) if len(value) == 1 else None
        if text is None:
            there = ", ".join(sorted(self.scripts)) or "none"
            spot.refuse(f"must be {{file: NAME}} with the name of a .js file beside this one; there are: {there}")
            return None
        return {"language": "javascript", "source": text}

    def _secret(self, slug: str, name: str, spot: Spot) -> tuple[str, Reference] | None:
        if name not in secret_edits.NAMES:
            spot.refuse(f"is not known; there are {', '.join(secret_edits.NAMES)}")
            return None
        reference = references.read(spot, references.secret_name(self.key, slug, name))
        return (name, reference) if reference is not None else None
