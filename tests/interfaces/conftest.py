"""One gateway for all tests of the API. Each test connects sources of its own."""

import re
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, issue


@pytest.fixture(scope="session")
def database(postgres_url: str) -> Iterator[str]:
    """The database of `gateway`."""
    with databases.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def gateway(database: str) -> Iterator[Gateway]:
    """A whole gateway that gives up soon on slow bodies and keeps every rejected request."""
    with gateways.running(database, body_timeout_seconds="2", rejections_per_second="100000") as running:
        yield running


@pytest.fixture(scope="session")
def sender(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client that knows the gateway's address and has no key."""
    with httpx.Client(base_url=gateway.url, timeout=30) as client:
        yield client


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test has and that may begin a key."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.removeprefix("test_"))
    return f"{words[:40]}-{zlib.crc32(request.node.nodeid.encode()):08x}"


@pytest.fixture
def connect(gateway: Gateway, sender: httpx.Client, name: str) -> Connect:
    """Connects sources to `gateway`."""
    return Connect(gateway=gateway, sender=sender, name=name)


@pytest.fixture
def slug(connect: Connect) -> str:
    """An environment of a test's own, with an active and an inactive workflow."""
    made, client = connect.key()[-32:].strip("-"), connect.gateway.client
    assert client.post("/v1/environments", json={"slug": made}).status_code == 201
    for key, active in (("welcome", True), ("paused", False)):
        answer = client.put(f"/v1/workflows/{key}", params={"environment": made}, json={"name": key, "active": active})
        assert answer.status_code == 200, answer.text
    return made


@pytest.fixture
def key(gateway: Gateway, slug: str) -> dict[str, Any]:
    """A secret key of that environment."""
    return issue(gateway, environment=slug)
