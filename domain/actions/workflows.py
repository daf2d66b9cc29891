"""Triggering and cancelling workflows."""

from collections.abc import Container, Iterable, Mapping, Sequence

import attrs

from domain import recipients, subscribers
from domain.actions import values
from domain.actions.outcomes import Done, Facts, KnownWorkflow, OpenRun, Prepared, Problem, Reference
from domain.json_values import Json

MOST_RECIPIENTS = 1_000
MOST_NAMED = 5
"""Subscribers whom a warning names."""


def trigger(given: Mapping[str, Json]) -> Prepared:
    """`{key, recipients, data?, tenant?, actor?, cancellation_key?}`; at most 1,000 recipients, also inline ones."""
    key = values.identifier(given["key"], "key")
    people = recipients.parse_list(given["recipients"], "recipients", at_most=MOST_RECIPIENTS)
    actor = recipients.parse_one(given["actor"], "actor") if _there(given, "actor") else None
    tenant = _tenant(given["tenant"], "tenant") if _there(given, "tenant") else None
    described = tuple(one for one in (*people, actor, tenant) if one is not None)
    payload = {
        "key": key,
        "recipients": [person.reference for person in people],
        "data": _data(given),
        "actor": actor.reference if actor else None,
        "tenant": tenant.id if tenant else None,
        "cancellation_key": _cancellation_key(given) if _there(given, "cancellation_key") else None,
        "identify": recipients.inline_of(described),
        "trigger_data": _trigger_data(people),
    }
    followed = (subscribers.name(who.known_as) for who in people if subscribers.may_be_followed(who.known_as))
    references = (("workflow", key), *(one.known_as for one in described), *followed)
    return Prepared(payload={name: value for name, value in payload.items() if value}, references=references)


def cancel(given: Mapping[str, Json]) -> Prepared:
    """`{key, cancellation_key, recipients?}`; without recipients all runs of the key are meant."""
    key = values.identifier(given["key"], "key")
    cancellation_key = _cancellation_key(given)
    payload: dict[str, Json] = {"key": key, "cancellation_key": cancellation_key}
    if given.get("recipients") is not None:
        people = recipients.parse_list(given["recipients"], "recipients", at_most=MOST_RECIPIENTS)
        payload["recipients"] = [person.reference for person in people]
    return Prepared(payload=payload, references=(("workflow", key), runs_of(payload)))


def start(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """One run for each recipient who is known or described inline, and for each of an object's subscribers.

    The others get none, and a warning. The actor gets none as a subscriber.
    """
    problem = _unusable(str(payload["key"]), facts) or _unwanted(payload, facts)
    if problem is not None:
        return problem
    there = {*facts, *(_known_as(entry) for entry in values.as_list(payload.get("identify", [])))}
    people = values.as_list(payload["recipients"])
    reached = _through_subscriptions(payload, facts, there)
    if isinstance(reached, subscribers.Uncounted):
        return _too_many()
    return Done(
        result={
            "recipients": [person for person in people if _known_as(person) in there],
            **_by_object({who: followed for who, followed in reached.items() if who in there}),
        },
        warnings=(
            *(_not_identified(person) for person in people if _known_as(person) not in there),
            *_strangers([who for who in reached if who not in there]),
        ),
    )


def _through_subscriptions(
    payload: Mapping[str, Json], facts: Facts, there: Container[Reference]
) -> Mapping[Reference, Reference] | subscribers.Uncounted:
    people = [_known_as(person) for person in values.as_list(payload["recipients"])]
    followed = (who for who in people if subscribers.may_be_followed(who) and who in there)
    actor = (_known_as(payload["actor"]),) if payload.get("actor") else ()
    return subscribers.reached(facts, followed, but=(*people, *actor))


def _by_object(reached: Mapping[Reference, Reference]) -> dict[str, Json]:
    """Those who were reached through subscriptions, by the object that they follow."""
    grouped: dict[Reference, list[Json]] = {}
    for who, followed in reached.items():
        grouped.setdefault(followed, []).append(recipients.as_json(who))
    shown: list[Json] = [
        {"subscribed_to": recipients.as_json(each), "recipients": who} for each, who in grouped.items()
    ]
    return {"subscribers": shown} if shown else {}


def _strangers(who: Sequence[Reference]) -> tuple[str, ...]:
    """One warning for all subscribers who are not known, of whom there may be many."""
    if not who:
        return ()
    some = ", ".join(repr(each[-1]) for each in who[:MOST_NAMED])
    others = f" and {len(who) - MOST_NAMED:,} more" if len(who) > MOST_NAMED else ""
    return (f"subscribers {some}{others} are not known, so they got no run; identify them first",)


def _too_many() -> Problem:
    return Problem(
        code="too_many_subscribers",
        message=f"the recipients have more than {subscribers.MOST:,} subscriptions, with those of their subscribers; "
        "trigger for fewer objects, or for users, at a time",
        field="recipients",
    )


def stop(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """Cancel the open runs of the cancellation key, of all recipients or of those that are named."""
    key, cancellation_key = str(payload["key"]), str(payload["cancellation_key"])
    if ("workflow", key) not in facts:
        return _missing(key)
    wanted = payload.get("recipients")
    named = None if wanted is None else {_known_as(person) for person in values.as_list(wanted)}
    cancelled = [run.id for run in _open(facts, runs_of(payload)) if named is None or _known_as(run.recipient) in named]
    warnings = () if cancelled else (f"no run of {key!r} with cancellation key {cancellation_key!r} is open",)
    return Done(result={"enqueued": True, "cancelled": cancelled}, warnings=warnings)


def note_started(
    known: dict[Reference, object], workflow: str, cancellation_key: str, opened: Iterable[OpenRun]
) -> None:
    """Keep runs in a working set of facts, so that the next cancellation finds them open."""
    name = ("runs", workflow, cancellation_key)
    known[name] = (*_open(known, name), *opened)


def note_cancelled(known: dict[Reference, object], payload: Mapping[str, Json], result: Mapping[str, Json]) -> None:
    """Close cancelled runs in a working set of facts, so that no other cancellation finds them open once more."""
    name, cancelled = runs_of(payload), frozenset(values.as_list(result["cancelled"]))
    known[name] = tuple(run for run in _open(known, name) if run.id not in cancelled)


def runs_of(payload: Mapping[str, Json]) -> Reference:
    """The runs that a cancellation is about."""
    return ("runs", str(payload["key"]), str(payload["cancellation_key"]))


def _open(facts: Facts, name: Reference) -> tuple[OpenRun, ...]:
    found = facts.get(name, ())
    assert isinstance(found, tuple)
    return found


def _unusable(key: str, facts: Facts) -> Problem | None:
    if ("workflow", key) not in facts:
        return _missing(key)
    if known_workflow(key, facts).active:
        return None
    return Problem(
        code="workflow_inactive", message=f"workflow {key!r} is not active; activate it to start runs", field="key"
    )


def known_workflow(key: str, facts: Facts) -> KnownWorkflow:
    """What is known of a workflow, which must exist."""
    known = facts["workflow", key]
    assert isinstance(known, KnownWorkflow)
    return known


def _unwanted(payload: Mapping[str, Json], facts: Facts) -> Problem | None:
    """What is wrong with the data of the trigger, or with that of one recipient, by the workflow's schema."""
    workflow = known_workflow(str(payload["key"]), facts)
    if workflow.schema is None:
        return None
    own = [values.mapping(each, "trigger_data") for each in values.as_list(payload.get("trigger_data", []))]
    for data in [data_for(payload, None), *(data_for(payload, each) for each in own)]:
        violation = workflow.check(workflow.schema, data)
        if violation is not None:
            place, what = violation
            field = f"data.{place}" if place else "data"
            message = f"{field} {what}, as the trigger data schema of workflow {payload['key']!r} wants it"
            return Problem(code="trigger_data_invalid", message=message, field=field)
    return None


def data_for(payload: Mapping[str, Json], recipient: Mapping[str, Json] | None) -> Mapping[str, Json]:
    """The data of a trigger; what it says for `recipient` alone, if anything, goes before what it says for all."""
    data = values.mapping(payload.get("data", {}), "data")
    for each in values.as_list(payload.get("trigger_data", [])):
        assert isinstance(each, Mapping)
        if recipient is not None and all(each[name] == recipient[name] for name in ("collection", "id")):
            return {**data, **values.mapping(each["data"], "data")}
    return data


def _missing(key: str) -> Problem:
    return Problem(
        code="workflow_missing",
        message=f"workflow {key!r} does not exist in this environment; define it with PUT /v1/workflows/{key}",
        field="key",
    )


def _not_identified(person: Json) -> str:
    assert isinstance(person, Mapping)
    return (
        f"recipient {person['id']!r} of {person['collection']!r} is not known, so it got no run; "
        "identify it first, or map recipients to an object with an id"
    )


def _known_as(person: Json) -> tuple[str, ...]:
    assert isinstance(person, Mapping)
    return recipients.entity(str(person["collection"]), str(person["id"]))


def _there(given: Mapping[str, Json], name: str) -> bool:
    return given.get(name) not in (None, "")


def _cancellation_key(given: Mapping[str, Json]) -> str:
    # Bounded like an id on both sides, so that whatever was started under a key can be cancelled by it.
    return values.identifier(given["cancellation_key"], "cancellation_key")


def _tenant(value: Json, field: str) -> recipients.Recipient:
    """A tenant by its id or described; it exists once somebody names it."""
    if not isinstance(value, Mapping):
        return recipients.Recipient(collection=recipients.TENANTS, id=values.identifier(value, field), inline={})
    tenant = recipients.parse_one({**value, "collection": recipients.TENANTS}, field)
    return attrs.evolve(tenant, inline=tenant.inline or {})


def _data(given: Mapping[str, Json]) -> Mapping[str, Json]:
    data = given.get("data")
    return {} if data is None else values.mapping(data, "data")


def _trigger_data(people: Sequence[recipients.Recipient]) -> list[Json]:
    return [{**person.reference, "data": person.trigger_data} for person in people if person.trigger_data]
