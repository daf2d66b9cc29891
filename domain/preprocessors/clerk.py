"""Clerk: a user's one name and primary addresses."""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "name": "the user's first and last name",
    "email": "the address among email_addresses whose id is primary_email_address_id",
    "phone": "the number among phone_numbers whose id is primary_phone_number_id",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`.

    Clerk lists addresses and names the primary one by its id (Clerk's user object,
    https://clerk.com/docs/reference/javascript/user).
    """
    user = readings.mapping(body.get("data"))
    return readings.present(
        {
            "name": readings.full_name(user.get("first_name"), user.get("last_name")),
            "email": _primary(user, "email_addresses", "primary_email_address_id", "email_address"),
            "phone": _primary(user, "phone_numbers", "primary_phone_number_id", "phone_number"),
        }
    )


def _primary(user: Mapping[str, Json], listed: str, primary: str, value: str) -> str | None:
    wanted = readings.text(user.get(primary))
    entries = map(readings.mapping, readings.elements(user.get(listed)))
    found = (entry.get(value) for entry in entries if wanted and readings.text(entry.get("id")) == wanted)
    return readings.text(next(found, None))
