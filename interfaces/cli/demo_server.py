"""The server that the demo runs against: asked and given webhooks over HTTP, its refusals put into one line."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import httpx

from domain.errors import Refused
from interfaces.cli import demo_sources, servers
from interfaces.cli.demo_samples import Sample
from interfaces.cli.demo_sources import ENVIRONMENT, WORKFLOW, DemoSource
from interfaces.cli.servers import Server

PATIENCE = 30.0
"""Seconds that the worker may take for all of it."""

PAUSE = 0.2
ANSWERS = (200, 204, 401)
"""What a sample may be answered: accepted, accepted by an older source, not genuine."""


class DemoFailed(Refused):
    """The demo cannot go on, for a reason that its user can do something about."""


@attrs.frozen
class DemoServer:
    """A running Hookledger, as the demo uses it."""

    server: Server

    def connect(self, source: DemoSource, secret: str) -> str:
        """Connect a source, or bring it up to date, and return the path at which it receives."""
        body = demo_sources.as_body(source, secret)
        shown = self.server.ask("PUT", f"/v1/sources/{source.key}", json=body)
        endpoint: str = shown["environment_settings"][ENVIRONMENT]["settings"]["endpoint"]
        return httpx.URL(endpoint).path  # its public address may not be reachable from here

    def define_workflow(self) -> None:
        """Define the workflow that the mappings start."""
        body = {"workflow": {"name": "Welcome, from the demo"}}
        self.server.ask("PUT", f"/v1/workflows/{WORKFLOW}", params={"environment": ENVIRONMENT}, json=body)

    def deliver(self, path: str, sample: Sample) -> str:
        """Send a webhook as its provider would, and return its id on record."""
        answer = self.server.send("POST", path, content=sample.body, headers={**sample.headers, "authorization": ""})
        if answer.status_code not in ANSWERS or "x-request-id" not in answer.headers:
            raise DemoFailed(f"a webhook for {sample.source.key} was not taken: {servers.words(answer)}")
        return answer.headers["x-request-id"]

    def settled(self, webhook_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """The webhooks with their actions, once all of them are processed."""
        deadline = time.monotonic() + PATIENCE
        while True:
            entries = [self.server.ask("GET", f"/v1/event_logs/{webhook_id}") for webhook_id in webhook_ids]
            waiting = sum(entry["outcome"] == "pending" for entry in entries)
            if not waiting:
                return entries
            if time.monotonic() > deadline:
                raise DemoFailed(f"{waiting} webhooks were not processed in {PATIENCE:.0f} s; try `hookledger doctor`")
            time.sleep(PAUSE)
