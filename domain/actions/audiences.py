"""Members of audiences. A membership is an audience, a user and a tenant or none."""

from collections.abc import Mapping

from domain import recipients
from domain.actions import values
from domain.actions.outcomes import Done, Facts, Prepared, Problem, unfit
from domain.json_values import Json


def add(given: Mapping[str, Json]) -> Prepared:
    """`{key, members, tenant?, create_audience?}`; an audience that does not exist is created unless told not to."""
    create = given.get("create_audience")
    payload = {**_payload(given), "create_audience": True if create is None else values.flag(create, "create_audience")}
    return Prepared(payload=payload, references=(("audience", str(payload["key"])),))


def remove(given: Mapping[str, Json]) -> Prepared:
    """`{key, members, tenant?}`."""
    payload = _payload(given)
    return Prepared(payload=payload, references=(("audience", str(payload["key"])),))


def enter(payload: Mapping[str, Json], facts: Facts) -> Done | Problem:
    """Add the members, creating the audience where that is asked for; `audience_missing` otherwise."""
    key = str(payload["key"])
    missing = ("audience", key) not in facts
    if missing and not payload["create_audience"]:
        return Problem(
            code="audience_missing",
            message=f"audience {key!r} does not exist; create it, or set create_audience",
            field="key",
        )
    return Done(result={"added": len(values.as_list(payload["members"])), "created_audience": missing})


def leave(payload: Mapping[str, Json], facts: Facts) -> Done:
    """Remove the members; those who are not in it are passed over."""
    key = str(payload["key"])
    warnings = () if ("audience", key) in facts else (f"audience {key!r} does not exist; nobody was removed",)
    removed = 0 if warnings else len(values.as_list(payload["members"]))
    return Done(result={"removed": removed}, warnings=warnings)


def _payload(given: Mapping[str, Json]) -> dict[str, Json]:
    tenant = given.get("tenant")
    shared = values.identifier(tenant, "tenant") if tenant not in (None, "") else None
    entries = values.as_list(given["members"])
    if not entries:
        raise unfit("members", "members is an empty list; it needs at least one member", "members_empty")
    members: dict[tuple[Json, Json], dict[str, Json]] = {}
    for index, entry in enumerate(entries):
        member = _member(entry, f"members[{index}]", shared)
        present = members.setdefault((member["user_id"], member["tenant"]), member)
        present["inline"] = present["inline"] or member["inline"]
    return {"key": values.identifier(given["key"], "key"), "members": list(members.values())}


def _member(entry: Json, field: str, shared: str | None) -> dict[str, Json]:
    """A user id, a user object, or `{user, tenant?}`; the member's own tenant comes before the shared one."""
    user, tenant = entry, shared
    if isinstance(entry, Mapping) and "user" in entry:
        user, own = entry["user"], entry.get("tenant")
        tenant = values.identifier(own, f"{field}.tenant") if own not in (None, "") else shared
    member = recipients.parse_one(user, field)
    if member.collection != recipients.USERS:
        raise unfit(field, f"{field} is an object of {member.collection!r}; only users can be members")
    return {"user_id": member.id, "tenant": tenant, "inline": member.inline}
