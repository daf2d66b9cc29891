"""Users, objects and tenants: set them, with what the payload says, or delete them."""

from collections.abc import Mapping, Sequence

from domain import recipients
from domain.actions import values
from domain.actions.outcomes import Done, Facts, Prepared
from domain.json_values import Json

USER_TEXTS = ("name", "email", "phone_number", "avatar", "locale", "timezone", "created_at")
OBJECT_TEXTS = ("name", "locale", "timezone")
SPECIAL = ("channel_data", "preferences", "settings")


def identify_user(given: Mapping[str, Json]) -> Prepared:
    """`{id, name?, email?, …, properties?}`; what is not given is not in the payload, so that it wipes nothing."""
    return Prepared(
        payload={
            "id": values.identifier(given["id"], "id"),
            **_described(given, USER_TEXTS),
        }
    )


def set_object(given: Mapping[str, Json]) -> Prepared:
    """`{collection, id, name?, properties?, …}`."""
    return Prepared(
        payload={
            "collection": values.identifier(given["collection"], "collection"),
            "id": values.identifier(given["id"], "id"),
            **_described(given, OBJECT_TEXTS, values.ENVELOPE_KEYS | {"collection"}),
        }
    )


def set_tenant(given: Mapping[str, Json]) -> Prepared:
    """`{id, name?, properties?, settings?, channel_data?}`."""
    return Prepared(
        payload={
            "id": values.identifier(given["id"], "id"),
            **_described(given, ("name",)),
        }
    )


def delete_user(given: Mapping[str, Json]) -> Prepared:
    """`{id}`."""
    user_id = values.identifier(given["id"], "id")
    return Prepared(payload={"id": user_id}, references=(("user", user_id),))


def delete_tenant(given: Mapping[str, Json]) -> Prepared:
    """`{id}`."""
    tenant_id = values.identifier(given["id"], "id")
    return Prepared(payload={"id": tenant_id}, references=(("tenant", tenant_id),))


def delete_object(given: Mapping[str, Json]) -> Prepared:
    """`{collection, id}`."""
    collection = values.identifier(given["collection"], "collection")
    object_id = values.identifier(given["id"], "id")
    return Prepared(
        payload={"collection": collection, "id": object_id},
        references=(recipients.entity(collection, object_id),),
    )


def keep(payload: Mapping[str, Json], facts: Facts) -> Done:
    """Setting always succeeds; the directory merges what the payload says."""
    return Done(result={name: payload[name] for name in ("collection", "id") if name in payload})


def remove_user(payload: Mapping[str, Json], facts: Facts) -> Done:
    """Deleting what is not there is no error; the result says so."""
    return _removed(facts, recipients.USERS, str(payload["id"]))


def remove_tenant(payload: Mapping[str, Json], facts: Facts) -> Done:
    """As for users."""
    return _removed(facts, recipients.TENANTS, str(payload["id"]))


def remove_object(payload: Mapping[str, Json], facts: Facts) -> Done:
    """As for users."""
    return _removed(facts, str(payload["collection"]), str(payload["id"]))


def _removed(facts: Facts, collection: str, entity_id: str) -> Done:
    there = recipients.entity(collection, entity_id) in facts
    warnings = () if there else (f"{entity_id!r} did not exist; nothing was deleted",)
    return Done(result={"id": entity_id, "deleted": there}, warnings=warnings)


def _described(
    given: Mapping[str, Json], texts: Sequence[str], reserved: frozenset[str] = values.ENVELOPE_KEYS
) -> dict[str, Json]:
    """What is said of an entity: its own fields, and its custom properties as `properties`; 256 KiB at most."""
    own, custom = {**values.texts(given, texts), **_maps(given)}, values.properties(given, reserved=reserved)
    values.bounded({**custom, **own}, "properties")
    return {**own, "properties": custom}


def _maps(given: Mapping[str, Json]) -> dict[str, Json]:
    return {name: values.mapping(given[name], name) for name in SPECIAL if name in given and given[name] is not None}
