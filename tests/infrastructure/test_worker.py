"""The worker and what goes on beside it: one of them that breaks ends all of it."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from application.errors import Conflict
from domain.deliveries import Attempt, HttpRequest
from infrastructure.seals.publishing import Publisher
from infrastructure.seals.sealer import Sealer
from infrastructure.worker import Worker
from tests import sealed_logs, stores
from tests.sealed_logs import SealedLog
from tests.servers import within


class Breaking:
    """Ends with an error that nobody foresaw."""

    def run(self) -> None:
        raise AssertionError("not foreseen")

    def stop(self) -> None:
        pass


class Lasting:
    """Goes on until it is stopped, as a Beside does."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def run(self) -> None:
        self.stopped.wait()

    def stop(self) -> None:
        self.stopped.set()


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SealedLog]:
    with sealed_logs.sealed(database_url, tmp_path) as log:
        yield log


def test_what_breaks_beside_the_worker_ends_the_worker_and_is_told(log: SealedLog) -> None:
    lasting = Lasting()
    worker = Worker(
        database=log.database,
        pipeline=stores.pipeline(log.database),
        sealer=Sealer(database=log.database, sealing=log.sealing),
        beside={"breaking": Breaking(), "lasting": lasting},
    )
    raised: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except AssertionError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    alive = thread.is_alive()
    worker.stop()
    thread.join()
    assert not alive
    assert [str(each) for each in raised] == ["not foreseen"]
    assert lasting.stopped.is_set()


class Refusing:
    """A sender on whose first message another process gets ahead."""

    def __init__(self) -> None:
        self.sent = 0

    def check(self, url: str) -> None:
        pass

    def check_secret(self, secret: str) -> None:
        pass

    def send(self, request: HttpRequest, *, delivery: str, secrets: Sequence[str] = ()) -> Attempt:
        self.sent += 1
        if self.sent == 1:
            raise Conflict("another process was first")
        return Attempt(outcome="delivered", code="delivered", message="", milliseconds=1)


def test_the_publisher_survives_that_another_process_was_first(log: SealedLog) -> None:
    publisher = Publisher(table=log.sealing.checkpoints, sender=Refusing(), url="http://127.0.0.1:1/seals")
    thread = threading.Thread(target=publisher.run)
    thread.start()
    try:
        assert within(20, lambda: any(each.number == 6 for each in log.sealing.checkpoints.published()))
    finally:
        publisher.stop()
        thread.join()
