"""What every kind of test may ask for. Nothing is started before a test asks."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import databases, node_clients
from tests.node_clients import Node

# How fast inputs are made says how busy the machine is, and nothing of what is tested: files run side by side.
settings.register_profile("side-by-side", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("side-by-side")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server, one for the whole session."""
    with databases.postgres() as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """An empty database, for one test."""
    with databases.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """The official clients for Node."""
    with node_clients.running() as running:
        yield running
