"""Sources: connected from a template, described anew, archived for good."""

import functools

import attrs
import pytest

from domain import slugs, sources
from tests import examples

CONNECT = sources.Connect(
    key="stripe",
    name="Stripe",
    description="Payments of the European accounts",
    custom_image_url=None,
    template="stripe",
    template_version="1.0.0",
    at=examples.BEFORE,
)
DESCRIBE = attrs.evolve(
    CONNECT,
    name="Stripe Europe",
    description=None,
    custom_image_url="https://example.com/images/stripe.png",
    at=examples.AT,
)
ARCHIVE = sources.Archive(key="stripe", at=examples.LATER)


def source(*events: sources.Event) -> sources.Source | None:
    return functools.reduce(sources.evolve, events, None)


CONNECTED = source(examples.SOURCE_CONNECTED)
ARCHIVED = source(examples.SOURCE_CONNECTED, examples.SOURCE_ARCHIVED)


def test_a_source_is_connected() -> None:
    assert sources.decide(None, CONNECT) == (examples.SOURCE_CONNECTED,)


def test_a_source_connected_twice_is_connected_once() -> None:
    assert sources.decide(CONNECTED, attrs.evolve(CONNECT, at=examples.LATER)) == ()


def test_a_source_is_described_anew() -> None:
    assert sources.decide(CONNECTED, DESCRIBE) == (examples.SOURCE_DESCRIBED,)


def test_a_source_described_twice_is_described_once() -> None:
    assert sources.decide(source(examples.SOURCE_CONNECTED, examples.SOURCE_DESCRIBED), DESCRIBE) == ()


def test_a_template_counts_at_creation_only() -> None:
    assert sources.decide(CONNECTED, attrs.evolve(CONNECT, template="clerk", template_version="2.0.0")) == ()


def test_a_source_is_archived() -> None:
    assert sources.decide(CONNECTED, ARCHIVE) == (examples.SOURCE_ARCHIVED,)


def test_a_source_archived_twice_is_archived_once() -> None:
    assert sources.decide(ARCHIVED, ARCHIVE) == ()


def test_a_source_that_nobody_connected_cannot_be_archived() -> None:
    with pytest.raises(sources.SourceUnknown, match="'stripe'"):
        sources.decide(None, ARCHIVE)


def test_the_key_of_an_archived_source_stays_its_own() -> None:
    with pytest.raises(sources.SourceArchivedAlready, match="choose another key") as refusal:
        sources.decide(ARCHIVED, CONNECT)
    assert refusal.value.field == "key"


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_a_source_needs_a_name(name: str) -> None:
    with pytest.raises(sources.NameMissing) as refusal:
        sources.decide(None, attrs.evolve(CONNECT, name=name))
    assert refusal.value.field == "source.name"


def test_a_source_needs_a_key_that_can_stand_in_an_address() -> None:
    with pytest.raises(slugs.SlugInvalid) as refusal:
        sources.decide(None, attrs.evolve(CONNECT, key="My Shop"))
    assert refusal.value.field == "key"


def test_a_source_is_what_its_events_say() -> None:
    described = source(examples.SOURCE_CONNECTED, examples.SOURCE_DESCRIBED)
    assert CONNECTED is not None
    assert described == attrs.evolve(
        CONNECTED,
        name=DESCRIBE.name,
        description=None,
        custom_image_url=DESCRIBE.custom_image_url,
        updated_at=examples.AT,
    )
    assert attrs.evolve(CONNECTED, archived_at=examples.LATER) == ARCHIVED
