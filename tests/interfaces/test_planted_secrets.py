"""Secrets go in and never come out: not from the database, not in any answer, not on the server's log."""

import base64
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, shown
from tests.servers import within

VARIABLE = "planted-variable-5Zt8wQ"
OVERRIDE = "planted-override-c9Lm2X"
SIGNING = "planted-signing-Kq41vR"
ROTATED = "planted-rotated-B7yN0e"
FORWARDED = "sk_planted-forwarding-w6Gd2T"
VISIBLE = "planted-visible-u3HsP6"

KEPT = tuple(
    form
    for secret in (VARIABLE, OVERRIDE, SIGNING, ROTATED, FORWARDED)
    for form in (secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("="))
)


@pytest.fixture(scope="module")
def answers(gateway: Gateway, module_connect: Connect) -> str:
    """Everything that the API answers while secrets are set, used, mistaken, rotated and looked for."""
    connect, client = module_connect, gateway.client
    texts = []
    for body in (
        {"type": "secret", "value": VARIABLE, "environment_values": {"production": OVERRIDE}},
        {"type": "secret", "value": VARIABLE, "environment_values": {"nowhere": OVERRIDE}},
        {"type": "secret", "value": VARIABLE * 1_000},
        {"type": VARIABLE[:3], "value": VARIABLE},
        {"type": "public"},
        {"description": "Read by nobody"},
    ):
        texts.append(client.put("/v1/variables/PLANTED_SECRET", json={"variable": body}).text)
    texts.append(client.put("/v1/variables/PLANTED_PUBLIC", json={"value": VISIBLE}).text)
    texts += _forwarding(gateway)
    verification = {"scheme": "shared_header", "header": "x-webhook-secret"}
    source = connect(enforce_verification=True, verification=verification, secrets={"signing_secret": SIGNING})
    rotation: dict[str, Any] = {"value": ROTATED, "previous_expires_in_seconds": 3_600}
    texts.append(source.put(settings={"secrets": {"signing_secret": rotation}}).text)
    texts.append(source.put(settings={"secrets": {"signing_secret": {**rotation, "more": 1}}}).text)
    for secret in (SIGNING, ROTATED):
        texts.append(source.send({"type": "order.placed"}, {"x-webhook-secret": secret}).text)
    texts.append(source.send(b"{", {"x-webhook-secret": ROTATED}).text)
    for tells in ("return { verified: true, ...ctx.vars }", "throw new Error(ctx.vars.PLANTED_SECRET)"):
        script = {"language": "javascript", "source": f"function main(ctx) {{ {tells}; }}"}
        tried = client.post(
            f"/v1/sources/{source.key}/test_script",
            params={"environment": source.environment},
            json={"payload": {"body": {}}, "script": script},
        )
        assert tried.status_code == 200, tried.text
        texts.append(tried.text)
    return "\n".join((*texts, *_everything(gateway, source.key)))


def _forwarding(gateway: Gateway) -> Iterator[str]:
    """What is answered while a key for forwarding is set, mistaken, used and looked for."""
    slug, client = "planted", gateway.client
    assert client.post("/v1/environments", json={"slug": slug}).status_code == 201
    path = f"/v1/environments/{slug}/forwarding"
    for body in (
        {"api_key": f"{FORWARDED} "},
        {"api_key": FORWARDED, "base_url": "http://10.0.0.1"},
        {"api_key": FORWARDED, "base_url": f"https://{FORWARDED}@api.knock.app"},
        {"api_key": FORWARDED, "base_url": "https://knock.invalid"},
    ):
        yield client.put(path, json={"forwarding": body}).text
    yield client.get(path).text
    assert client.put("/v1/users/planted", params={"environment": slug}, json={}).status_code == 200
    assert within(20, lambda: "unresolved" in client.get("/v1/forwards", params={"environment": slug}).text)
    (forward,) = client.get("/v1/forwards", params={"environment": slug}).json()["entries"]
    yield client.get(f"/v1/forwards/{forward['id']}", params={"environment": slug}).text
    yield client.get("/v1/action_logs", params={"environment": slug}).text
    assert client.delete(path).status_code == 204


@pytest.fixture(scope="module")
def module_connect(gateway: Gateway) -> Connect:
    """Connects the source of this module."""
    return Connect(gateway=gateway, sender=gateway.client, name="planted")


def _everything(gateway: Gateway, source: str) -> Iterator[str]:
    """What there is to read about variables, the source and its webhooks."""
    for path in ("variables", "variables/PLANTED_SECRET", f"sources/{source}", "sources?include=environment_settings"):
        yield gateway.client.get(f"/v1/{path}").text
    logs = shown(gateway, "/v1/event_logs", environment="development", source=source)["entries"]
    assert len(logs) == 3
    for entry in logs:
        for part in ("", "/history"):
            yield gateway.client.get(f"/v1/event_logs/{entry['id']}{part}").text


def _rows(database: str) -> Iterator[str]:
    """Every value of every row of every table, as text."""
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 5
        for schema, table in tables:
            select = SQL("SELECT * FROM {}").format(Identifier(schema, table))
            for row in connection.execute(select, prepare=False):
                yield from (each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row)


def _found(text: str) -> list[str]:
    return [each for each in KEPT if each in text]


def test_no_secret_is_in_an_answer(answers: str) -> None:
    assert VISIBLE in answers
    assert "PLANTED_SECRET" in answers
    assert _found(answers) == []


@pytest.mark.usefixtures("answers")
def test_no_secret_is_in_the_database(database: str) -> None:
    everything = "\n".join(_rows(database))
    assert VISIBLE in everything
    assert "PLANTED_SECRET" in everything
    assert _found(everything) == []


@pytest.mark.usefixtures("answers")
def test_no_secret_is_on_the_log(gateway: Gateway) -> None:
    assert _found(gateway.log_text()) == []
