"""What `PUT /v1/sources/{key}` means: from the API's body to changes of the source and of its configurations."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from application.catalogue import Snapshot
from application.ports import NewId, Scripts, SignatureSchemes
from application.records import Change
from application.secret_edits import About, BodyInvalid, SecretEdits, within
from application.templates import NothingReceived, Template, Templates
from domain import configurations, configuring, errors, mappings, scripts, settings, sources
from domain.json_values import Json
from domain.verification import Verification

DEFAULT_TEMPLATE = "custom_http"
LONGEST_TEXT = 4_096
"""Characters of a name, a description or the address of an image."""


@attrs.frozen(kw_only=True)
class SourceEdits:
    """Turns bodies into changes. `new_token` makes the secret end of an address."""

    templates: Templates
    schemes: SignatureSchemes
    scripts: Scripts
    secrets: SecretEdits
    new_id: NewId
    new_token: Callable[[], str]

    def put(self, *, key: str, body: Mapping[str, Json], snapshot: Snapshot, at: datetime) -> list[Change]:
        """Every change that the body asks for. Raises Refused, naming the field, before any is made."""
        wanted = _object(body.get("source"), "source")
        present: sources.Source | None = snapshot.state(sources.stream(key))
        template = self._template(wanted, present)
        stream = sources.stream(key)
        changed = sources.decide(present, _connect(key, wanted, present, template, at))
        asked = self._asked(wanted, snapshot)
        changes = [Change(stream=stream, version=snapshot.version(stream), events=changed)]
        for environment in snapshot.environments():
            edit = asked.get(environment.slug)
            if present is None or edit is not None:
                changes.append(self._configured(key, environment.slug, edit, template, snapshot, at))
        return changes

    def fresh(self, source: sources.Source, environment: str, at: datetime) -> Change:
        """The configuration that a source gets in a new environment: default settings, no mappings."""
        command = configuring.Create(
            source=source.key,
            environment=environment,
            token=self.new_token(),
            settings=self.templates.get(source.template).settings,
            at=at,
        )
        return Change(
            stream=configurations.stream(source.key, environment),
            version=0,
            events=configuring.decide(None, command),
        )

    def draft(
        self,
        key: str,
        edit: Mapping[str, Json],
        *,
        state: configurations.Configuration,
        snapshot: Snapshot,
        field: str,
        at: datetime,
    ) -> Sequence[configurations.Event]:
        """What would lead from the state to settings and mappings as in a body. Raises Refused, naming the field."""
        source: sources.Source | None = snapshot.state(sources.stream(key))
        template = self.templates.get(source.template if source else DEFAULT_TEMPLATE)
        return _decided(state, self._commands(key, state.environment, edit, template, state, at, field))

    def _template(self, wanted: Mapping[str, Json], present: sources.Source | None) -> Template:
        name = wanted.get("preconfigured_provider")
        if name is not None and not isinstance(name, str):
            raise BodyInvalid("source.preconfigured_provider must be a text", field="source.preconfigured_provider")
        if present is None:
            return within("source.preconfigured_provider", lambda: self._receiving(name or DEFAULT_TEMPLATE))
        if name is not None and name != present.template:
            raise BodyInvalid(
                f"source.preconfigured_provider is {name!r}, but the source was made from {present.template!r}; "
                "the provider is chosen once, at creation",
                field="source.preconfigured_provider",
            )
        return self.templates.get(present.template)

    def _receiving(self, key: str) -> Template:
        template = self.templates.get(key)
        if not template.receives:
            raise NothingReceived(
                f"{template.provider.name} calls the API and sends no webhooks, so it needs no source; follow the "
                f"steps under setup in GET /v1/source_providers/{key}"
            )
        return template

    def _asked(self, wanted: Mapping[str, Json], snapshot: Snapshot) -> dict[str, Mapping[str, Json]]:
        given = _optional(wanted.get("environment_settings"), "source.environment_settings")
        known = [environment.slug for environment in snapshot.environments()]
        for slug in given:
            if slug not in known:
                raise BodyInvalid(
                    f"source.environment_settings.{slug} names no environment; there are {', '.join(known)}",
                    field=f"source.environment_settings.{slug}",
                )
        return {slug: _object(edit, f"source.environment_settings.{slug}") for slug, edit in given.items()}

    def _configured(
        self,
        key: str,
        environment: str,
        edit: Mapping[str, Json] | None,
        template: Template,
        snapshot: Snapshot,
        at: datetime,
    ) -> Change:
        stream = configurations.stream(key, environment)
        state: configurations.Configuration | None = snapshot.state(stream)
        field = f"source.environment_settings.{environment}"
        commands = self._commands(key, environment, edit or {}, template, state, at, field)
        return Change(stream=stream, version=snapshot.version(stream), events=_decided(state, commands))

    def _commands(
        self,
        key: str,
        environment: str,
        edit: Mapping[str, Json],
        template: Template,
        state: configurations.Configuration | None,
        at: datetime,
        field: str,
    ) -> Sequence[configuring.Command]:
        given = _optional(edit.get("settings"), f"{field}.settings")
        base = state.settings if state else template.settings
        parsed = settings.parse(given, base=base, field=f"{field}.settings")
        if "verification" not in given:
            parsed = _verifying(parsed, base, template, secured=bool(given.get("secrets") or (state and state.secrets)))
        self._check(parsed, base, f"{field}.settings")
        commands: list[configuring.Command] = [configuring.ChangeSettings(settings=parsed, at=at)]
        if state is None:
            commands = [
                configuring.Create(source=key, environment=environment, token=self.new_token(), settings=parsed, at=at)
            ]
        if state is None or edit.get("mappings") is not None:
            commands.append(self._put_mappings(edit, template, f"{field}.mappings", at))
        _check_guards(commands, parsed, state, field)
        asked = given.get("secrets")
        if asked is not None and not isinstance(asked, list):  # a list is what reading shows, sent back unchanged
            about = About(key, environment, parsed.verification, state, f"{field}.settings.secrets")
            commands += self.secrets.commands(_object(asked, about.field), about, at)
        return commands

    def _check(self, wanted: settings.Settings, base: settings.Settings, field: str) -> None:
        if wanted.verification != base.verification:
            self._check_verification(wanted.verification, f"{field}.verification")
        script = wanted.preprocess_script
        if script is None and wanted.verification.scheme == scripts.SCHEME:
            raise BodyInvalid(
                f"{field}.verification leaves it to a script, but there is none; give {field}.preprocess_script",
                field=f"{field}.preprocess_script",
            )
        if script is not None and script != base.preprocess_script:
            within(f"{field}.preprocess_script.source", lambda: self.scripts.check(script.source))

    def _check_verification(self, wanted: Verification, field: str) -> None:
        """In a body the options stand beside the scheme and not below it, so the refusal has to name them there."""
        try:
            self.schemes.check_options(wanted)
        except errors.Refused as refused:
            name, words = ((text or "").removeprefix("options.") for text in (refused.field, str(refused)))
            raise BodyInvalid(f"{field}.{words}", field=f"{field}.{name}") from refused

    def _put_mappings(
        self, edit: Mapping[str, Json], template: Template, field: str, at: datetime
    ) -> configuring.PutMappings:
        raw = edit.get("mappings")
        if raw is None:
            raw = [template.default_mappings[index] for index in template.mappings_on]
        wanted = mappings.wanted_list(raw, field=field)
        return configuring.PutMappings(wanted=wanted, new_ids=tuple(self.new_id() for _ in wanted), at=at)


def _check_guards(
    commands: Sequence[configuring.Command],
    wanted: settings.Settings,
    state: configurations.Configuration | None,
    field: str,
) -> None:
    """Mappings for newer events only need a time to tell them by."""
    put = next((each.wanted for each in commands if isinstance(each, configuring.PutMappings)), None)
    guarded = any(each.only_newer for each in (put if put is not None else state.mappings if state else ()))
    if guarded and wanted.timestamp_path is None:
        raise BodyInvalid(
            f"{field}.settings.timestamp_path is missing; a mapping with only_newer compares the times it leads to",
            field=f"{field}.settings.timestamp_path",
        )


def _decided(
    state: configurations.Configuration | None, commands: Sequence[configuring.Command]
) -> Sequence[configurations.Event]:
    """The events that commands lead to, one after another."""
    events: list[configurations.Event] = []
    for command in commands:
        decided = configuring.decide(state, command)
        for event in decided:
            state = configurations.evolve(state, event)
        events.extend(decided)
    return events


def _verifying(
    wanted: settings.Settings, base: settings.Settings, template: Template, *, secured: bool
) -> settings.Settings:
    """The settings with the verification that a body means which gives a script, or takes one away, and names none.

    A script verifies where nothing else would; where there ever was a secret, or a template whose provider always sends
    one, it only derives values: else a script that came first, or after a secret had expired, would let in anything.
    """
    script, scheme = wanted.preprocess_script, wanted.verification.scheme
    unverified = not secured and not template.settings.enforce_verification
    if script is not None and base.preprocess_script is None and unverified:
        return attrs.evolve(wanted, verification=Verification(scripts.SCHEME))
    if script is None and scheme == scripts.SCHEME:
        return attrs.evolve(wanted, verification=template.settings.verification)
    return wanted


def _connect(
    key: str,
    wanted: Mapping[str, Json],
    present: sources.Source | None,
    template: Template,
    at: datetime,
) -> sources.Connect:
    return sources.Connect(
        key=key,
        name=_text(wanted, "name", present.name if present else None) or "",
        description=_text(wanted, "description", present.description if present else None),
        custom_image_url=_text(wanted, "custom_image_url", present.custom_image_url if present else None),
        template=present.template if present else template.key,
        template_version=present.template_version if present else template.version,
        at=at,
    )


def _text(wanted: Mapping[str, Json], name: str, otherwise: str | None) -> str | None:
    if name not in wanted:
        return otherwise
    value = wanted[name]
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value):
        raise BodyInvalid(
            f"source.{name} is {value!r:.80}; it must be a text of at most {LONGEST_TEXT} characters without NUL",
            field=f"source.{name}",
        )
    return value


def _object(value: Json, field: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise BodyInvalid(f"{field} must be an object", field=field)
    return value


def _optional(value: Json, field: str) -> Mapping[str, Json]:
    """An object; null is as good as none."""
    return {} if value is None else _object(value, field)
