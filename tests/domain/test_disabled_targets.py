"""Disabled targets: a 410 disables a URL once, somebody enables it once, and each environment has its own."""

import functools

import attrs
import pytest

from domain import disabled_targets
from domain.disabled_targets import Command, Disable, Enable, Event, TargetDisabled
from tests import examples

DISABLED, ENABLED = examples.TARGET_DISABLED, examples.TARGET_ENABLED
DISABLE = Disable(
    environment=DISABLED.environment,
    url=DISABLED.url,
    run_id=DISABLED.run_id,
    request_id=DISABLED.request_id,
    at=DISABLED.disabled_at,
)
ENABLE = Enable(at=ENABLED.enabled_at)


def after(*events: Event) -> TargetDisabled | None:
    return functools.reduce(disabled_targets.evolve, events, None)


@pytest.mark.parametrize(
    ("given", "command", "then"),
    [
        ((), DISABLE, (DISABLED,)),
        ((DISABLED,), ENABLE, (ENABLED,)),
        ((DISABLED, ENABLED), DISABLE, (DISABLED,)),
    ],
)
def test_a_target_is_disabled_and_enabled_again(
    given: tuple[Event, ...], command: Command, then: tuple[Event, ...]
) -> None:
    assert disabled_targets.decide(after(*given), command) == then


def test_a_target_disabled_twice_is_disabled_once() -> None:
    again = attrs.evolve(DISABLE, request_id="another", at=examples.LATER)
    assert disabled_targets.decide(after(DISABLED), again) == ()


@pytest.mark.parametrize("given", [(), (DISABLED, ENABLED)])
def test_a_target_enabled_twice_is_enabled_once(given: tuple[Event, ...]) -> None:
    assert disabled_targets.decide(after(*given), ENABLE) == ()


def test_another_url_or_environment_is_another_target() -> None:
    names = {
        disabled_targets.stream(environment, disabled_targets.id_of(url))
        for environment in ("production", "development")
        for url in ("https://a.example/x", "https://a.example/y", "https://a.example/x?y")
    }
    assert len(names) == 6


def test_the_reason_says_since_when_and_what_to_do() -> None:
    shown = disabled_targets.reason(DISABLED)
    assert DISABLED.url in shown
    assert "2026-01-15T12:00:00" in shown
    assert f"POST /v1/disabled_targets/{disabled_targets.id_of(DISABLED.url)}/enable" in shown
