"""A checkpoint: how far the log reached, the head of its chain there, signed. Each names the one before.

What is signed is text, one value on a line; docs/auditing.md describes it for others to compute.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from domain import chain, errors
from domain.json_values import Json

MESSAGE = "hookledger/checkpoint/1"
NOTHING = "0" * 64
"""Stands for the checkpoint before the first."""

_HEX = re.compile("[0-9a-f]{64}")
_KEY = re.compile("[0-9a-f]{16}")
_SIGNATURE = re.compile("[0-9a-f]{128}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class CheckpointUnreadable(errors.Refused):
    """Something is not a checkpoint although it stands where one should."""


@attrs.frozen(kw_only=True)
class Checkpoint:
    """`events` of the log, all up to `position`, have the chain's `head`.

    `previous` is the digest of the checkpoint before, in the order of `number`, which counts from 1. `back_to` is null
    but after a restore: then it is the number of the checkpoint from which this one goes on, and those between were
    given up. Digests are in hex, and so is the signature (Ed25519).
    """

    number: int
    position: int
    events: int
    head: str
    previous: str
    at: str
    key_id: str
    back_to: int | None = None
    signature: str = ""

    @property
    def message(self) -> bytes:
        """What is signed."""
        back_to = "-" if self.back_to is None else self.back_to
        numbers = (self.number, self.position, self.events)
        lines = (MESSAGE, *numbers, self.head, self.previous, self.at, self.key_id, back_to)
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def digest(self) -> str:
        """What the next checkpoint names as `previous`."""
        return hashlib.sha256(self.message).hexdigest()


def following(
    previous: Checkpoint | None,
    *,
    base: Checkpoint | None,
    position: int,
    leaves: list[bytes],
    at: datetime,
    key_id: str,
) -> Checkpoint:
    """The next checkpoint, unsigned: after `previous`, over what `base` covers and these leaves up to `position`.

    `base` is another than `previous` only after a restore.
    """
    head = chain.folded(leaves, bytes.fromhex(base.head) if base else chain.GENESIS)
    return Checkpoint(
        number=(previous.number if previous else 0) + 1,
        position=position,
        events=(base.events if base else 0) + len(leaves),
        head=head.hex(),
        previous=previous.digest if previous else NOTHING,
        at=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        key_id=key_id,
        back_to=None if base == previous else base.number if base else 0,
    )


def shown(checkpoint: Checkpoint) -> dict[str, Json]:
    """As a line of the checkpoint file and in exports."""
    return {"kind": "checkpoint", **attrs.asdict(checkpoint)}


def read(line: Mapping[str, Json]) -> Checkpoint:
    """The checkpoint that `shown` wrote. Raises CheckpointUnreadable, with the field."""
    number, position, events = (_whole(line, name) for name in ("number", "position", "events"))
    back_to = None if line.get("back_to") is None else _whole(line, "back_to")
    return Checkpoint(
        number=number,
        position=position,
        events=events,
        head=_text(line, "head", _HEX),
        previous=_text(line, "previous", _HEX),
        at=_text(line, "at", _AT),
        key_id=_text(line, "key_id", _KEY),
        back_to=back_to,
        signature=_text(line, "signature", _SIGNATURE),
    )


def _whole(line: Mapping[str, Json], name: str) -> int:
    value = line.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise CheckpointUnreadable(f"{name} is {value!r}; it must be a whole number", field=name)
    return value


def _text(line: Mapping[str, Json], name: str, form: re.Pattern[str]) -> str:
    value = line.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise CheckpointUnreadable(f"{name} is {value!r}, which cannot be", field=name)
    return value
