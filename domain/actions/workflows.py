"""Triggering and cancelling workflows."""

from collections.abc import Mapping, Sequence

import attrs

from domain import recipients
from domain.actions import values
from domain.actions.outcomes import Done, Facts, KnownWorkflow, OpenRun, Prepared, Problem, Reference
from domain.json_values import Json

MOST_RECIPIENTS = 1_000


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
    references = (("workflow", key), *(one.known_as for one in described))
    return Prepared(payload={name: value for name, value in payload.items() if value}, references=references)


def cancel(given: Mapping[str, Json]) -> Prepared:
    """`{key, cancellation_key, recipients?}`; without recipients all runs of the key are meant."""
    key = values.identifier(given["key"], "key")
    cancellation_key = _cancellation_key(given)
    payload: dict[str, Json] = {"key": key, "cancellation_key": cancellation_key}
    if given.get("recipients") is not None:
        people = recipients.parse_list(given["recipients"], "recipients", at_most=MOST_RECIPIENTS)
        payload["recipients"] = [person.reference for person in people]
    return Prepared(payload=payload, references=(("workflow", key), _runs(payload)))


def start(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """One run for each recipient who is known or described inline; the others get none, and a warning."""
    problem = _unusable(str(payload["key"]), facts) or _unwanted(payload, facts)
    if problem is not None:
        return problem
    described = {_known_as(entry) for entry in values.as_list(payload.get("identify", []))}
    people = values.as_list(payload["recipients"])
    unknown = {who for who in map(_known_as, people) if who not in facts and who not in described}
    return Done(
        result={"recipients": [person for person in people if _known_as(person) not in unknown]},
        warnings=tuple(_not_identified(person) for person in people if _known_as(person) in unknown),
    )


def stop(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """Cancel the open runs of the cancellation key, of all recipients or of those that are named."""
    key, cancellation_key = str(payload["key"]), str(payload["cancellation_key"])
    if ("workflow", key) not in facts:
        return _missing(key)
    wanted = payload.get("recipients")
    cancelled = [run.id for run in _open(facts, _runs(payload)) if _concerns(run, wanted)]
    warnings = () if cancelled else (f"no run of {key!r} with cancellation key {cancellation_key!r} is open",)
    return Done(result={"enqueued": True, "cancelled": cancelled}, warnings=warnings)


def note_cancelled(known: dict[Reference, object], payload: Mapping[str, Json], result: Mapping[str, Json]) -> None:
    """Close cancelled runs in a working set of facts, so that no other cancellation finds them open once more."""
    name, cancelled = _runs(payload), values.as_list(result["cancelled"])
    known[name] = tuple(run for run in _open(known, name) if run.id not in cancelled)


def _runs(payload: Mapping[str, Json]) -> Reference:
    return ("runs", str(payload["key"]), str(payload["cancellation_key"]))


def _open(facts: Facts, name: Reference) -> tuple[OpenRun, ...]:
    found = facts.get(name, ())
    assert isinstance(found, tuple)
    return found


def _concerns(run: OpenRun, wanted: Json) -> bool:
    return wanted is None or run.recipient in values.as_list(wanted)


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
