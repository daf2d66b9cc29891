"""A sealed log for tests, and ways to tamper with it as a superuser could: the triggers are put out of action first.

Ten events to a checkpoint; the file outside is `checkpoints.ndjson` in the test's own directory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import psycopg

from application.proving import Proof, Proving
from application.restoring import Restoring
from application.sealing import Sealing
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.seals import signing
from infrastructure.seals.checkpoint_file import CheckpointFile
from infrastructure.seals.checkpoint_table import PostgresCheckpoints
from infrastructure.seals.exporting import Export
from infrastructure.seals.signing import Ed25519Signer
from infrastructure.seals.stored_log import PostgresStoredLog
from tests import examples, gateways, histories, stores
from verifier import hookledger_verify

EACH = 10
"""Events to a checkpoint."""

EVENTS = 63

STATEMENTS = ("ALTER TABLE {0}.ledger_events DISABLE TRIGGER USER", "ALTER TABLE {0}.checkpoints DISABLE TRIGGER USER")


@attrs.define
class Ticking:
    """A clock that stands a second later each time."""

    at: datetime = examples.AT

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@attrs.frozen(kw_only=True)
class SealedLog:
    """A log with its sealer, its checkpoint file and both verifiers."""

    database: Database
    sealing: Sealing
    file: CheckpointFile
    signer: Ed25519Signer
    directory: Path

    @property
    def restoring(self) -> Restoring:
        """Accepts restores."""
        return Restoring(sealing=self.sealing, store=stores.ledger(self.database))

    def receive(self, first: int, number: int = 1) -> None:
        """Put deliveries of the whole history on record, some 25 webhooks each."""
        for each in range(first, first + number):
            stores.ledger(self.database).append(*histories.deliveries(each))

    def seal(self, *, all_of_it: bool = True) -> None:
        """Seal what waits."""
        self.sealing.agree()
        sealing = attrs.evolve(self.sealing, seconds=0.0 if all_of_it else 3600.0)
        while sealing.seal():
            pass

    def prove(self, file: Path | None = None) -> Proof:
        """What our own verifier says."""
        outside = attrs.evolve(self.file, path=file, place=None) if file else self.file
        proving = Proving(log=self.sealing.log, checkpoints=self.sealing.checkpoints, signer=self.signer)
        return proving.prove(outside, progress=lambda done, total: None)

    def verify(self) -> list[str]:
        """What the independent verifier says is wrong, of an export and the checkpoint file."""
        export, path = self.directory / "export.ndjson", self.file.path
        writer = Export(log=self.sealing.log, checkpoints=self.sealing.checkpoints, signer=self.signer)
        with export.open("wb") as file:
            writer.write(file, at=examples.AT, progress=lambda done, total: None)
        outside = path if path.exists() else None
        report, _ = hookledger_verify.verify(export, outside, self.signer.public_key)
        return report.wrong

    def run(self, *statements: str, **params: Any) -> None:
        """Run SQL as a superuser who has put the triggers out of action. `{0}` stands for the schema."""
        with psycopg.connect(self.database.conninfo) as connection:
            for statement in (*STATEMENTS, *statements):
                connection.execute(statement.format(self.database.schema).encode(), params or None)


@contextmanager
def sealed(url: str, directory: Path) -> Iterator[SealedLog]:
    """A log of EVENTS events: 60 of them sealed, the last three not. From 20 on they are webhooks, each by itself."""
    with stores.migrated(url) as database:
        log = empty(database, directory)
        first, webhooks = histories.configured(), [*histories.deliveries(0), *histories.deliveries(1)]
        stores.ledger(database).append(first, *webhooks[: EVENTS - len(first.events)])
        log.seal(all_of_it=False)
        yield log


def empty(database: Database, directory: Path) -> SealedLog:
    """The sealer over a database."""
    signer = signing.signer(None, gateways.MASTER_KEY, directory)
    path = directory / "checkpoints.ndjson"
    file = CheckpointFile(path=path, key_id=signer.key_id, public_key=signer.public_key)
    sealing = Sealing(
        log=PostgresStoredLog(database),
        checkpoints=PostgresCheckpoints(database.recorder(WorkerRecorder)),
        outside=file,
        signer=signer,
        clock=Ticking(),
        events=EACH,
        seconds=3600.0,
    )
    return SealedLog(database=database, sealing=sealing, file=file, signer=signer, directory=directory)
