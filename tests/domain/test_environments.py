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
