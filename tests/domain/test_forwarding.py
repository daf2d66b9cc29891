"""Where an environment forwards to: given what was told, a command leads to these events."""

import functools

import attrs
import pytest

from domain import forwarding
from domain.forwarding import ApiKeyInvalid, Event, Forwarding, Put, Remove
from tests import examples

SET = examples.FORWARDING_SET
PUT = Put(environment=SET.environment, base_url=SET.base_url, sealed=SET.sealed, hint=SET.hint, at=SET.set_at)
REMOVE = Remove(environment=SET.environment, at=examples.LATER)


def told(*events: Event) -> Forwarding | None:
    return functools.reduce(forwarding.evolve, events, None)


def test_forwarding_begins_with_an_account() -> None:
    assert forwarding.decide(None, PUT) == (SET,)


def test_the_same_account_told_twice_is_told_once() -> None:
    assert forwarding.decide(told(SET), attrs.evolve(PUT, at=examples.LATER)) == ()


def test_another_key_is_another_event_and_keeps_when_it_began() -> None:
    (rotated,) = forwarding.decide(told(SET), attrs.evolve(PUT, sealed="another", hint="ther", at=examples.LATER))
    state = told(SET, rotated)
    assert state is not None
    assert (state.sealed, state.created_at, state.updated_at) == ("another", SET.set_at, examples.LATER)


def test_forwarding_ends_when_it_is_removed() -> None:
    assert forwarding.decide(told(SET), REMOVE) == (examples.FORWARDING_REMOVED,)
    assert told(SET, examples.FORWARDING_REMOVED) is None


def test_forwarding_removed_twice_is_removed_once() -> None:
    assert forwarding.decide(told(SET, examples.FORWARDING_REMOVED), REMOVE) == ()


@pytest.mark.parametrize("key", ["", "sk_", "pk_test_1", "sk_a b", "sk_a\n", "sk_ä", "sk_" + "x" * 513])
def test_what_can_be_no_secret_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ApiKeyInvalid) as refused:
        forwarding.check_key(key, field="api_key")
    assert refused.value.field == "api_key"
    assert len(key) < 4 or key not in str(refused.value)
