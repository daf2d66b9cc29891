"""Sends checkpoints to a URL, in order and again until they are taken: a copy where whoever changes this one is not."""

import threading
from collections.abc import Sequence

import attrs
import orjson
import structlog

from application.errors import Conflict, Unavailable
from application.ports import Sender
from application.seals import Checkpoints
from domain import checkpoints
from domain.checkpoints import Checkpoint
from domain.deliveries import HttpRequest

PLACE = "url"
PAGE = 100
POLL = 0.5
LONGEST_PAUSE = 60.0

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Publisher:
    """Posts NDJSON of at most PAGE checkpoints; the idempotency key names the first and the last number."""

    table: Checkpoints
    sender: Sender
    url: str
    stopped: threading.Event = attrs.field(factory=threading.Event, init=False)

    def stop(self) -> None:
        """Return from `run` soon."""
        self.stopped.set()

    def run(self) -> None:
        """Publish until stopped, ever more slowly while the place does not answer well."""
        pause = POLL
        while not self.stopped.wait(pause):
            try:
                pause = POLL if self.publish() else min(pause * 2, LONGEST_PAUSE)
            except (Unavailable, Conflict) as error:
                log.warning("the publisher pauses", cause=str(error))

    def publish(self) -> bool:
        """Send the next ones if there are any; whether the place has them all, or has taken some."""
        done = next((each.number for each in self.table.published() if each.place == PLACE), 0)
        waiting = self.table.after(done, PAGE)
        if not waiting:
            return True
        error = self._post(waiting)
        self.table.note(PLACE, 0 if error else waiting[-1].number, error)
        if error is not None:
            log.warning("checkpoints are not published", url=self.url, cause=error)
        return error is None

    def _post(self, waiting: Sequence[Checkpoint]) -> str | None:
        body = b"".join(orjson.dumps(checkpoints.shown(each)) + b"\n" for each in waiting)
        request = HttpRequest(url=self.url, headers={"content-type": "application/x-ndjson"}, body=body)
        attempt = self.sender.send(request, delivery=f"checkpoints-{waiting[0].number}-{waiting[-1].number}")
        return None if attempt.outcome == "delivered" else attempt.message
