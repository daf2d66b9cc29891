"""Native preprocessing: pure functions that derive values which a plain path cannot reach, shown as `preprocess.*`."""

from collections.abc import Callable, Mapping, Sequence

from domain.json_values import Json

Preprocessor = Callable[[Mapping[str, Json]], dict[str, Json]]


def clerk(body: Mapping[str, Json]) -> dict[str, Json]:
    """`name` (first and last), `email` and `phone` (the primary ones) of a Clerk user.

    Clerk lists addresses and names the primary one by id: `primary_email_address_id`, `primary_phone_number_id`
    (Clerk's user object, https://clerk.com/docs/reference/javascript/user).
    """
    data = body.get("data")
    if not isinstance(data, Mapping):
        return {}
    found = {
        "name": _joined(data.get("first_name"), data.get("last_name")),
        "email": _primary(data, "email_addresses", "primary_email_address_id", "email_address"),
        "phone": _primary(data, "phone_numbers", "primary_phone_number_id", "phone_number"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _joined(*names: Json) -> str | None:
    return " ".join(name for name in names if isinstance(name, str) and name) or None


def _primary(data: Mapping[str, Json], items: str, primary: str, value: str) -> Json:
    entries, wanted = data.get(items), data.get(primary)
    if wanted is None or not isinstance(entries, Sequence) or isinstance(entries, str):
        return None
    for entry in entries:
        if isinstance(entry, Mapping) and entry.get("id") == wanted:
            return entry.get(value)
    return None


PREPROCESSORS: Mapping[str, Preprocessor] = {"clerk": clerk}
