"""Audiences: defined and described; who is in them is not theirs to know."""

import functools

import attrs
import pytest

from domain import audiences, slugs
from tests import examples

DEFINE = audiences.Define(
    environment=examples.ENVIRONMENT,
    key="beta-testers",
    name="Beta testers",
    description="Customers who see new features first",
    at=examples.BEFORE,
)
DESCRIBE = attrs.evolve(DEFINE, name="Early birds", description=None, at=examples.AT)


def audience(*events: audiences.Event) -> audiences.Audience | None:
    return functools.reduce(audiences.evolve, events, None)


DEFINED = audience(examples.AUDIENCE_DEFINED)


def test_an_audience_is_defined() -> None:
    assert audiences.decide(None, DEFINE) == (examples.AUDIENCE_DEFINED,)


def test_an_audience_defined_twice_is_defined_once() -> None:
    assert audiences.decide(DEFINED, attrs.evolve(DEFINE, at=examples.LATER)) == ()


def test_an_audience_is_described_anew() -> None:
    assert audiences.decide(DEFINED, DESCRIBE) == (examples.AUDIENCE_DESCRIBED,)


def test_an_audience_needs_a_name() -> None:
    with pytest.raises(audiences.NameMissing) as refusal:
        audiences.decide(None, attrs.evolve(DEFINE, name=""))
    assert refusal.value.field == "audience.name"


def test_an_audience_needs_a_key_that_can_stand_in_an_address() -> None:
    with pytest.raises(slugs.SlugInvalid):
        audiences.decide(None, attrs.evolve(DEFINE, key="Beta"))


def test_an_audience_is_what_its_events_say() -> None:
    assert DEFINED is not None
    described = audience(examples.AUDIENCE_DEFINED, examples.AUDIENCE_DESCRIBED)
    assert described == attrs.evolve(DEFINED, name="Early birds", description=None, updated_at=examples.AT)
