"""What is lost with an erased stream is everything that its actions and restatements contributed to."""

import attrs

from domain import losses, restatements
from domain.directory import (
    AudienceCreated,
    EntityMerged,
    EntityRemoved,
    MemberAdded,
    MemberRemoved,
    Subscribed,
    Unsubscribed,
)
from domain.losses import Touched
from tests import examples

ANN, BEN, PLAN = ("user", "ann"), ("user", "ben"), ("object", "plans", "team")
RESTATED = examples.ENTITY_RESTATED
INES = ("user", RESTATED.id)


def test_an_entity_is_touched_by_what_is_merged_and_removed() -> None:
    touched = losses.touched([EntityMerged(reference=ANN, properties={}), EntityRemoved(reference=PLAN)])
    assert touched == Touched(entities=frozenset({ANN, PLAN}), removed=frozenset({PLAN}))


def test_a_relation_belongs_to_who_follows_or_is_a_member() -> None:
    effects = (
        Subscribed(followed=PLAN, follower=ANN, properties={}),
        Unsubscribed(followed=PLAN, follower=BEN),
        MemberAdded(audience="beta", user_id="cleo", tenant="acme"),
        MemberRemoved(audience="beta", user_id="dan", tenant=None),
    )
    assert losses.touched(effects).entities == {ANN, BEN, ("user", "cleo"), ("user", "dan")}


def test_an_audience_that_an_action_created_is_lost_with_it() -> None:
    assert losses.touched([AudienceCreated(key="beta")]) == Touched(audiences=frozenset({"beta"}))


def test_a_restatement_is_about_one_entity_and_about_its_followers_only_where_it_says_so() -> None:
    assert losses.touched((), [RESTATED]) == Touched(entities=frozenset({INES}))
    whole = attrs.evolve(RESTATED, whole=True)
    assert losses.touched((), [whole]).removed == {INES}


def test_a_restatement_names_everybody_in_it() -> None:
    assert restatements.named_in(RESTATED) == {INES, PLAN, ("tenant", "acme")}
