"""Telling the gateway what to do: sources, variables, workflows, keys and the like, by way of `editing`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from application import access, editing, source_triggers
from application.catalogue import Catalogue, Snapshot
from application.forwarding_edits import ForwardingEdits
from application.ports import Clock, EventStore, NewId
from application.records import Attribution, Change
from application.source_edits import SourceEdits
from application.source_triggers import SourceTrigger
from application.variable_edits import VariableEdits
from application.workflow_edits import WorkflowEdits
from domain import (
    api_keys,
    audiences,
    configurations,
    configuring,
    environments,
    errors,
    forwarding,
    sources,
    variables,
    workflows,
)
from domain.json_values import Json

NOTHING: Mapping[str, Json] = MappingProxyType({})


class EnvironmentUnknown(errors.Refused):
    """No environment has this slug."""


@attrs.frozen(kw_only=True)
class NewKey:
    """An issued key. `key` itself is known here and nowhere else."""

    record: api_keys.ApiKey
    key: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Managing:
    """The use cases. `new_key` makes an API key from its prefix."""

    store: EventStore
    catalogue: Catalogue
    edits: SourceEdits
    variable_edits: VariableEdits
    workflow_edits: WorkflowEdits
    forwarding_edits: ForwardingEdits
    clock: Clock
    new_id: NewId
    new_key: Callable[[str], str]

    def put_source(
        self, *, key: str, body: Mapping[str, Json], actor: str, reason: str | None = None
    ) -> sources.Source:
        """Connect a source or change it, in the API's shape. Raises Refused for anything that cannot be."""
        put = self.edits.put
        self._edit(actor, lambda snapshot: put(key=key, body=body, snapshot=snapshot, at=self.clock()), reason)
        source: sources.Source = self.catalogue.snapshot.state(sources.stream(key))
        return source

    def archive_source(self, *, key: str, actor: str) -> None:
        """Archive a source: its addresses are unknown from now on, its history stays."""

        def decide(snapshot: Snapshot) -> list[Change]:
            stream = sources.stream(key)
            events = sources.decide(snapshot.state(stream), sources.Archive(key=key, at=self.clock()))
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)

    def rotate_token(
        self, *, source: str, environment: str, actor: str, reason: str | None = None
    ) -> configurations.Configuration:
        """Give a source another address in an environment."""
        command = configuring.RotateToken(token=self.edits.new_token(), at=self.clock())
        return self._configure(source, environment, actor, reason, lambda _: command)

    def retire_secret(
        self, *, source: str, environment: str, secret_id: str, actor: str, reason: str | None = None
    ) -> None:
        """Let a secret of a source expire at once."""
        command = configuring.RetireSecret(secret_id=secret_id, at=self.clock())
        self._configure(source, environment, actor, reason, lambda _: command)

    def toggle_trigger(
        self,
        *,
        workflow: str,
        environment: str,
        source: str,
        mapping_id: str,
        active: bool,
        actor: str,
        reason: str | None = None,
    ) -> SourceTrigger:
        """Let a source's events of a type trigger a workflow, or not. Raises MappingUnknown."""

        def command(snapshot: Snapshot) -> configuring.Command:
            source_triggers.require(snapshot, environment, workflow, source, mapping_id)
            return configuring.ToggleMapping(mapping_id=mapping_id, active=active, at=self.clock())

        self._configure(source, environment, actor, reason, command)
        return source_triggers.require(self.catalogue.snapshot, environment, workflow, source, mapping_id)

    def put_variable(self, *, key: str, body: Mapping[str, Json], actor: str) -> variables.Variable:
        """Set a variable or change it, in the API's shape. Raises Refused for anything that cannot be."""
        put = self.variable_edits.put
        self._edit(actor, lambda snapshot: put(key=key, body=body, snapshot=snapshot, at=self.clock()))
        variable: variables.Variable = self.catalogue.snapshot.state(variables.stream(key))
        return variable

    def remove_variable(self, *, key: str, environment: str | None, actor: str) -> None:
        """Remove a variable, or only the value that an environment has of its own."""

        def decide(snapshot: Snapshot) -> list[Change]:
            if environment is not None:
                require_environment(snapshot, environment)
            return self.variable_edits.remove(key=key, environment=environment, snapshot=snapshot, at=self.clock())

        self._edit(actor, decide)

    def create_environment(self, *, slug: str, name: str, actor: str) -> environments.Environment:
        """Create an environment in which every source has default settings and an address of its own."""

        def decide(snapshot: Snapshot) -> list[Change]:
            stream, at = environments.stream(slug), self.clock()
            command = environments.Create(slug=slug, name=name, order=len(snapshot.of("environment")), at=at)
            events = environments.decide(snapshot.state(stream), command)
            made = Change(stream=stream, version=snapshot.version(stream), events=events)
            fresh = [self.edits.fresh(source, slug, at) for source in snapshot.sources()] if events else []
            return [made, *fresh]

        self._edit(actor, decide)
        environment: environments.Environment = self.catalogue.snapshot.state(environments.stream(slug))
        return environment

    def change_retention(self, *, slug: str, payload_days: int | None, actor: str) -> environments.Environment:
        """Keep the payloads of an environment for so many days, or for ever."""
        stream = environments.stream(slug)

        def decide(snapshot: Snapshot) -> list[Change]:
            require_environment(snapshot, slug)
            command = environments.ChangeRetention(payload_days=payload_days, at=self.clock())
            events = environments.decide(snapshot.state(stream), command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)
        environment: environments.Environment = self.catalogue.snapshot.state(stream)
        return environment

    def define_workflow(
        self, *, environment: str, key: str, name: str, active: bool, actor: str, told: Mapping[str, Json] = NOTHING
    ) -> workflows.Workflow:
        """Define a workflow, or bring a defined one to this; `told` are its steps and what belongs to them."""
        stream = workflows.stream(environment, key)

        def decide(snapshot: Snapshot) -> list[Change]:
            require_environment(snapshot, environment)
            state: workflows.Workflow | None = snapshot.state(stream)
            command = workflows.Define(
                environment=environment,
                key=key,
                name=name,
                active=active,
                definition=self.workflow_edits.definition(told, state.definition if state else workflows.Definition()),
                at=self.clock(),
            )
            events = workflows.decide(state, command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)
        workflow: workflows.Workflow = self.catalogue.snapshot.state(stream)
        return workflow

    def define_audience(
        self, *, environment: str, key: str, name: str, description: str | None, actor: str
    ) -> audiences.Audience:
        """Define a static audience, or bring a defined one to this."""
        stream = audiences.stream(environment, key)

        def decide(snapshot: Snapshot) -> list[Change]:
            require_environment(snapshot, environment)
            command = audiences.Define(
                environment=environment, key=key, name=name, description=description, at=self.clock()
            )
            events = audiences.decide(snapshot.state(stream), command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)
        audience: audiences.Audience = self.catalogue.snapshot.state(stream)
        return audience

    def put_forwarding(self, *, environment: str, body: Mapping[str, Json], actor: str) -> forwarding.Forwarding:
        """Forward what is executed in an environment to a Knock account, in the API's shape. Raises Refused."""
        stream, put = forwarding.stream(environment), self.forwarding_edits.put

        def decide(snapshot: Snapshot) -> list[Change]:
            require_environment(snapshot, environment)
            state = snapshot.state(stream)
            command = put(environment=environment, body=body, state=state, at=self.clock())
            events = forwarding.decide(state, command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)
        put_there: forwarding.Forwarding = self.catalogue.snapshot.state(stream)
        return put_there

    def remove_forwarding(self, *, environment: str, actor: str) -> None:
        """Forward no more; what has not been carried out yet is cancelled."""
        stream = forwarding.stream(environment)

        def decide(snapshot: Snapshot) -> list[Change]:
            require_environment(snapshot, environment)
            command = forwarding.Remove(environment=environment, at=self.clock())
            events = forwarding.decide(snapshot.state(stream), command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)

    def issue_key(
        self, *, name: str, environment: str | None, role: str | None, actor: str, given: str | None = None
    ) -> NewKey:
        """Issue an API key: a service token without an environment, else a secret key of it. `given` fixes the key."""
        key = given or self.new_key("hl_st_" if environment is None else "sk_")
        key_id = self.new_id()
        stream = api_keys.stream(key_id)

        def decide(snapshot: Snapshot) -> list[Change]:
            if environment is not None:
                require_environment(snapshot, environment)
            command = api_keys.Issue(
                key_id=key_id,
                name=name,
                role=_role(role, environment),
                environment=environment,
                digest=access.digest(key),
                hint=key[-4:],
                at=self.clock(),
            )
            # After an answer that was lost, the key is there already when this is decided again.
            events = api_keys.decide(snapshot.state(stream), command)
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)
        return NewKey(record=self.catalogue.snapshot.state(stream), key=key)

    def revoke_key(self, *, key_id: str, actor: str) -> None:
        """Revoke an API key."""
        stream = api_keys.stream(key_id)

        def decide(snapshot: Snapshot) -> list[Change]:
            events = api_keys.decide(snapshot.state(stream), api_keys.Revoke(key_id=key_id, at=self.clock()))
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide)

    def _configure(
        self,
        source: str,
        environment: str,
        actor: str,
        reason: str | None,
        command: Callable[[Snapshot], configuring.Command],
    ) -> configurations.Configuration:
        stream = configurations.stream(source, environment)

        def decide(snapshot: Snapshot) -> list[Change]:
            events = configuring.decide(snapshot.state(stream), command(snapshot))
            return [Change(stream=stream, version=snapshot.version(stream), events=events)]

        self._edit(actor, decide, reason)
        state: configurations.Configuration = self.catalogue.snapshot.state(stream)
        return state

    def _edit(self, actor: str, decide: editing.Decide, reason: str | None = None) -> None:
        editing.edit(self.store, self.catalogue, decide, Attribution(actor=actor, reason=reason))


def require_environment(snapshot: Snapshot, slug: str) -> None:
    """Raise EnvironmentUnknown unless there is such an environment."""
    if snapshot.state(environments.stream(slug)) is None:
        known = ", ".join(environment.slug for environment in snapshot.environments())
        raise EnvironmentUnknown(f"environment {slug!r} does not exist; there are {known}", field="environment")


def _role(role: str | None, environment: str | None) -> Any:
    """The role of a new key; the domain refuses one that does not go with its kind."""
    if role is None:
        return "environment" if environment is not None else "admin"
    if role not in (*api_keys.SERVICE_ROLES, "environment"):
        raise api_keys.RoleInvalid(
            f"role is {role!r}; it must be one of {', '.join(api_keys.SERVICE_ROLES)}", field="role"
        )
    return role
