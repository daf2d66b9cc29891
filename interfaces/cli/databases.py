"""Finding the database for a command that runs beside a server, or without one."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from infrastructure import composition


@contextmanager
def reachable() -> Iterator[composition.Parts]:
    """The parts over DATABASE_URL; else over the embedded server, the running one or one started for this command."""
    settings = composition.load_settings()
    with (
        composition.server_beside(settings) as url,
        composition.parts(attrs.evolve(settings, database_url=url)) as all_,
    ):
        yield all_
