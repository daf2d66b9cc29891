"""Fan-out: whom a trigger reaches through subscriptions, two objects deep, each once, and what bounds it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import subscribers
from domain.actions.outcomes import Done, OpenRun, Problem, Reference
from domain.json_values import Json
from domain.subscribers import TOO_MANY
from domain.webhooks import ActionExecuted
from tests import scenario

ANN, BEN, CAT = (("user", name) for name in ("ann", "ben", "cat"))
PROJECT, TEAM, GUILD = (("object", "groups", name) for name in ("project", "team", "guild"))
TENANT = ("tenant", "acme")
EVERYBODY = dict.fromkeys((ANN, BEN, CAT, PROJECT, TEAM, GUILD, TENANT), True)
WELCOME = scenario.knowing(*EVERYBODY, welcome=True)


def followed(**by: tuple[Reference, ...]) -> dict[Reference, object]:
    """Who follows which of the groups."""
    return {subscribers.name(("object", "groups", name)): frozenset(who) for name, who in by.items()}


def shown(reference: Reference) -> dict[str, Json]:
    return {"collection": {"user": "$users", "tenant": "$tenants"}.get(reference[0], reference[1]), "id": reference[-1]}


def triggered(facts: dict[Reference, object], *recipients: Reference, **more: Json) -> Done:
    people: list[Json] = [shown(each) for each in recipients]
    done = scenario.perform("workflows_trigger", {**WELCOME, **facts}, key="welcome", recipients=people, **more)
    assert isinstance(done, Done)
    return done


def through(followed: Reference, *who: Reference) -> dict[str, Json]:
    return {"subscribed_to": shown(followed), "recipients": [shown(each) for each in who]}


def test_an_object_gets_a_run_and_so_do_those_who_follow_it() -> None:
    done = triggered(followed(project=(BEN, ANN)), PROJECT)
    assert done == Done(result={"recipients": [shown(PROJECT)], "subscribers": [through(PROJECT, ANN, BEN)]})


def test_those_who_follow_an_object_that_follows_are_reached_and_no_further() -> None:
    facts = followed(project=(TEAM, ANN), team=(BEN, GUILD), guild=(CAT,))
    assert triggered(facts, PROJECT).result["subscribers"] == [
        through(PROJECT, TEAM, ANN),
        through(TEAM, GUILD, BEN),
    ]


def test_a_tenant_has_followers_too_and_a_user_has_none() -> None:
    facts: dict[Reference, object] = {
        subscribers.name(TENANT): frozenset({ANN}),
        subscribers.name(BEN): frozenset({CAT}),
    }
    assert triggered(facts, TENANT, BEN).result["subscribers"] == [through(TENANT, ANN)]


@pytest.mark.parametrize("actor", [ANN, TEAM])
def test_the_actor_is_not_reached_as_a_follower(actor: Reference) -> None:
    facts = followed(project=(ANN, TEAM), team=(ANN, BEN))
    result = triggered(facts, PROJECT, actor=shown(actor)).result
    assert shown(actor) not in everyone(result)
    assert shown(BEN) in everyone(result)


def test_the_actor_is_reached_when_it_is_named() -> None:
    result = triggered(followed(project=(ANN,)), PROJECT, ANN, actor=shown(ANN)).result
    assert result == {"recipients": [shown(PROJECT), shown(ANN)]}


def test_nobody_is_reached_twice_and_the_nearest_way_counts() -> None:
    facts = followed(project=(ANN, BEN, TEAM), team=(ANN, BEN, CAT, PROJECT), guild=(CAT, TEAM))
    result = triggered(facts, BEN, PROJECT, GUILD).result
    assert result == {
        "recipients": [shown(BEN), shown(PROJECT), shown(GUILD)],
        "subscribers": [through(PROJECT, TEAM, ANN), through(GUILD, CAT)],
    }


def test_objects_that_follow_each_other_or_themselves_are_no_matter() -> None:
    facts = followed(project=(TEAM, PROJECT), team=(PROJECT, TEAM))
    assert triggered(facts, PROJECT).result["subscribers"] == [through(PROJECT, TEAM)]


def test_the_subscribers_of_an_object_that_is_not_there_are_not_looked_for() -> None:
    facts: dict[Reference, object] = {**scenario.knowing(ANN, welcome=True), **followed(project=(ANN,))}
    done = scenario.perform("workflows_trigger", facts, key="welcome", recipients=[shown(PROJECT)])
    assert isinstance(done, Done)
    assert (done.result, len(done.warnings)) == ({"recipients": []}, 1)


def test_followers_who_are_not_known_get_no_run_and_share_one_warning() -> None:
    strangers = tuple(("user", f"s-{number}") for number in range(7))
    done = triggered(followed(project=(ANN, *strangers)), PROJECT)
    assert done.result["subscribers"] == [through(PROJECT, ANN)]
    assert done.warnings == (
        "subscribers 's-0', 's-1', 's-2', 's-3', 's-4' and 2 more are not known, so they got no run; "
        "identify them first",
    )


def everyone(result: object) -> list[Json]:
    assert isinstance(result, dict)
    return [*result["recipients"], *(who for group in result.get("subscribers", []) for who in group["recipients"])]


CROWD = tuple(("user", f"u-{number}") for number in range(subscribers.MOST + 1))


@pytest.mark.parametrize(
    "facts",
    [
        followed(project=CROWD),
        followed(project=(TEAM, *CROWD[2:]), team=(ANN, BEN)),
        {subscribers.name(PROJECT): TOO_MANY},
        {**followed(project=(TEAM,)), subscribers.name(TEAM): TOO_MANY},
    ],
)
def test_a_trigger_that_would_go_through_too_many_subscriptions_fails_as_a_whole(
    facts: dict[Reference, object],
) -> None:
    given: list[Json] = [shown(PROJECT)]
    problem = scenario.perform("workflows_trigger", {**WELCOME, **facts}, key="welcome", recipients=given)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("too_many_subscribers", "recipients")
    assert "more than 10,000 subscriptions" in problem.message


def test_as_many_subscriptions_as_are_allowed_are_gone_through() -> None:
    facts: dict[Reference, object] = {**followed(project=CROWD[1:]), **scenario.knowing(*CROWD)}
    assert len(everyone(triggered(facts, PROJECT).result)) == 1 + subscribers.MOST


def test_a_trigger_looks_for_the_subscribers_of_objects_alone() -> None:
    given: list[Json] = [shown(ANN), shown(PROJECT)]
    assert scenario.prepare("workflows_trigger", key="welcome", recipients=given, actor=shown(TEAM)).references == (
        ("workflow", "welcome"),
        ANN,
        PROJECT,
        TEAM,
        ("subscribers", "groups", "project"),
    )


def test_what_going_through_subscribers_asks_for_is_told_two_objects_deep() -> None:
    facts = followed(project=(ANN, TEAM), team=(BEN, GUILD), guild=(CAT,))
    names = set(subscribers.needed(facts, [subscribers.name(PROJECT)]))
    assert names == {subscribers.name(PROJECT), ANN, TEAM, subscribers.name(TEAM), BEN, GUILD}
    assert list(subscribers.needed(facts, [ANN, PROJECT])) == [ANN, PROJECT]


EVERY = (ANN, BEN, CAT, PROJECT, TEAM, GUILD, TENANT)
GRAPHS = st.dictionaries(st.sampled_from(EVERY[3:]), st.frozensets(st.sampled_from(EVERY)))


@given(GRAPHS, st.lists(st.sampled_from(EVERY[3:]), unique=True, min_size=1), st.frozensets(st.sampled_from(EVERY)))
def test_whoever_is_within_two_subscriptions_is_reached_once_by_an_object_that_it_follows(
    graph: dict[Reference, frozenset[Reference]], named: list[Reference], but: frozenset[Reference]
) -> None:
    facts: dict[Reference, object] = {subscribers.name(each): who for each, who in graph.items()}
    found = subscribers.reached(facts, named, but=but)
    assert isinstance(found, dict)
    near = set(itertools.chain.from_iterable(graph.get(each, ()) for each in named))
    far = set(itertools.chain.from_iterable(graph.get(each, ()) for each in near))
    assert set(found) == (near | far) - but
    assert all(who in graph[each] for who, each in found.items())
    needed = set(subscribers.needed(facts, map(subscribers.name, named)))
    known = {name: fact for name, fact in facts.items() if name in needed}
    assert subscribers.reached(known, named, but=but) == found


FOLLOW = scenario.mapping(
    "objects_subscribe",
    {"collection": {"value": "groups"}, "object_id": {"value": "project"}, "recipients": "body.who"},
)
LEAVE = scenario.mapping(
    "objects_unsubscribe",
    {"collection": {"value": "groups"}, "object_id": {"value": "project"}, "recipients": "body.who"},
)
TRIGGER = scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": {"value": [shown(PROJECT)]}})


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (FOLLOW, (ANN,), [ANN, BEN]),
        (LEAVE, (ANN, BEN), [ANN]),
        (scenario.mapping("users_delete", {"id": "body.who"}), (ANN, BEN), [ANN]),
        (scenario.mapping("objects_delete", {"collection": {"value": "groups"}, "id": {"value": "project"}}), (), []),
    ],
)
def test_what_a_step_does_to_subscriptions_is_known_to_the_trigger_after_it(
    step: object, before: tuple[Reference, ...], after: list[Reference]
) -> None:
    configuration = scenario.configuration(TRIGGER, step)  # type: ignore[arg-type]
    facts = {**WELCOME, **followed(project=before or (ANN,))}
    decisions = scenario.evaluate(scenario.webhook({"who": "ben"}), configuration, facts=facts)
    executed = scenario.actions(decisions)[-1]
    assert isinstance(executed, ActionExecuted)
    assert everyone(executed.result)[1 if after else 0 :] == [shown(each) for each in after]


def test_somebody_who_was_reached_through_a_subscription_can_be_cancelled_by_name() -> None:
    runs = tuple(OpenRun(id=f"run-{who[-1]}", recipient=shown(who)) for who in (PROJECT, ANN, BEN))
    facts = {**WELCOME, ("runs", "welcome", "k"): runs}
    done = scenario.perform("workflows_cancel", facts, key="welcome", cancellation_key="k", recipients=["ann"])
    assert isinstance(done, Done)
    assert done.result["cancelled"] == ["run-ann"]
