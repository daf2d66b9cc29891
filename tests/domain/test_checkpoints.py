"""Checkpoints: what is signed, how one follows another, and what cannot be one."""

import hashlib
from datetime import timedelta, timezone

import attrs
import pytest

from domain import chain, checkpoints
from domain.checkpoints import Checkpoint, CheckpointUnreadable
from tests import examples

LEAVES = [bytes([number]) * 32 for number in range(3)]
KEY = "1ee134c2e3d3b5fd"


def following(previous: Checkpoint | None, base: Checkpoint | None, position: int, leaves: list[bytes]) -> Checkpoint:
    return checkpoints.following(previous, base=base, position=position, leaves=leaves, at=examples.AT, key_id=KEY)


FIRST = attrs.evolve(following(None, None, 5, LEAVES[:2]), signature="0" * 128)
SECOND = following(FIRST, FIRST, 9, LEAVES[2:])


def test_what_is_signed_is_text_as_documented() -> None:
    head = chain.folded(LEAVES).hex()
    assert SECOND.message.decode() == (
        f"hookledger/checkpoint/1\n2\n9\n3\n{head}\n{FIRST.digest}\n2026-01-15T12:00:00.000000Z\n{KEY}\n-\n"
    )
    assert SECOND.digest == hashlib.sha256(SECOND.message).hexdigest()


def test_the_first_follows_nothing() -> None:
    assert (FIRST.number, FIRST.previous, FIRST.events, FIRST.back_to) == (1, "0" * 64, 2, None)


def test_after_a_restore_it_goes_on_from_an_older_one() -> None:
    third = following(SECOND, FIRST, 5, [])
    assert (third.number, third.previous, third.back_to) == (3, SECOND.digest, 1)
    assert (third.position, third.events, third.head) == (5, 2, FIRST.head)
    assert third.message.endswith(b"\n1\n")


def test_after_a_restore_to_before_everything_it_begins_anew() -> None:
    third = following(SECOND, None, 0, [])
    assert (third.back_to, third.position, third.events, third.head) == (0, 0, 0, "0" * 64)


def test_its_time_is_in_utc_wherever_it_was_taken() -> None:
    elsewhere = examples.AT.astimezone(timezone(timedelta(hours=5)))
    made = checkpoints.following(None, base=None, position=1, leaves=[], at=elsewhere, key_id=KEY)
    assert made.at == "2026-01-15T12:00:00.000000Z"


def test_a_line_is_read_as_it_was_written() -> None:
    assert checkpoints.read(checkpoints.shown(FIRST)) == FIRST


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1"),
        ("number", True),
        ("number", -1),
        ("position", 2**63),
        ("events", None),
        ("head", "A" * 64),
        ("head", "0" * 63),
        ("previous", "0" * 64 + "\n"),
        ("at", "2026-01-15T12:00:00Z"),
        ("at", "2026-01-15T12:00:00.000000Z\n"),
        ("key_id", ""),
        ("back_to", "1"),
        ("signature", "00"),
    ],
)
def test_what_cannot_be_a_checkpoint_is_told_by_its_field(field: str, value: object) -> None:
    """Line breaks above all, with which one text could be signed and another one read."""
    with pytest.raises(CheckpointUnreadable, match=field):
        checkpoints.read({**checkpoints.shown(FIRST), field: value})  # type: ignore[dict-item]
