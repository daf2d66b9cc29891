"""Ids that follow from what caused something, so that done again it has the same: of triggers, runs and deliveries."""

from collections.abc import Mapping

from domain.identities import derived
from domain.json_values import Json


def of_trigger(webhook_id: str, mapping_id: str, evaluation: int) -> str:
    """The id that all runs of one trigger share: Knock's `workflow_run_id`."""
    return derived(webhook_id, mapping_id, str(evaluation))


def of_run(workflow_run_id: str, recipient: Mapping[str, Json]) -> str:
    """The id of a trigger's run for one recipient."""
    return derived(workflow_run_id, str(recipient["collection"]), str(recipient["id"]))


def of_delivery(run_id: str, step: str) -> str:
    """The id of what a step of a run delivers, the same for every attempt: the receiver's idempotency key."""
    return derived(run_id, step)
