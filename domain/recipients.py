"""Recipients and members: ids, references to objects, and users or objects described inline."""

from collections.abc import Mapping

import attrs

from domain.actions import values
from domain.actions.outcomes import Reference, unfit
from domain.json_values import Json, a_type

USERS = "$users"
TENANTS = "$tenants"
TRIGGER_DATA = "$trigger_data"


@attrs.frozen(kw_only=True)
class Recipient:
    """One recipient; `inline` holds what the payload says about it, None for a mere reference."""

    collection: str
    id: str
    inline: Mapping[str, Json] | None = None
    trigger_data: Mapping[str, Json] | None = None

    @property
    def reference(self) -> dict[str, Json]:
        """The form that logs show: `{"collection": "$users", "id": …}`."""
        return {"collection": self.collection, "id": self.id}

    @property
    def known_as(self) -> Reference:
        """What must be known to exist for this recipient."""
        return entity(self.collection, self.id)


def entity(collection: str, entity_id: str) -> Reference:
    """The reference to a user, tenant or object by collection and id."""
    if collection == USERS:
        return ("user", entity_id)
    if collection == TENANTS:
        return ("tenant", entity_id)
    return ("object", collection, entity_id)


def place(reference: Reference) -> tuple[str, str]:
    """The collection and id of a reference: what `entity` made it from."""
    collection = {"user": USERS, "tenant": TENANTS}.get(reference[0])
    return collection or reference[1], reference[-1]


def as_json(reference: Reference) -> dict[str, Json]:
    """A reference in the form that logs show: `{"collection": "$users", "id": …}`."""
    return dict(zip(("collection", "id"), place(reference), strict=True))


def parse_one(value: Json, field: str) -> Recipient:
    """An id, `{collection, id}`, a user `{id, …}` or an object `{collection, id, …}`; Unfit for anything else."""
    if not isinstance(value, Mapping):
        if value is None or isinstance(value, bool | float | list):
            raise unfit(field, f"{field} is {a_type(value)}; it must be an id or an object with an id")
        return Recipient(collection=USERS, id=values.identifier(value, field))
    if value.get("id") is None:
        raise unfit(f"{field}.id", f"{field}.id is missing; an inline user or object needs an id")
    recipient_id = values.identifier(value["id"], f"{field}.id")
    collection = values.identifier(value.get("collection") or USERS, f"{field}.collection")
    trigger_data = value.get(TRIGGER_DATA)
    inline = {k: v for k, v in value.items() if k not in {"id", "collection", "__typename", TRIGGER_DATA}}
    return Recipient(
        collection=collection,
        id=recipient_id,
        inline=values.bounded(inline, field) if inline or "collection" not in value else None,
        trigger_data=values.mapping(trigger_data, f"{field}.{TRIGGER_DATA}") if trigger_data else None,
    )


def parse_list(value: Json, field: str, *, at_most: int | None = None) -> tuple[Recipient, ...]:
    """One or a list of recipients, each once, in order. Unfit when empty or, before doubles go, over `at_most`."""
    entries = values.as_list(value)
    if not entries:
        raise unfit(field, f"{field} is an empty list; it needs at least one recipient", "recipients_empty")
    if at_most is not None and len(entries) > at_most:
        raise unfit(
            field,
            f"{field} has {len(entries)} recipients; at most {at_most} are allowed, use subscriptions for more",
            "too_many_recipients",
        )
    parsed = (parse_one(entry, _place(field, index, entries)) for index, entry in enumerate(entries))
    unique: dict[Reference, Recipient] = {}
    for recipient in parsed:
        present = unique.get(recipient.known_as)
        unique[recipient.known_as] = recipient if present is None else _joined(present, recipient)
    return tuple(unique.values())


def _joined(first: Recipient, again: Recipient) -> Recipient:
    """What the first mention of a recipient leaves open, a later one says."""
    return attrs.evolve(
        first,
        inline=again.inline if first.inline is None else first.inline,
        trigger_data=first.trigger_data or again.trigger_data,
    )


def _place(field: str, index: int, entries: object) -> str:
    return f"{field}[{index}]" if isinstance(entries, list) else field


def inline_of(recipients: tuple[Recipient, ...]) -> list[Json]:
    """What is said inline about the recipients, as `{collection, id, properties}`."""
    return [
        {**recipient.reference, "properties": recipient.inline}
        for recipient in recipients
        if recipient.inline is not None
    ]
