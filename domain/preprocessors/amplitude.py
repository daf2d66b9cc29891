"""Amplitude: which of its three shapes a body has, and what follows from it.

An event has an `event_type`; a cohort's batch says `in_cohort`; anything else describes a user. Facts from Amplitude's
pages on webhooks and on cohort webhooks (https://amplitude.com/docs/data/destination-catalog/cohort-webhooks).
"""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "event_type": "event_type of an event; cohort.entered or cohort.exited for a cohort's batch; $identify for a user",
    "idempotency_key": "uuid of an event; message_id of a cohort's batch; for a user the user's or device's id "
    "together with event_time",
    "occurred_at": "event_time, or computed_time of a cohort's batch",
    "user_id": "user_id, or device_id where there is none",
    "members": "the user_id of each of a cohort's users who has one",
    "anonymous_members": "how many of a cohort's users have no user_id and are left out, if there are any",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`."""
    return readings.present(
        {
            **_of_shape(body),
            "occurred_at": readings.first_text(body.get("event_time"), body.get("computed_time")),
            "user_id": readings.first_text(body.get("user_id"), body.get("device_id")),
        }
    )


def _of_shape(body: Mapping[str, Json]) -> dict[str, Json]:
    if body.get("event_type") is not None:
        return {"event_type": body["event_type"], "idempotency_key": body.get("uuid")}
    inside = body.get("in_cohort")
    if isinstance(inside, bool):
        kind = "cohort.entered" if inside else "cohort.exited"
        return {"event_type": kind, "idempotency_key": body.get("message_id"), **_members(body)}
    return {"event_type": "$identify", "idempotency_key": _user_key(body)}


def _members(body: Mapping[str, Json]) -> dict[str, Json]:
    users = readings.elements(body.get("users"))
    ids = [found for user in users if (found := readings.text(readings.mapping(user).get("user_id")))]
    # Without any member the whole output is missing, so that the action is skipped for want of members.
    return {"members": ids or None, "anonymous_members": len(users) - len(ids) or None}


def _user_key(body: Mapping[str, Json]) -> str | None:
    time = readings.text(body.get("event_time"))
    # The kind of id is part of the key: a device may be called as some user is.
    name = next((name for name in ("user_id", "device_id") if readings.text(body.get(name))), None)
    return readings.composite(name, readings.text(body[name]), time) if name and time else None
