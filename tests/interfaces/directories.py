"""A directory of a test's own: an environment, a source that fills it, and a secret key to read it with."""

from typing import Any

import httpx

from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping
from tests.interfaces.knock.checking import DIRECTORY

PLANS, BY_KEY = {"value": "plans"}, {"path": "body.audience"}
MAPPINGS = [
    mapping("user", "users_identify", id="body.id", name="body.name", email="body.email", properties="body.traits"),
    mapping("user.gone", "users_delete", id="body.id"),
    mapping("plan", "objects_set", collection=PLANS, id="body.id", name="body.name", properties="body.traits"),
    mapping(
        "tenant", "tenants_set", id="body.id", name="body.name", settings="body.settings", properties="body.traits"
    ),
    mapping(
        "follow", "objects_subscribe", collection=PLANS, object_id="body.id", recipients="body.who", properties="body.p"
    ),
    mapping("unfollow", "objects_unsubscribe", collection=PLANS, object_id="body.id", recipients="body.who"),
    mapping("join", "audiences_add_member", key=BY_KEY, members="body.who", create_audience={"value": True}),
    mapping("leave", "audiences_remove_member", key=BY_KEY, members="body.who"),
    mapping(
        "greet",
        "workflows_trigger",
        key="greet",
        recipients="body.who",
        tenant="body.tenant",
        cancellation_key="body.c",
    ),
]


class Directory:
    """An environment of a test's own, fed through a source and read with a secret key of it."""

    def __init__(self, connect: Connect) -> None:
        self.gateway, self.slug = connect.gateway, connect.key()[-32:].strip("-")
        made = self.gateway.client.post("/v1/environments", json={"slug": self.slug})
        assert made.status_code == 201, made.text
        path, query = "/v1/workflows/greet", {"environment": self.slug}
        assert self.gateway.client.put(path, params=query, json={"name": "Greet"}).status_code == 200
        self.source: Source = connect(mappings=MAPPINGS, environment=self.slug)
        self._headers = bearer(issue(self.gateway, environment=self.slug)["key"])

    def feed(self, kind: str, **body: Any) -> None:
        """Let an action be executed."""
        webhook = self.source.settled({"type": kind, **body})
        assert webhook["outcome"] == "executed", webhook["actions"]

    def answer(self, path: str, **query: Any) -> httpx.Response:
        """The answer to a client with the environment's own key."""
        return self.gateway.client.get(f"/v1/{path}", params=query, headers=self._headers)

    def get(self, path: str, schema: str, **query: Any) -> Any:
        """What the directory has, in the shape called `schema`."""
        answer = self.answer(path, **query)
        assert answer.status_code == 200, answer.text
        DIRECTORY.check(schema, answer.json())
        return answer.json()
