"""The DisabledTargetList port."""

from typing import LiteralString

from application.queries import Page, PageRequest
from infrastructure.event_store.recorder import AppendByFunction
from infrastructure.views.reading import Reader

DISABLED: LiteralString = "SELECT position, id, url, run_id, disabled_at FROM {schema}.disabled_targets"


class PostgresDisabledTargets:
    """See the port."""

    def __init__(self, recorder: AppendByFunction) -> None:
        self._reader = Reader(recorder)

    def disabled_targets(self, environment: str, page: PageRequest) -> Page:
        """See the port."""
        here = [("environment = %s", environment)]
        return self._reader.page(DISABLED, here, key=("position",), request=page, shape=dict)
