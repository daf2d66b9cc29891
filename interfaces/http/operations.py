"""Health: whether the process lives, and whether it can accept webhooks."""

from litestar import Response, get

from application.gateway import Gateway
from interfaces.http import rendering


@get("/health/live", sync_to_thread=False, summary="Is the process alive?")
def live() -> Response[bytes]:
    """Always 200 while the process answers."""
    return rendering.answer({"status": "ok"})


@get("/health/ready", sync_to_thread=True, summary="Can webhooks be accepted?")
def ready(gateway: Gateway) -> Response[bytes]:
    """200 when the event store answers, 503 when it does not; with what waits for the worker."""
    return rendering.answer(
        {"status": "ok", "epoch": gateway.catalogue.current().epoch, "lag": gateway.overviews.lag()}
    )


HANDLERS = [live, ready]
