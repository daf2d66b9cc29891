"""Configuring: what may be decided about a configuration, and that deciding it twice decides nothing."""

import functools
from datetime import timedelta

import attrs
import pytest

from domain import configurations, configuring, mapping_edits
from domain.configurations import Configuration
from domain.json_values import Json
from domain.mappings import Wanted
from tests import examples, scenario

CREATE = configuring.Create(
    source=examples.SOURCE,
    environment=examples.ENVIRONMENT,
    token=examples.TOKEN,
    settings=examples.SETTINGS,
    at=examples.BEFORE,
)
ADD_SECRET = configuring.AddSecret(
    secret_id=examples.SECRET_ID,
    name="signing_secret",
    sealed=examples.SECRET_ADDED.sealed,
    hint="2uKo",
    others_expire_at=examples.AT + timedelta(days=1),
    at=examples.BEFORE,
)
IDENTIFY = Wanted(
    id=None,
    event_type="invoice.payment_failed",
    action_type="users_identify",
    configured=examples.IDENTIFY_PARAMETERS,
)
TRIGGER = Wanted(
    id=None,
    event_type="invoice.payment_failed",
    action_type="workflows_trigger",
    configured=examples.TRIGGER_PARAMETERS,
)


def after(*events: configurations.Event) -> Configuration | None:
    return functools.reduce(configurations.evolve, events, None)


CREATED = after(examples.CONFIGURATION_CREATED)


def put(*wanted: Wanted, new_ids: tuple[str, ...] = ("new-1", "new-2")) -> configuring.PutMappings:
    return configuring.PutMappings(wanted=wanted, new_ids=new_ids, at=examples.AT)


def test_a_configuration_is_created() -> None:
    assert configuring.decide(None, CREATE) == (examples.CONFIGURATION_CREATED,)


def test_a_configuration_created_twice_keeps_its_address_and_its_settings() -> None:
    again = attrs.evolve(CREATE, token=examples.ROTATED_TOKEN, settings=scenario.SETTINGS)
    assert configuring.decide(CREATED, again) == ()


def test_settings_are_changed() -> None:
    command = configuring.ChangeSettings(settings=examples.SETTINGS_CHANGED.settings, at=examples.AT)
    assert configuring.decide(CREATED, command) == (examples.SETTINGS_CHANGED,)


def test_settings_changed_twice_are_changed_once() -> None:
    command = configuring.ChangeSettings(settings=attrs.evolve(examples.SETTINGS), at=examples.AT)
    assert configuring.decide(CREATED, command) == ()


def test_a_token_is_rotated() -> None:
    command = configuring.RotateToken(token=examples.ROTATED_TOKEN, at=examples.AT)
    assert configuring.decide(CREATED, command) == (examples.TOKEN_ROTATED,)


def test_a_secret_is_added() -> None:
    assert configuring.decide(CREATED, ADD_SECRET) == (examples.SECRET_ADDED,)


RETIRE = configuring.RetireSecret(secret_id=examples.SECRET_ID, at=examples.AT)


def test_a_secret_is_retired_at_once() -> None:
    retired = attrs.evolve(examples.SECRET_RETIRED, expires_at=examples.AT)
    assert configuring.decide(after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED), RETIRE) == (retired,)


def test_a_secret_that_would_expire_anyway_is_retired_at_once() -> None:
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED, examples.SECRET_RETIRED)
    assert configuring.decide(state, RETIRE) == (attrs.evolve(examples.SECRET_RETIRED, expires_at=examples.AT),)


def test_a_secret_retired_twice_is_retired_once() -> None:
    retired = attrs.evolve(examples.SECRET_RETIRED, expires_at=examples.AT)
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED, retired)
    assert configuring.decide(state, attrs.evolve(RETIRE, at=examples.LATER)) == ()


def test_a_secret_that_is_not_there_cannot_be_retired() -> None:
    with pytest.raises(configuring.SecretUnknown, match=examples.SECRET_ID):
        configuring.decide(CREATED, RETIRE)


def test_a_new_secret_shortens_the_time_of_all_before_it_and_lengthens_none() -> None:
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED, examples.SECRET_RETIRED)
    add = attrs.evolve(ADD_SECRET, secret_id="new", at=examples.AT)
    sooner, later = (attrs.evolve(add, others_expire_at=examples.AT + timedelta(days=days)) for days in (0, 2))
    retired, _ = configuring.decide(state, sooner)
    assert retired == attrs.evolve(examples.SECRET_RETIRED, expires_at=examples.AT)
    assert [type(each).__name__ for each in configuring.decide(state, later)] == ["SecretAdded"]


def test_a_new_secret_retires_those_of_its_name() -> None:
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED)
    command = attrs.evolve(ADD_SECRET, secret_id="s-2", at=examples.AT)
    added = attrs.evolve(examples.SECRET_ADDED, secret_id="s-2", added_at=examples.AT)
    assert configuring.decide(state, command) == (examples.SECRET_RETIRED, added)


def test_a_secret_is_retired_once() -> None:
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED, examples.SECRET_RETIRED)
    (added,) = configuring.decide(state, attrs.evolve(ADD_SECRET, secret_id="s-2"))
    assert isinstance(added, configurations.SecretAdded)


def test_a_new_secret_leaves_those_of_other_names_alone() -> None:
    state = after(examples.CONFIGURATION_CREATED, examples.SECRET_ADDED)
    (added,) = configuring.decide(state, attrs.evolve(ADD_SECRET, secret_id="s-2", name="api_secret"))
    assert isinstance(added, configurations.SecretAdded)


def test_mappings_are_added_with_new_ids() -> None:
    command = configuring.PutMappings(
        wanted=(IDENTIFY, TRIGGER), new_ids=(examples.IDENTIFY_ID, examples.TRIGGER_ID), at=examples.BEFORE
    )
    assert configuring.decide(CREATED, command) == (examples.IDENTIFY_ADDED, examples.TRIGGER_ADDED)


def test_mappings_put_twice_are_put_once() -> None:
    assert configuring.decide(examples.CONFIGURATION, put(IDENTIFY, TRIGGER)) == ()


def test_mappings_in_another_order_are_the_same_mappings() -> None:
    assert configuring.decide(examples.CONFIGURATION, put(TRIGGER, IDENTIFY)) == ()


def test_a_mapping_that_is_not_wanted_is_removed() -> None:
    removed = attrs.evolve(examples.MAPPING_REMOVED, removed_at=examples.AT)
    assert configuring.decide(examples.CONFIGURATION, put(IDENTIFY)) == (removed,)


def test_a_mapping_is_changed_by_its_id() -> None:
    wanted = Wanted(
        id=examples.TRIGGER_ID,
        event_type="invoice.overdue",
        action_type="workflows_trigger",
        configured=examples.MAPPING_CHANGED.parameters,
    )
    assert configuring.decide(examples.CONFIGURATION, put(IDENTIFY, wanted)) == (examples.MAPPING_CHANGED,)


def test_a_mapping_without_an_id_is_changed_where_it_is_the_only_one_of_its_kind() -> None:
    wanted = attrs.evolve(IDENTIFY, configured={"id": "body.customer"})
    (changed,) = configuring.decide(examples.CONFIGURATION, put(wanted, TRIGGER))
    assert isinstance(changed, configurations.MappingChanged)
    assert changed.mapping_id == examples.IDENTIFY_ID


def test_another_workflow_is_another_mapping() -> None:
    wanted = attrs.evolve(TRIGGER, configured={**examples.TRIGGER_PARAMETERS, "key": "dunning"})
    removed, added = configuring.decide(examples.CONFIGURATION, put(IDENTIFY, wanted))
    assert isinstance(removed, configurations.MappingRemoved)
    assert isinstance(added, configurations.MappingAdded)


def test_a_mapping_is_switched_off_and_on() -> None:
    off = put(IDENTIFY, attrs.evolve(TRIGGER, active=False))
    assert configuring.decide(examples.CONFIGURATION, off) == (examples.MAPPING_DEACTIVATED,)
    inactive = configurations.evolve(examples.CONFIGURATION, examples.MAPPING_DEACTIVATED)
    on = attrs.evolve(put(IDENTIFY, TRIGGER), at=examples.LATER)
    assert configuring.decide(inactive, on) == (examples.MAPPING_ACTIVATED,)


def test_two_mappings_alike_are_two_mappings() -> None:
    (added,) = configuring.decide(examples.CONFIGURATION, put(IDENTIFY, TRIGGER, IDENTIFY))
    assert isinstance(added, configurations.MappingAdded)
    assert added.mapping_id == "new-1"


def test_a_mapping_that_stays_as_it_is_keeps_its_id_whatever_stands_before_it() -> None:
    other = attrs.evolve(IDENTIFY, configured={"id": "body.customer"})
    (added,) = configuring.decide(examples.CONFIGURATION, put(other, IDENTIFY, TRIGGER))
    assert isinstance(added, configurations.MappingAdded)
    assert added.parameters == {"id": "body.customer"}


def test_a_mapping_named_by_its_id_keeps_it_whatever_stands_before_it() -> None:
    other = attrs.evolve(IDENTIFY, configured={"id": "body.customer"})
    (added,) = configuring.decide(
        examples.CONFIGURATION, put(other, attrs.evolve(IDENTIFY, id=examples.IDENTIFY_ID), TRIGGER)
    )
    assert isinstance(added, configurations.MappingAdded)
    assert added.parameters == {"id": "body.customer"}


def test_mappings_of_another_environment_put_twice_are_put_once() -> None:
    foreign = (attrs.evolve(IDENTIFY, id="of-development-1"), attrs.evolve(TRIGGER, id="of-development-2"))
    assert configuring.decide(examples.CONFIGURATION, put(*foreign)) == ()


@pytest.mark.parametrize(
    "command",
    [
        configuring.ChangeSettings(settings=examples.SETTINGS, at=examples.AT),
        put(IDENTIFY),
        ADD_SECRET,
        configuring.RotateToken(token=examples.ROTATED_TOKEN, at=examples.AT),
    ],
)
def test_a_configuration_that_does_not_exist_cannot_be_changed(command: configuring.Command) -> None:
    with pytest.raises(configuring.ConfigurationUnknown) as refusal:
        configuring.decide(None, command)
    assert refusal.value.field == "environment"


def test_a_sealed_secret_does_not_show_in_a_repr() -> None:
    assert examples.SECRET_ADDED.sealed not in repr((ADD_SECRET, examples.CONFIGURATION.secrets))


@pytest.mark.parametrize(("before", "now"), [(1, True), (1, 1.0), (0, False), ([1], [True])])
def test_values_that_only_python_takes_for_equal_are_a_change(before: Json, now: Json) -> None:
    def with_seats(seats: Json) -> Wanted:
        return attrs.evolve(IDENTIFY, configured={"id": "body.id", "properties": {"seats": {"value": seats}}})

    added = configuring.decide(CREATED, put(with_seats(before)))
    state = after(examples.CONFIGURATION_CREATED, *added)
    [changed] = configuring.decide(state, put(with_seats(now)))
    assert isinstance(changed, configurations.MappingChanged)
    assert configuring.decide(state, put(with_seats(before))) == ()


def toggle(active: bool, mapping_id: str = "new-1") -> configuring.ToggleMapping:
    return configuring.ToggleMapping(mapping_id=mapping_id, active=active, at=examples.AT)


def test_a_mapping_is_switched_off_and_on_and_doing_so_twice_does_nothing() -> None:
    added = after(examples.CONFIGURATION_CREATED, *configuring.decide(CREATED, put(TRIGGER)))
    assert configuring.decide(added, toggle(True)) == ()
    (off,) = configuring.decide(added, toggle(False))
    assert off == configurations.MappingDeactivated(mapping_id="new-1", deactivated_at=examples.AT)
    assert added is not None
    resting = configurations.evolve(added, off)
    assert configuring.decide(resting, toggle(False)) == ()
    assert configuring.decide(resting, toggle(True)) == (
        configurations.MappingActivated(mapping_id="new-1", activated_at=examples.AT),
    )


def test_a_mapping_that_is_not_there_cannot_be_switched() -> None:
    with pytest.raises(mapping_edits.MappingUnknown, match="no mapping has the id 'new-9'"):
        configuring.decide(CREATED, toggle(True, "new-9"))
