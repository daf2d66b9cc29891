"""What is different between two versions of a configuration."""

import attrs
from hypothesis import given
from hypothesis import strategies as st

from domain import configuration_differences
from domain.configuration_differences import Difference
from domain.configurations import (
    Configuration,
    MappingChanged,
    MappingDeactivated,
    MappingRemoved,
    SecretAdded,
    SettingsChanged,
    TokenRotated,
)
from domain.settings import Settings
from tests import examples, scenario

IDENTIFY = scenario.mapping("users_identify", {"id": "body.user", "name": "body.name"})
BEFORE = scenario.configuration(IDENTIFY)
EDITS = (
    SettingsChanged(settings=Settings(event_type_path="body.kind"), changed_at=examples.AT),
    MappingDeactivated(mapping_id="users_identify", deactivated_at=examples.AT),
    MappingRemoved(mapping_id="users_identify", removed_at=examples.AT),
    TokenRotated(token="other", rotated_at=examples.AT),
    scenario.mapping("users_delete", {"id": "body.user"}),
)


def after(*edits: object) -> Configuration:
    """The configuration after more edits."""
    return scenario.configuration(IDENTIFY, *edits)  # type: ignore[arg-type]


def differences(*edits: object) -> tuple[Difference, ...]:
    return configuration_differences.between(BEFORE, after(*edits))


def test_a_setting_is_told_by_its_path() -> None:
    changed = SettingsChanged(
        settings=attrs.evolve(scenario.SETTINGS, event_type_path="body.kind"), changed_at=examples.AT
    )
    assert differences(changed) == (
        Difference(path="settings.event_type_path", kind="changed", before="body.type", after="body.kind"),
    )


def test_a_parameter_is_told_by_its_mapping_and_name() -> None:
    edit = MappingChanged(
        mapping_id="users_identify",
        event_type=scenario.TYPE,
        action_type="users_identify",
        parameters={"id": "body.user", "email": "body.email"},
        changed_at=examples.AT,
    )
    place = "mappings.users_identify.action_parameters"
    assert differences(edit) == (
        Difference(path=f"{place}.email", kind="added", after="body.email"),
        Difference(path=f"{place}.name", kind="removed", before="body.name"),
    )


def test_a_new_address_is_told_without_the_address() -> None:
    assert differences(TokenRotated(token="other", rotated_at=examples.AT)) == (
        Difference(path="token", kind="changed"),
    )


def test_a_secret_is_told_by_its_hint() -> None:
    added = SecretAdded(secret_id="s-1", name="signing_secret", sealed="sealed", hint="cret", added_at=examples.AT)
    told = {each.path: each.after for each in differences(added)}
    assert told["secrets.s-1.hint"] == "cret"
    assert "sealed" not in str(told)


def test_true_is_not_one() -> None:
    tagged = attrs.evolve(IDENTIFY, parameters={"id": {"value": 1}})
    left, right = (scenario.configuration(attrs.evolve(tagged, parameters={"id": {"value": v}})) for v in (1, True))
    assert [each.kind for each in configuration_differences.between(left, right)] == ["changed"]


@given(st.sets(st.sampled_from(range(len(EDITS)))).map(lambda chosen: [EDITS[each] for each in chosen]))
def test_back_is_the_reverse_of_forth_and_nothing_differs_from_itself(edits: list[object]) -> None:
    edited = after(*edits)
    forth = configuration_differences.between(BEFORE, edited)
    back = configuration_differences.between(edited, BEFORE)
    assert configuration_differences.between(edited, edited) == ()
    assert [(each.path, each.before, each.after) for each in forth] == [
        (each.path, each.after, each.before) for each in back
    ]
