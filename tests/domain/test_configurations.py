"""Configurations: what their events make of them, one version each."""

import functools
import itertools
from datetime import timedelta

import attrs
import pytest

from domain import configurations
from domain.configurations import Configuration, Secret
from tests import examples, scenario

EVENTS: tuple[configurations.Event, ...] = (
    examples.CONFIGURATION_CREATED,
    examples.SECRET_ADDED,
    examples.IDENTIFY_ADDED,
    examples.TRIGGER_ADDED,
    examples.SETTINGS_CHANGED,
    examples.SECRET_RETIRED,
    examples.MAPPING_CHANGED,
    examples.MAPPING_DEACTIVATED,
    examples.MAPPING_ACTIVATED,
    examples.MAPPING_REMOVED,
    examples.TOKEN_ROTATED,
)


def after(*events: configurations.Event) -> Configuration:
    state = functools.reduce(configurations.evolve, events, None)
    assert state is not None
    return state


@pytest.mark.parametrize("version", range(1, len(EVENTS) + 1))
def test_a_version_is_the_number_of_events(version: int) -> None:
    assert after(*EVENTS[:version]).version == version


def test_a_configuration_is_what_its_creation_says() -> None:
    assert after(examples.CONFIGURATION_CREATED) == Configuration(
        source=examples.SOURCE,
        environment=examples.ENVIRONMENT,
        token=examples.TOKEN,
        version=1,
        settings=examples.SETTINGS,
        created_at=examples.BEFORE,
        updated_at=examples.BEFORE,
    )


def test_settings_are_those_of_the_last_change() -> None:
    changed = configurations.evolve(examples.CONFIGURATION, examples.SETTINGS_CHANGED)
    assert changed == attrs.evolve(
        examples.CONFIGURATION, version=5, settings=examples.SETTINGS_CHANGED.settings, updated_at=examples.AT
    )


def test_a_rotated_token_takes_the_place_of_the_old_one() -> None:
    assert after(*EVENTS[:4], examples.TOKEN_ROTATED).token == examples.ROTATED_TOKEN


def test_a_retired_secret_counts_until_it_expires() -> None:
    assert after(*EVENTS[:2], examples.SECRET_RETIRED).secrets == (
        Secret(
            id=examples.SECRET_ID,
            name="signing_secret",
            sealed=examples.SECRET_ADDED.sealed,
            hint="2uKo",
            added_at=examples.BEFORE,
            expires_at=examples.AT + timedelta(days=1),
        ),
    )


def test_a_mapping_is_ready_to_be_resolved() -> None:
    trigger = examples.CONFIGURATION.mappings[1]
    assert trigger.configured == examples.TRIGGER_PARAMETERS
    assert set(trigger.parameters) == set(examples.TRIGGER_PARAMETERS)
    assert (trigger.number, trigger.active, trigger.created_at) == (2, True, examples.BEFORE)


def test_a_changed_mapping_keeps_its_number_and_its_birthday() -> None:
    before, changed = examples.CONFIGURATION.mappings[1], after(*EVENTS[:4], examples.MAPPING_CHANGED).mappings[1]
    assert changed == attrs.evolve(
        before,
        event_type="invoice.overdue",
        configured=examples.MAPPING_CHANGED.parameters,
        parameters={name: before.parameters[name] for name in ("recipients",)} | {"key": changed.parameters["key"]},
        updated_at=examples.AT,
    )


def test_a_mapping_is_switched_off_and_on() -> None:
    off = after(*EVENTS[:4], examples.MAPPING_DEACTIVATED)
    assert [each.active for each in off.mappings] == [True, False]
    on = configurations.evolve(off, examples.MAPPING_ACTIVATED)
    assert on is not None
    assert [(each.active, each.updated_at) for each in on.mappings] == [
        (True, examples.BEFORE),
        (True, examples.LATER),
    ]


def test_a_removed_mapping_leaves_its_number_unused() -> None:
    again = after(*EVENTS[:4], examples.MAPPING_REMOVED, attrs.evolve(examples.TRIGGER_ADDED, mapping_id="m-3"))
    assert [(each.id, each.number) for each in again.mappings] == [(examples.IDENTIFY_ID, 1), ("m-3", 3)]


ADDED = [
    scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": "body.id"}, id="trigger"),
    scenario.mapping("users_identify", {"id": "body.id"}, id="identify"),
    scenario.mapping("workflows_cancel", {"key": "welcome", "cancellation_key": "body.id"}, id="cancel"),
]


@pytest.mark.parametrize("added", list(itertools.permutations(ADDED)))
def test_mappings_of_a_type_stand_in_the_order_of_their_actions(added: tuple[configurations.MappingAdded, ...]) -> None:
    in_order = scenario.configuration(*added).by_event_type[scenario.TYPE]
    assert [mapping.id for mapping in in_order] == ["identify", "cancel", "trigger"]


def test_mappings_of_one_action_stand_in_the_order_of_their_creation() -> None:
    added = [attrs.evolve(ADDED[1], mapping_id=name) for name in ("c", "a", "b")]
    in_order = scenario.configuration(*added).by_event_type[scenario.TYPE]
    assert [mapping.id for mapping in in_order] == ["c", "a", "b"]


def test_a_mapping_is_listed_under_its_present_event_type() -> None:
    changed = after(*EVENTS[:4], examples.MAPPING_CHANGED)
    assert {name: [each.id for each in listed] for name, listed in changed.by_event_type.items()} == {
        "invoice.payment_failed": [examples.IDENTIFY_ID],
        "invoice.overdue": [examples.TRIGGER_ID],
    }
