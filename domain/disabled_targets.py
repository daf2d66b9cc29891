"""A disabled target: a URL that said that it is gone (410), to which an environment sends nothing until it is enabled.

It is the exact URL, not its server: what else the server has is not gone with it.
"""

import hashlib
from datetime import datetime
from typing import Final, assert_never

import attrs

from domain import streams

CODE: Final = "target_disabled"
"""The code of a run that fails because nothing may be sent to its target."""


def id_of(url: str) -> str:
    """The id under which a URL is disabled and enabled."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def stream(environment: str, target_id: str) -> str:
    """The stream of one URL in an environment."""
    return streams.name("target", environment, target_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class TargetDisabled:
    """`url` answered 410 to the attempt `request_id` of a run."""

    environment: str
    url: str
    run_id: str
    request_id: str
    disabled_at: datetime


@attrs.frozen(kw_only=True)
class TargetEnabled:
    """Somebody lets deliveries to `url` be sent again."""

    environment: str
    url: str
    enabled_at: datetime


Event = TargetDisabled | TargetEnabled


@attrs.frozen(kw_only=True)
class Disable:
    """Send nothing to `url` any more."""

    environment: str
    url: str
    run_id: str
    request_id: str
    at: datetime


@attrs.frozen(kw_only=True)
class Enable:
    """Send to the target again."""

    at: datetime


Command = Disable | Enable


def decide(state: TargetDisabled | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to. The state is what disabled the target, None while it is enabled."""
    match command:
        case Disable():
            return _disable(state, command)
        case Enable():
            return _enable(state, command)
        case _:
            assert_never(command)


def _disable(state: TargetDisabled | None, command: Disable) -> tuple[Event, ...]:
    if state is not None:
        return ()  # several deliveries were under way when it said so
    return (
        TargetDisabled(
            environment=command.environment,
            url=command.url,
            run_id=command.run_id,
            request_id=command.request_id,
            disabled_at=command.at,
        ),
    )


def _enable(state: TargetDisabled | None, command: Enable) -> tuple[Event, ...]:
    if state is None:
        return ()  # somebody else was faster, and the wish is the same
    return (TargetEnabled(environment=state.environment, url=state.url, enabled_at=command.at),)


def evolve(state: TargetDisabled | None, event: Event) -> TargetDisabled | None:
    """The state after `event`."""
    match event:
        case TargetDisabled():
            return event
        case TargetEnabled():
            return None
        case _:
            assert_never(event)


def reason(disabled: TargetDisabled) -> str:
    """Why nothing is sent to a target, and what to do about it."""
    return (
        f"{disabled.url} is disabled since {disabled.disabled_at.isoformat(timespec='seconds')}, when it answered 410; "
        f"once it is back, enable it: POST /v1/disabled_targets/{id_of(disabled.url)}/enable"
    )
