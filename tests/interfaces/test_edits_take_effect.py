"""An edit made through one process is in force for the very next request through another. Nothing here waits."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator

import attrs
import httpx
import pytest

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping

ROUNDS = 50
BODY = b'{"type": "order.placed"}'
SIGNED = {"scheme": "hmac", "header": "x-signature", "algorithm": "sha256", "encoding": "hex"}


@pytest.fixture(scope="module")
def processes(postgres_url: str) -> Iterator[tuple[Gateway, Gateway]]:
    """Two processes over one database."""
    settings = {"command": "api", "rejections_per_second": "100000"}
    with (
        databases.fresh_database(postgres_url) as url,
        gateways.running(url, **settings) as one,
        gateways.running(url, **settings) as other,
    ):
        yield one, other


@pytest.fixture
def rounds(processes: tuple[Gateway, Gateway], name: str) -> list[tuple[Connect, Gateway]]:
    """For each round something that edits, and the process that must know of it: now one, now the other."""
    pairs = itertools.islice(itertools.cycle([processes, processes[::-1]]), ROUNDS)
    return [
        (Connect(gateway=editing, sender=editing.client, name=f"{name}-{number}"), knowing)
        for number, (editing, knowing) in enumerate(pairs)
    ]


def through(source: Source, process: Gateway) -> Source:
    """The same source, reached through another process."""
    return attrs.evolve(source, gateway=process, sender=process.client)


def signed(secret: str) -> dict[str, str]:
    """The header that a sender with this secret sends along with `BODY`."""
    return {"x-signature": hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()}


def version(answer: httpx.Response) -> int:
    """The version of the configuration that an edit led to."""
    assert answer.status_code == 200, answer.text
    return int(answer.json()["environment_settings"]["development"]["version"])


def test_a_new_source_receives(rounds: list[tuple[Connect, Gateway]]) -> None:
    for connect, knowing in rounds:
        assert through(connect(), knowing).send(BODY).status_code == 200


def test_a_changed_mapping_judges(rounds: list[tuple[Connect, Gateway]]) -> None:
    source = rounds[0][0]()
    for number, (connect, knowing) in enumerate(rounds):
        edit = [mapping("order.placed", "users_identify", id=f"body.user{number}")]
        current = version(through(source, connect.gateway).put(mappings=edit))
        there = through(source, knowing)
        assert there.entry(there.send(BODY))["configuration_version"] == current


def test_a_new_secret_counts_and_the_one_before_does_not(rounds: list[tuple[Connect, Gateway]]) -> None:
    source = rounds[0][0](
        enforce_verification=True, verification=SIGNED, secrets={"signing_secret": "the-very-first-secret"}
    )
    before = "the-very-first-secret"
    for number, (connect, knowing) in enumerate(rounds):
        there, secret = through(source, knowing), f"the-secret-of-round-{number}"
        assert there.send(BODY, signed(before)).status_code == 200
        through(source, connect.gateway).put(settings={"secrets": {"signing_secret": secret}})
        assert there.send(BODY, signed(before)).status_code == 401
        assert there.send(BODY, signed(secret)).status_code == 200
        before = secret


@pytest.mark.parametrize(("setting", "refusal"), [("enforce_verification", 401), ("enabled", 404)])
def test_a_switch_is_turned(rounds: list[tuple[Connect, Gateway]], setting: str, refusal: int) -> None:
    source = rounds[0][0](verification=SIGNED, secrets={"signing_secret": "the-secret-of-all-rounds"})
    for number, (connect, knowing) in enumerate(rounds):
        on = number % 2 == 0
        through(source, connect.gateway).put(settings={setting: on})
        refused = on if setting == "enforce_verification" else not on
        assert through(source, knowing).send(BODY).status_code == (refusal if refused else 200)


def test_a_rotated_address_is_known_and_the_one_before_is_not(rounds: list[tuple[Connect, Gateway]]) -> None:
    source = rounds[0][0]()
    for connect, knowing in rounds:
        assert through(source, knowing).send(BODY).status_code == 200
        path, query = f"/v1/sources/{source.key}/rotate_token", {"environment": "development"}
        settings = connect.gateway.client.post(path, params=query).json()
        rotated = connect.of({"key": source.key, "environment_settings": {"development": settings}}, "development")
        assert through(source, knowing).send(BODY).status_code == 404
        assert through(rotated, knowing).send(BODY).status_code == 200
        source = rotated


def test_an_archived_source_receives_nothing(rounds: list[tuple[Connect, Gateway]]) -> None:
    for connect, knowing in rounds:
        source = connect()
        assert through(source, knowing).send(BODY).status_code == 200
        connect.gateway.client.delete(f"/v1/sources/{source.key}")
        assert through(source, knowing).send(BODY).status_code == 404
        assert knowing.client.get(f"/v1/sources/{source.key}").status_code == 404


def test_a_key_opens_once_it_is_issued_and_not_once_it_is_revoked(rounds: list[tuple[Connect, Gateway]]) -> None:
    for connect, knowing in rounds:
        key = issue(connect.gateway, role="auditor")
        assert knowing.client.get("/v1/environments", headers=bearer(key["key"])).status_code == 200
        connect.gateway.client.delete(f"/v1/api_keys/{key['id']}")
        assert knowing.client.get("/v1/environments", headers=bearer(key["key"])).status_code == 401
