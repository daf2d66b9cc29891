"""The table of the twelve actions, in the order in which they run."""

from collections.abc import Callable, Mapping

import attrs

from domain.actions import audiences, entities, subscriptions, workflows
from domain.actions.outcomes import Done, Facts, Prepared, Problem
from domain.json_values import Json


@attrs.frozen
class Rule:
    """What a parameter may be: required or not, a literal instead of a path, a map of parameters."""

    required: bool = False
    literal: bool = False
    nested: bool = False


@attrs.frozen(kw_only=True)
class Action:
    """An action type: `prepare` checks the resolved values and may raise Unfit, `perform` says what came of it."""

    order: int
    parameters: Mapping[str, Rule]
    prepare: Callable[[Mapping[str, Json]], Prepared]
    perform: Callable[[Mapping[str, Json], Facts], Done | Problem]


REQUIRED, OPTIONAL = Rule(required=True), Rule()
LITERAL, MAP = Rule(required=True, literal=True), Rule(nested=True)

USER = {
    "id": REQUIRED,
    "name": OPTIONAL,
    "email": OPTIONAL,
    "phone_number": OPTIONAL,
    "avatar": OPTIONAL,
    "locale": OPTIONAL,
    "timezone": OPTIONAL,
    "created_at": OPTIONAL,
    "properties": MAP,
    "channel_data": MAP,
    "preferences": MAP,
}
OBJECT = {
    "collection": REQUIRED,
    "id": REQUIRED,
    "name": OPTIONAL,
    "properties": MAP,
    "locale": OPTIONAL,
    "timezone": OPTIONAL,
    "channel_data": MAP,
    "preferences": MAP,
}
TENANT = {"id": REQUIRED, "name": OPTIONAL, "properties": MAP, "settings": MAP, "channel_data": MAP}
SUBSCRIPTION = {"collection": REQUIRED, "object_id": REQUIRED, "recipients": REQUIRED}
MEMBERSHIP = {"key": REQUIRED, "members": REQUIRED, "tenant": OPTIONAL}
TRIGGER = {
    "key": LITERAL,
    "recipients": REQUIRED,
    "data": MAP,
    "tenant": OPTIONAL,
    "actor": OPTIONAL,
    "cancellation_key": OPTIONAL,
}
CANCEL = {"key": LITERAL, "cancellation_key": REQUIRED, "recipients": OPTIONAL}

_TABLE = (
    ("users_identify", USER, entities.identify_user, entities.keep),
    ("users_delete", {"id": REQUIRED}, entities.delete_user, entities.remove_user),
    ("objects_set", OBJECT, entities.set_object, entities.keep),
    ("objects_delete", {"collection": REQUIRED, "id": REQUIRED}, entities.delete_object, entities.remove_object),
    ("tenants_set", TENANT, entities.set_tenant, entities.keep),
    ("tenants_delete", {"id": REQUIRED}, entities.delete_tenant, entities.remove_tenant),
    ("objects_subscribe", {**SUBSCRIPTION, "properties": MAP}, subscriptions.subscribe, subscriptions.follow),
    ("objects_unsubscribe", SUBSCRIPTION, subscriptions.unsubscribe, subscriptions.unfollow),
    ("audiences_add_member", {**MEMBERSHIP, "create_audience": OPTIONAL}, audiences.add, audiences.enter),
    ("audiences_remove_member", MEMBERSHIP, audiences.remove, audiences.leave),
    ("workflows_cancel", CANCEL, workflows.cancel, workflows.stop),
    ("workflows_trigger", TRIGGER, workflows.trigger, workflows.start),
)

ACTIONS: Mapping[str, Action] = {
    action_type: Action(order=order, parameters=rules, prepare=prepare, perform=perform)
    for order, (action_type, rules, prepare, perform) in enumerate(_TABLE, start=1)
}
