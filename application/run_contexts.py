"""What the templates and conditions of a run see: its recipient, actor and tenant, the trigger's data, variables."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import attrs

from application import executed_actions
from application.ports import EventStore
from application.queries import Directory
from domain import recipients, run_ids
from domain.actions import workflows
from domain.discretion import Hidden
from domain.json_values import Json
from domain.runs import RunStarted

REMEMBERED = 256


@attrs.frozen(kw_only=True)
class Contexts:
    """Reads a run's context from the log and the directory as it stands. `variables` are those of an environment."""

    store: EventStore
    directory: Directory
    variables: Callable[[str], Mapping[str, Json]]
    _payload: Callable[[str, str, int], Mapping[str, Json]] = attrs.field(
        init=False, default=attrs.Factory(lambda self: lru_cache(REMEMBERED)(self.read_payload), takes_self=True)
    )

    def of(self, started: RunStarted) -> dict[str, Json]:
        """`{recipient, actor, tenant, data, vars, run}`; an unknown entity has nothing but its id, no actor is null.

        A recipient who was reached as a subscriber has the properties of that subscription as `subscription`.
        """
        payload = self._payload(started.webhook_id, started.mapping_id, started.evaluation)
        tenant = started.tenant and {"collection": recipients.TENANTS, "id": started.tenant}
        return {
            "recipient": {**self._entity(started.environment, started.recipient), **self._subscription(started)},
            "actor": self._entity(started.environment, started.actor) if started.actor else None,
            "tenant": self._entity(started.environment, tenant) if tenant else None,
            "data": workflows.data_for(payload, started.recipient),
            "vars": self.public(started.environment),
            "run": {"id": started.run_id, "workflow": started.workflow, "workflow_run_id": started.workflow_run_id},
        }

    def public(self, environment: str) -> dict[str, Json]:
        """The variables that may go on record."""
        return {key: value for key, value in self.variables(environment).items() if not isinstance(value, Hidden)}

    def read_payload(self, webhook_id: str, mapping_id: str, evaluation: int) -> Mapping[str, Json]:
        """The payload of the trigger that started a run."""
        executed = executed_actions.find(self.store, webhook_id, mapping_id, evaluation)
        if executed is None:
            trigger = run_ids.of_trigger(webhook_id, mapping_id, evaluation)
            raise LookupError(f"{trigger} was triggered by nothing on record")
        return executed.payload

    def _entity(self, environment: str, reference: Mapping[str, Json]) -> dict[str, Json]:
        collection, entity_id = str(reference["collection"]), str(reference["id"])
        found = self.directory.entity(environment, collection, entity_id)
        properties = found["properties"] if found else {}
        assert isinstance(properties, Mapping)
        return {**properties, "id": entity_id, "collection": collection}

    def _subscription(self, started: RunStarted) -> dict[str, Json]:
        if started.subscribed_to is None:
            return {}
        followed, follower = (
            (str(each["collection"]), str(each["id"])) for each in (started.subscribed_to, started.recipient)
        )
        found = self.directory.following(started.environment, *followed, [follower])
        return {"subscription": found[0]["properties"] if found else {}}
