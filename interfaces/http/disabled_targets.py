"""Targets that answered 410: which they are, and how deliveries to them are let through again."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post

from application.gateway import Gateway
from interfaces.http import callers, rendering, segments
from interfaces.http.callers import AnyRequest


@get("/v1/disabled_targets", sync_to_thread=True, summary="List disabled targets")
def list_disabled_targets(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """URLs that answered 410 and to which nothing is sent, the latest first."""
    who, snapshot = callers.caller(request, gateway, "directory")
    slug = callers.the_environment(request, who, snapshot)
    page = gateway.disabled_target_list.disabled_targets(slug, callers.page(request))
    entries = [_target(each) for each in page.entries]
    return rendering.answer({"entries": entries, "page_info": rendering.page_info(page)})


@post("/v1/disabled_targets/{target_id:str}/enable", sync_to_thread=True, status_code=200, summary="Enable a target")
def enable_target(request: AnyRequest, gateway: Gateway, target_id: str) -> Response[bytes]:
    """Let deliveries to a URL be sent again. The dead letters that it left are retried by themselves, if wanted."""
    who, snapshot = callers.caller(request, gateway, "write")
    slug, wanted = callers.the_environment(request, who, snapshot), segments.identifier(request.scope, target_id)
    url = gateway.disabled_targets.enable(slug, wanted, actor=who.key_id)
    return rendering.answer({"id": wanted, "url": url, "enabled": True})


def _target(entry: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: entry[name] for name in ("id", "url", "run_id", "disabled_at")}
    return {"__typename": "DisabledTarget", **shown}


HANDLERS = [list_disabled_targets, enable_target]
