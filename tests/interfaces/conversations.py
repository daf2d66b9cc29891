"""What tests say to a gateway: connect a source, send it webhooks, wait for the worker, follow the pages of a list."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx

from tests.gateways import Gateway

PATIENCE = 20.0
"""Seconds that the worker has for one webhook."""

Body = Mapping[str, Any] | bytes


@attrs.frozen(kw_only=True)
class Source:
    """A connected source, in one environment. `sender` is a client without a key, as senders are."""

    gateway: Gateway
    sender: httpx.Client
    key: str
    environment: str
    endpoint: str

    def send(self, body: Body, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a webhook."""
        if isinstance(body, bytes):
            return self.sender.post(self.endpoint, content=body, headers=headers)
        return self.sender.post(self.endpoint, json=body, headers=headers)

    def sent(self, body: Body, headers: Mapping[str, str] | None = None) -> str:
        """Send a webhook, which must be accepted; its id."""
        answer = self.send(body, headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["event_id"])

    def settled(self, body: Body, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send a webhook, which must be accepted, and wait for what comes of it."""
        return settled(self.gateway, self.sent(body, headers))

    def entry(self, answer: httpx.Response) -> dict[str, Any]:
        """What is on record for an answer."""
        found: dict[str, Any] = shown(self.gateway, f"/v1/event_logs/{answer.json()['event_id']}")
        return found

    def get(self, what: str = "", **query: Any) -> Any:
        """What the API shows of the source itself, in its environment."""
        return shown(self.gateway, f"/v1/sources/{self.key}{what}", environment=self.environment, **query)

    def settings(self) -> dict[str, Any]:
        """Its settings, mappings and version."""
        found: dict[str, Any] = self.get()["environment_settings"][self.environment]
        return found

    def put(self, **edit: Any) -> httpx.Response:
        """Change it: `settings` or `mappings`."""
        return put(self.gateway, self.key, {"environment_settings": {self.environment: edit}})


@attrs.frozen(kw_only=True)
class Connect:
    """Connects sources whose keys begin with `name`, so that no test sees those of another."""

    gateway: Gateway
    sender: httpx.Client
    name: str
    environment: str = "development"
    made: list[str] = attrs.field(factory=list)

    def __call__(
        self,
        *,
        mappings: Sequence[Mapping[str, Any]] = (),
        environment: str | None = None,
        template: str = "custom_http",
        **settings: Any,
    ) -> Source:
        """Connect one more. Its mappings are these and no others."""
        slug, key = environment or self.environment, self.key()
        edit = {"settings": settings, "mappings": list(mappings)}
        described = {"preconfigured_provider": template, "environment_settings": {slug: edit}}
        answer = put(self.gateway, key, described)
        assert answer.status_code == 200, answer.text
        return self.of(answer.json(), slug)

    def of(self, source: Mapping[str, Any], environment: str) -> Source:
        """The source that the API shows, in one of its environments."""
        endpoint = source["environment_settings"][environment]["settings"]["endpoint"]
        return Source(
            gateway=self.gateway,
            sender=self.sender,
            key=source["key"],
            environment=environment,
            endpoint=urlsplit(endpoint).path,
        )

    def key(self) -> str:
        """A key that no source has."""
        self.made.append(f"{self.name}-{len(self.made) + 1}")
        return self.made[-1]


def put(gateway: Gateway, key: str, source: Mapping[str, Any]) -> httpx.Response:
    """Connect or change a source."""
    return gateway.client.put(f"/v1/sources/{key}", json={"source": {"name": f"Source {key}", **source}})


def mapping(event_type: str, action_type: str, **parameters: Any) -> dict[str, Any]:
    """A mapping in the API's shape."""
    return {"event_type": event_type, "action_type": action_type, "action_parameters": parameters}


def shown(gateway: Gateway, path: str, **query: Any) -> Any:
    """What the API shows at a path, which must be there."""
    answer = gateway.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def settled(gateway: Gateway, webhook_id: str) -> dict[str, Any]:
    """A webhook once the worker has come to it."""
    deadline = time.monotonic() + PATIENCE
    while (entry := shown(gateway, f"/v1/event_logs/{webhook_id}"))["outcome"] == "pending":
        assert time.monotonic() < deadline, f"the worker does not come to {webhook_id}"
        time.sleep(0.02)
    assert isinstance(entry, dict)
    return entry


def whole_pages(gateway: Gateway, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """The pages of a list with their cursors, from its beginning to its end."""
    after: dict[str, str] = {}
    while True:
        page = shown(gateway, path, **query, **after)
        yield page
        if page["page_info"]["after"] is None:
            return
        after = {"after": page["page_info"]["after"]}


def pages(gateway: Gateway, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The entries on each page of a list."""
    return (page["entries"] for page in whole_pages(gateway, path, **query))


def issue(gateway: Gateway, **wanted: Any) -> dict[str, Any]:
    """A new API key as it is shown once."""
    answer = gateway.client.post("/v1/api_keys", json={"name": "a test's own", **wanted})
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"authorization": f"Bearer {key}"}
