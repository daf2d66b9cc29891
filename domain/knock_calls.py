"""What an executed action is as calls of Knock's API: the operation, the ids in its path, and the body.

Operations have the names of the methods of Knock's own clients. What an account takes only so much of at once becomes
several calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from domain import recipients
from domain.json_values import Json

MOST_SUBSCRIBERS: Final = 100
MOST_MEMBERS: Final = 1_000
MOST_RECIPIENTS: Final = 1_000

_ENVELOPE: Final = frozenset({"id", "collection", "properties"})
_SETTING: Final = {"users_identify": "users.update", "objects_set": "objects.set", "tenants_set": "tenants.set"}


@attrs.frozen(kw_only=True)
class Call:
    """A call: `operation` with `path`, the ids that are part of its address, in order."""

    operation: str
    path: tuple[str, ...]
    body: Mapping[str, Json] = attrs.field(factory=dict, repr=False)
    query: Mapping[str, Json] = attrs.field(factory=dict)

    @property
    def removes(self) -> bool:
        """Whether it takes something away, which is done too where nothing was."""
        return self.operation.partition(".")[2].startswith(("delete", "remove"))


def of(action_type: str, payload: Mapping[str, Json]) -> tuple[Call, ...]:
    """The calls that carry an action out elsewhere, in order; one at least."""
    given: Mapping[str, Any] = payload
    match action_type:
        case "users_identify" | "objects_set" | "tenants_set":
            return (Call(operation=_SETTING[action_type], path=_path(given), body=_described(given)),)
        case "users_delete" | "objects_delete" | "tenants_delete":
            return (Call(operation=action_type.replace("_", "."), path=_path(given)),)
        case "objects_subscribe" | "objects_unsubscribe":
            return tuple(_subscriptions(action_type, given))
        case "audiences_add_member" | "audiences_remove_member":
            return tuple(_members(action_type, given))
        case "workflows_trigger":
            return (Call(operation="workflows.trigger", path=(given["key"],), body=_trigger(given)),)
        case "workflows_cancel":
            return tuple(_cancellations(given))
        case _:
            raise LookupError(f"no call carries out {action_type!r}")


def _path(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(given[name] for name in ("collection", "id") if name in given)


def _described(given: Mapping[str, Any]) -> dict[str, Json]:
    """Custom properties and own fields on one level, as the directory merges them."""
    return {**given["properties"], **{name: value for name, value in given.items() if name not in _ENVELOPE}}


def _subscriptions(action_type: str, given: Mapping[str, Any]) -> Iterator[Call]:
    path = given["collection"], given["object_id"]
    if action_type == "objects_unsubscribe":
        people = [_reference(each) for each in given["recipients"]]
        for chunk in _chunks(people, MOST_SUBSCRIBERS):
            yield Call(operation="objects.delete_subscriptions", path=path, body={"recipients": chunk})
        return
    more = {"properties": given["properties"]} if given["properties"] else {}
    for chunk in _chunks(_people(given), MOST_SUBSCRIBERS):
        yield Call(operation="objects.add_subscriptions", path=path, body={"recipients": chunk, **more})


def _members(action_type: str, given: Mapping[str, Any]) -> Iterator[Call]:
    adds = action_type == "audiences_add_member"
    operation = "audiences.add_members" if adds else "audiences.remove_members"
    query = {"create_audience": True} if adds and given["create_audience"] else {}
    members = [_member(each, inline=adds) for each in given["members"]]
    for chunk in _chunks(members, MOST_MEMBERS):
        yield Call(operation=operation, path=(given["key"],), body={"members": chunk}, query=query)


def _member(member: Mapping[str, Any], *, inline: bool) -> dict[str, Json]:
    described = (member["inline"] or {}) if inline else {}
    tenant = {"tenant": member["tenant"]} if member["tenant"] is not None else {}
    return {"user": {**described, "id": member["user_id"]}, **tenant}


def _trigger(given: Mapping[str, Any]) -> dict[str, Json]:
    """Everybody who was named is named there too: the account may know whom this gateway does not."""
    tenant = given.get("tenant") and _tenant(given)
    rest = {
        "data": given.get("data"),
        "actor": given.get("actor") and _person(given["actor"], _inline(given), {}),
        "tenant": tenant,
        "cancellation_key": given.get("cancellation_key"),
    }
    return {"recipients": _people(given), **{name: value for name, value in rest.items() if value}}


def _cancellations(given: Mapping[str, Any]) -> Iterator[Call]:
    body: dict[str, Json] = {"cancellation_key": given["cancellation_key"]}
    named = [_reference(each) for each in given.get("recipients", ())]
    for chunk in _chunks(named, MOST_RECIPIENTS):
        yield Call(operation="workflows.cancel", path=(given["key"],), body={**body, "recipients": chunk})
    if not named:
        yield Call(operation="workflows.cancel", path=(given["key"],), body=body)


Known = tuple[str, str]


def _inline(given: Mapping[str, Any]) -> dict[Known, Mapping[str, Json]]:
    return {(each["collection"], each["id"]): each["properties"] for each in given.get("identify", ())}


def _people(given: Mapping[str, Any]) -> list[Json]:
    inline = _inline(given)
    data = {(each["collection"], each["id"]): each["data"] for each in given.get("trigger_data", ())}
    return [_person(each, inline, data) for each in given["recipients"]]


def _person(
    reference: Mapping[str, Any], inline: Mapping[Known, Mapping[str, Json]], data: Mapping[Known, Mapping[str, Json]]
) -> Json:
    """A recipient by id, or described where it was described here, with what the trigger says for it alone."""
    known = reference["collection"], reference["id"]
    if known not in inline and known not in data:
        return _reference(reference)
    own = {recipients.TRIGGER_DATA: data[known]} if known in data else {}
    collection = {} if known[0] == recipients.USERS else {"collection": known[0]}
    return {**inline.get(known, {}), **collection, "id": known[1], **own}


def _tenant(given: Mapping[str, Any]) -> Json:
    described = _inline(given).get((recipients.TENANTS, given["tenant"]))
    return {**described, "id": given["tenant"]} if described else given["tenant"]


def _reference(reference: Mapping[str, Any]) -> Json:
    if reference["collection"] == recipients.USERS:
        return str(reference["id"])
    return {"collection": reference["collection"], "id": reference["id"]}


def _chunks(entries: Sequence[Json], size: int) -> Iterator[list[Json]]:
    for start in range(0, len(entries), size):
        yield list(entries[start : start + size])
