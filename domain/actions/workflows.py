"""Triggering and cancelling workflows."""

from collections.abc import Mapping, Sequence

from domain import recipients
from domain.actions import values
from domain.actions.outcomes import Done, Facts, OpenRun, Prepared, Problem
from domain.json_values import Json

MOST_RECIPIENTS = 1_000


def trigger(given: Mapping[str, Json]) -> Prepared:
    """`{key, recipients, data?, tenant?, actor?, cancellation_key?}`; at most 1,000 recipients, also inline ones."""
    key = values.identifier(given["key"], "key")
    people = recipients.parse_list(given["recipients"], "recipients", at_most=MOST_RECIPIENTS)
    actor = _optional(given, "actor", recipients.USERS)
    tenant = _optional(given, "tenant", recipients.TENANTS)
    described = tuple(one for one in (*people, actor, tenant) if one is not None)
    payload = {
        "key": key,
        "recipients": [person.reference for person in people],
        "data": _data(given),
        "actor": actor.reference if actor else None,
        "tenant": tenant.id if tenant else None,
        "cancellation_key": values.text(given.get("cancellation_key"), "cancellation_key"),
        "identify": recipients.inline_of(described),
        "trigger_data": _trigger_data(people),
    }
    references = (("workflow", key), *(one.known_as for one in described))
    return Prepared(payload={name: value for name, value in payload.items() if value}, references=references)


def cancel(given: Mapping[str, Json]) -> Prepared:
    """`{key, cancellation_key, recipients?}`; without recipients all runs of the key are meant."""
    key = values.identifier(given["key"], "key")
    cancellation_key = values.identifier(given["cancellation_key"], "cancellation_key")
    payload: dict[str, Json] = {"key": key, "cancellation_key": cancellation_key}
    if given.get("recipients") is not None:
        people = recipients.parse_list(given["recipients"], "recipients", at_most=MOST_RECIPIENTS)
        payload["recipients"] = [person.reference for person in people]
    return Prepared(payload=payload, references=(("workflow", key), ("runs", key, cancellation_key)))


def start(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """One run for each recipient who is known or described inline; the others get none, and a warning."""
    problem = _unusable(str(payload["key"]), facts)
    if problem is not None:
        return problem
    described = {_known_as(entry) for entry in values.as_list(payload.get("identify", []))}
    people = values.as_list(payload["recipients"])
    reached = [person for person in people if (_known_as(person) in facts or _known_as(person) in described)]
    unknown = [person for person in people if person not in reached]
    return Done(result={"recipients": reached}, warnings=tuple(map(_not_identified, unknown)))


def stop(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """Cancel the open runs of the cancellation key, of all recipients or of those that are named."""
    key, cancellation_key = str(payload["key"]), str(payload["cancellation_key"])
    if ("workflow", key) not in facts:
        return _missing(key)
    open_runs = facts.get(("runs", key, cancellation_key), ())
    assert isinstance(open_runs, tuple)
    wanted = payload.get("recipients")
    cancelled = [run.id for run in open_runs if _concerns(run, wanted)]
    warnings = () if cancelled else (f"no run of {key!r} with cancellation key {cancellation_key!r} is open",)
    return Done(result={"enqueued": True, "cancelled": cancelled}, warnings=warnings)


def _concerns(run: OpenRun, wanted: Json) -> bool:
    return wanted is None or run.recipient in values.as_list(wanted)


def _unusable(key: str, facts: Facts) -> Problem | None:
    if ("workflow", key) not in facts:
        return _missing(key)
    if facts["workflow", key]:
        return None
    return Problem(
        code="workflow_inactive", message=f"workflow {key!r} is not active; activate it to start runs", field="key"
    )


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


def _optional(given: Mapping[str, Json], name: str, collection: str) -> recipients.Recipient | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, Mapping) and collection == recipients.TENANTS:
        value = {**value, "collection": recipients.TENANTS}
    elif collection == recipients.TENANTS:
        return recipients.Recipient(collection=collection, id=values.identifier(value, name), inline={})
    return recipients.parse_one(value, name)


def _data(given: Mapping[str, Json]) -> Mapping[str, Json]:
    data = given.get("data")
    return {} if data is None else values.mapping(data, "data")


def _trigger_data(people: Sequence[recipients.Recipient]) -> list[Json]:
    return [{**person.reference, "data": person.trigger_data} for person in people if person.trigger_data]
