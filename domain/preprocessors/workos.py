"""WorkOS: the event's name, and the one name and address of a directory user."""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "event_type": "event, or type where there is no event",
    "name": "the user's first and last name",
    "email": "the user's email, or the primary one of emails where there is none",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`. The user is `data`, or `data.user` where somebody joins or leaves a group.

    WorkOS names the event in `event`; some examples in circulation say `type`. Of a directory user only `emails` is
    sure to be there (https://workos.com/docs/reference/directory-sync/directory-user).
    """
    described = readings.mapping(body.get("data"))
    user = readings.mapping(described.get("user")) or described
    return readings.present(
        {
            "event_type": readings.first_text(body.get("event"), body.get("type")),
            "name": readings.full_name(user.get("first_name"), user.get("last_name")),
            "email": readings.first_text(user.get("email"), _primary(user)),
        }
    )


def _primary(user: Mapping[str, Json]) -> Json:
    entries = map(readings.mapping, readings.elements(user.get("emails")))
    return next((entry.get("value") for entry in entries if entry.get("primary") is True), None)
