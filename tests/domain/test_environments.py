"""Environments: created once, under a slug that names nothing else."""

import attrs
import pytest

from domain import environments, slugs
from tests import examples

CREATE = environments.Create(slug="production", name="Production", order=1, at=examples.BEFORE)
PRODUCTION = environments.evolve(None, examples.ENVIRONMENT_CREATED)


def test_an_environment_is_created() -> None:
    assert environments.decide(None, CREATE) == (examples.ENVIRONMENT_CREATED,)


def test_an_environment_created_twice_is_created_once() -> None:
    again = attrs.evolve(CREATE, order=2, at=examples.LATER)
    assert environments.decide(PRODUCTION, again) == ()


def test_a_slug_that_is_taken_is_refused() -> None:
    with pytest.raises(environments.EnvironmentNameTaken, match="choose another slug") as refusal:
        environments.decide(PRODUCTION, attrs.evolve(CREATE, name="Live"))
    assert refusal.value.field == "slug"


@pytest.mark.parametrize("slug", ["", "Production", "live data", "-live", "_live", "a.b", "a/b", "é", "a" * 65, "a\0b"])
def test_a_slug_that_cannot_stand_in_an_address_is_refused(slug: str) -> None:
    with pytest.raises(slugs.SlugInvalid, match="lower-case letters"):
        environments.decide(None, attrs.evolve(CREATE, slug=slug))


@pytest.mark.parametrize("slug", ["a", "9", "a-b", "a_b", "a" * 64])
def test_a_slug_of_letters_digits_and_hyphens_is_taken(slug: str) -> None:
    assert len(environments.decide(None, attrs.evolve(CREATE, slug=slug))) == 1


def test_an_environment_is_what_its_creation_says() -> None:
    assert (
        environments.Environment(slug="production", name="Production", order=1, created_at=examples.BEFORE)
        == PRODUCTION
    )


def test_payloads_are_kept_for_so_many_days_or_for_ever() -> None:
    change = environments.ChangeRetention(payload_days=90, at=examples.AT)
    assert environments.decide(PRODUCTION, change) == (examples.RETENTION_CHANGED,)
    kept = environments.evolve(PRODUCTION, examples.RETENTION_CHANGED)
    assert kept is not None
    assert kept.payload_days == 90
    for_ever = environments.ChangeRetention(payload_days=None, at=examples.AT)
    assert [event.payload_days for event in _changed(kept, for_ever)] == [None]


def test_the_same_retention_twice_changes_nothing() -> None:
    change = environments.ChangeRetention(payload_days=90, at=examples.AT)
    assert environments.decide(environments.evolve(PRODUCTION, examples.RETENTION_CHANGED), change) == ()


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_retention_that_cannot_be_is_refused(days: int) -> None:
    with pytest.raises(environments.RetentionInvalid, match=f"payload_days is {days}; it must be 1 to 36,500"):
        environments.decide(PRODUCTION, environments.ChangeRetention(payload_days=days, at=examples.AT))


def _changed(state: environments.Environment, command: environments.Command) -> list[environments.RetentionChanged]:
    events = environments.decide(state, command)
    return [event for event in events if isinstance(event, environments.RetentionChanged)]
