"""How one source of a server becomes what its file wants: the differences, and the body that makes them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from application import secret_edits
from domain import errors
from domain.json_values import Json
from domain.settings import SettingInvalid
from domain.verification import Verification
from interfaces.cli.source_files import comparing, mapping_changes, server_state
from interfaces.cli.source_files.comparing import Shown
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.wanted import ApiMapping, Environment, Source
from interfaces.cli.yaml_files import findings, lines
from interfaces.cli.yaml_files.findings import Spot
from interfaces.cli.yaml_files.lines import Line

Secrets = Mapping[Reference, str]
"""What references lead to. A reference without its secret is compared with nothing."""

CheckSecret = Callable[[Verification, str], None]


@attrs.frozen(kw_only=True)
class EnvironmentChange:
    """What changes in one environment: `settings` and `secrets` by name, and all `mappings` unless they stay."""

    slug: str
    lines: tuple[Line, ...]
    settings: Mapping[str, Json]
    secrets: Mapping[str, Reference]
    mappings: tuple[ApiMapping, ...] | None


@attrs.frozen(kw_only=True)
class SourceChange:
    """What changes of one source. `mark` tells whether somebody else edited it since."""

    key: str
    new: bool
    about: Mapping[str, Json]
    lines: tuple[Line, ...]
    environments: tuple[EnvironmentChange, ...]
    mark: Json

    def all_lines(self) -> list[Line]:
        """Every difference."""
        return [*self.lines, *(line for each in self.environments for line in each.lines)]

    def body(self, secrets: Secrets) -> dict[str, Any]:
        """The body of the PUT that makes the change."""
        environments = {each.slug: _edit(each, secrets) for each in self.environments}
        return {"source": {**self.about, "environment_settings": environments}}


def _edit(change: EnvironmentChange, secrets: Secrets) -> dict[str, Any]:
    given = {name: secrets[reference] for name, reference in change.secrets.items()}
    settings = {**change.settings, **({"secrets": given} if given else {})}
    return {"settings": settings, **({} if change.mappings is None else {"mappings": list(change.mappings)})}


@attrs.frozen(kw_only=True)
class SourcePlanning:
    """Plans sources one after the other. Their mistakes go to the problems of their spots."""

    state: ServerState
    secrets: Secrets
    check_secret: CheckSecret

    def plan(self, wanted: Source) -> SourceChange | None:
        """What has to change; None if nothing does, or nothing can."""
        shown = self.state.sources.get(wanted.key)
        if not self._fits(wanted, shown):
            return None
        environments = [self._environment(wanted, slug, shown) for slug in wanted.environments]
        changes = tuple(each for each in environments if each is not None)
        told = tuple(_about_lines(wanted, shown or {}))
        if shown is not None and not told and not changes:
            return None
        return SourceChange(
            key=wanted.key,
            new=shown is None,
            about=_about(wanted),
            lines=told,
            environments=changes,
            mark=server_state.source_mark(shown),
        )

    def _fits(self, wanted: Source, shown: Shown | None) -> bool:
        """Whether the server has what the source is made from and where it is to be."""
        before = len(wanted.spot.problems)
        template = wanted.spot.at("template")
        if wanted.template not in self.state.templates:
            template.refuse(f"is {wanted.template!r:.80}; the server has {', '.join(self.state.templates)}")
        elif shown is not None and shown["preconfigured_provider"] != wanted.template:
            made = shown["preconfigured_provider"]
            template.refuse(
                f"is {wanted.template!r}, but the source was made from {made!r}, which is chosen once; write {made}"
            )
        findings.check_environments(wanted.spot, wanted.environments, self.state.environments)
        return len(wanted.spot.problems) == before

    def _environment(self, source: Source, slug: str, shown: Shown | None) -> EnvironmentChange | None:
        wanted, spot = source.environments[slug], source.spot.at("environments").at(slug)
        present = shown["environment_settings"].get(slug) if shown else None
        defaults = self.state.defaults(source.template)
        try:
            settings = comparing.whole(wanted.settings, defaults, str(spot.at("settings")))
        except SettingInvalid as refused:
            spot.at("settings").quote(str(refused))
            return None
        before = comparing.chosen(present["settings"]) if present else defaults
        secrets, secret_lines = self._secrets(wanted, settings, present, spot.at("secrets"))
        mappings, mapping_lines = _mappings(wanted, present)
        changed = comparing.beyond(settings, before)
        told = (*lines.setting_lines(changed, before), *mapping_lines, *secret_lines)
        if present is not None and not told:
            return None
        return EnvironmentChange(
            slug=slug, lines=told, settings=_explicit(changed, settings), secrets=secrets, mappings=mappings
        )

    def _secrets(
        self, wanted: Environment, settings: Mapping[str, Json], present: Shown | None, spot: Spot
    ) -> tuple[dict[str, Reference], list[Line]]:
        """The secrets that have to be sent."""
        verification = _verification(settings["verification"])
        sent: dict[str, Reference] = {}
        told: list[Line] = []
        for name, reference in wanted.secrets.items():
            value = self.secrets.get(reference)
            if value is not None:
                self._check(verification, value, spot.at(name))
            line = _secret_line(name, reference, value, present)
            if line is not None:
                sent[name] = reference
                told.append(line)
        return sent, told

    def _check(self, verification: Verification, value: str, spot: Spot) -> None:
        try:
            self.check_secret(verification, value)
        except errors.Refused as refused:
            spot.refuse(f"leads to what cannot be a secret here: {refused}")


def _about(wanted: Source) -> dict[str, Json]:
    return {
        "name": wanted.name,
        "description": wanted.description,
        "custom_image_url": wanted.custom_image_url,
        "preconfigured_provider": wanted.template,
    }


def _about_lines(wanted: Source, shown: Shown) -> Iterator[Line]:
    if not shown:
        yield Line("+", f"made from the template {wanted.template}")
    for name in ("name", "description", "custom_image_url"):
        before, after = shown.get(name), getattr(wanted, name)
        if before != after:
            yield lines.changed(name, before, after)


def _explicit(changed: Mapping[str, Json], settings: Mapping[str, Json]) -> dict[str, Json]:
    """What changed, with the verification: who gives a script and names none leaves it to the server to choose."""
    return {**changed, "verification": settings["verification"]} if changed else {}


def _mappings(wanted: Environment, present: Shown | None) -> tuple[tuple[ApiMapping, ...] | None, tuple[Line, ...]]:
    if wanted.mappings is None:
        return None, ()
    told = tuple(mapping_changes.compare(wanted.mappings, present["mappings"] if present else ()).lines())
    # A source that is made takes its template's mappings, unless it is told that it has none.
    return (wanted.mappings if told or present is None else None), told


def _verification(value: Json) -> Verification:
    assert isinstance(value, Mapping)
    return Verification(str(value["scheme"]), {name: each for name, each in value.items() if name != "scheme"})


def _secret_line(name: str, reference: Reference, value: str | None, present: Shown | None) -> Line | None:
    """What becomes of a secret; None if it is the one in force, as far as what the server shows of it tells."""
    shown = present["settings"].get("secrets") or () if present else ()
    hints = [each["hint"] for each in shown if each["name"] == name and each["expires_at"] is None]
    words = f"secret {name}: will be set from {lines.visible(str(reference))}"
    if not hints:
        return Line("+", words)
    hint = _hint(value) if value is not None else ""
    if hint != hints[-1] and value is not None:
        return Line("~", words)
    # Nothing is shown of a short secret, and the end of Base64 tells little.
    return Line("?", f"{words}, unless it is the one in force") if not hint or "=" in hint else None


def _hint(value: str) -> str:
    """What the server shows of a secret."""
    return value[-secret_edits.HINT :] if len(value) >= 3 * secret_edits.HINT else ""
