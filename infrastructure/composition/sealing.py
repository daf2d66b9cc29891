"""What tamper evidence is made of, over what the processes share."""

from collections.abc import Mapping

import attrs

from application.auditing import Auditing
from application.proving import Proving
from application.receipts import Receipts
from application.restoring import Restoring
from application.sealing import Sealing
from infrastructure import clocks
from infrastructure.composition.parts import Parts
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.seals import restricting, signing
from infrastructure.seals.checkpoint_file import CheckpointFile
from infrastructure.seals.checkpoint_table import PostgresCheckpoints
from infrastructure.seals.exporting import Export
from infrastructure.seals.publishing import Publisher
from infrastructure.seals.sealer import Sealer
from infrastructure.seals.signing import Ed25519Signer
from infrastructure.seals.stored_log import PostgresStoredLog
from infrastructure.settings import Settings


@attrs.frozen(kw_only=True)
class Seals:
    """The adapters."""

    log: PostgresStoredLog
    checkpoints: PostgresCheckpoints
    outside: CheckpointFile
    signer: Ed25519Signer


def key(settings: Settings) -> Ed25519Signer:
    """The key that signs checkpoints."""
    return signing.signer(settings.signing_key, settings.master_key, settings.data_dir)


def seals(shared: Parts) -> Seals:
    """The adapters as the settings want them."""
    signer = key(shared.settings)
    return Seals(
        log=PostgresStoredLog(shared.database),
        checkpoints=PostgresCheckpoints(shared.database.recorder(WorkerRecorder)),
        outside=CheckpointFile(path=shared.settings.checkpoints, key_id=signer.key_id, public_key=signer.public_key),
        signer=signer,
    )


def sealing(shared: Parts) -> Sealing:
    """The use case of sealing."""
    parts = seals(shared)
    return Sealing(
        log=parts.log,
        checkpoints=parts.checkpoints,
        outside=parts.outside,
        signer=parts.signer,
        clock=clocks.system,
        events=shared.settings.checkpoint_events,
        seconds=shared.settings.checkpoint_seconds,
    )


def sealer(shared: Parts) -> Sealer:
    """What seals beside the worker."""
    return Sealer(database=shared.database, sealing=sealing(shared))


def publisher(shared: Parts) -> Mapping[str, Publisher]:
    """What publishes checkpoints beside the worker, by its name, if there is somewhere to."""
    url = shared.settings.checkpoint_url
    if url is None:
        return {}
    return {"publisher": Publisher(table=seals(shared).checkpoints, sender=shared.outgoing.sender, url=url)}


def auditing(shared: Parts) -> Auditing:
    """The use cases of auditors."""
    parts = seals(shared)
    return Auditing(
        proving=proving(parts),
        receipts=Receipts(log=parts.log, checkpoints=parts.checkpoints),
        outside=parts.outside,
        signer=parts.signer,
    )


def proving(parts: Seals) -> Proving:
    """The use case of verifying."""
    return Proving(log=parts.log, checkpoints=parts.checkpoints, signer=parts.signer)


def restoring(shared: Parts) -> Restoring:
    """The use case of accepting a restore."""
    return Restoring(sealing=sealing(shared), store=shared.ledger)


def export(shared: Parts) -> Export:
    """The proof export."""
    parts = seals(shared)
    return Export(log=parts.log, checkpoints=parts.checkpoints, signer=parts.signer)


def restrict(shared: Parts, role: str) -> None:
    """Give a database role what `api` and `worker` need and no more."""
    restricting.restrict(shared.database, role)
