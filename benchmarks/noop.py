"""The ceiling: the same server with a mount that reads the body and answers. What receiving is compared with."""

import sys

import uvicorn
from litestar import Litestar, asgi
from litestar.types import Receive, Scope, Send

BODY = b'{"status":"accepted","event_id":"00000000-0000-7000-8000-000000000000"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


@asgi("/integrations/receive", is_mount=True, copy_scope=False)
async def accept(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, do nothing, say yes."""
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY, "more_body": False})


app = Litestar(route_handlers=[accept], openapi_config=None)

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
