"""Senders of webhooks who keep on sending, whatever happens, and note what they were told."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import attrs

from tests.servers import within

SENDERS = 16


@attrs.define(eq=False)
class Load:
    """What the senders were told: the ids that were acknowledged, and how often each status was answered.

    `broken` counts requests that got no answer; `impatient` are answers 503 which did not say when to try again.
    """

    url: str
    acknowledged: list[str] = attrs.Factory(list)
    statuses: Counter[int] = attrs.Factory(Counter)
    broken: int = 0
    impatient: int = 0
    last_acknowledged: float = 0.0
    _numbers: Iterator[int] = attrs.Factory(itertools.count)
    _stopped: threading.Event = attrs.Factory(threading.Event)

    def goes_on(self, *, within_seconds: float) -> bool:
        """Whether webhooks are acknowledged, from now on and soon."""
        now = time.monotonic()
        return within(within_seconds, lambda: self.last_acknowledged > now)

    def is_told_to_wait(self, *, within_seconds: float) -> bool:
        """Whether senders are answered 503, from now on and soon."""
        before = self.statuses[503]
        return within(within_seconds, lambda: self.statuses[503] > before)

    def _send(self) -> None:
        parts = urlsplit(self.url)
        while not self._stopped.is_set():
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
            try:
                while not self._stopped.is_set():
                    self._post(connection, parts.path)
            except (OSError, http.client.HTTPException):
                self.broken += 1
                time.sleep(0.02)
            finally:
                connection.close()

    def _post(self, connection: http.client.HTTPConnection, path: str) -> None:
        body = json.dumps({"type": "ping", "number": next(self._numbers), "filler": "x" * 300})
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
        self.statuses[answer.status] += 1
        if 200 <= answer.status < 300:
            self.acknowledged.append(json.loads(told)["event_id"])
            self.last_acknowledged = time.monotonic()
        elif answer.status == 503:
            self.impatient += answer.headers["retry-after"] is None
            time.sleep(0.02)


@contextmanager
def sending(load: Load) -> Iterator[Load]:
    """Send all the while."""
    load._stopped.clear()
    threads = [threading.Thread(target=load._send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load._stopped.set()
        for thread in threads:
            thread.join()
