"""Which class a stored event's topic stands for. A topic is the event's name, for ever; shapes grow by upcasting."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from domain import (
    api_keys,
    audiences,
    bulk_operations,
    configurations,
    disabled_targets,
    environments,
    erasures,
    forwarding,
    forwards,
    replays,
    restatements,
    restores,
    retention,
    runs,
    sources,
    variables,
    webhooks,
    workflows,
)

Upcast = Callable[[dict[str, Any]], dict[str, Any]]

CLASSES: Mapping[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *get_args(environments.Event),
        *get_args(api_keys.Event),
        *get_args(sources.Event),
        *get_args(variables.Event),
        *get_args(configurations.Event),
        *get_args(workflows.Event),
        *get_args(audiences.Event),
        *get_args(webhooks.Event),
        bulk_operations.BulkOperationStarted,
        *get_args(runs.Event),
        *get_args(disabled_targets.Event),
        *get_args(forwarding.Event),
        *get_args(forwards.Event),
        restores.RestoreAccepted,
        *get_args(replays.Event),
        *get_args(restatements.Event),
        *get_args(erasures.Event),
        retention.PayloadsPruned,
    )
}

# Each list turns version 1 into 2, 2 into 3 and so on; the current version is one more than its length.
UPCASTS: Mapping[str, tuple[Upcast, ...]] = {}

# What the worker writes, or whoever erases while it waits. It never reads these again: its inbox leaves them out.
DECISIONS = tuple(
    cls.__name__
    for cls in (
        *get_args(webhooks.Decision),
        *get_args(runs.Event),
        *get_args(forwards.Event),
        *get_args(restatements.Event),
        *get_args(erasures.Event),
        retention.PayloadsPruned,
    )
)


def current_version(topic: str) -> int:
    """The version in which events of this topic are written today."""
    return 1 + len(UPCASTS.get(topic, ()))
