"""Whatever a superuser does to the log or its checkpoints, both verifiers find it and say where."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.seals import Sealed
from domain import chain, checkpoints
from domain.checkpoints import Checkpoint
from infrastructure.seals import signing
from infrastructure.seals.signing import Ed25519Signer
from tests import databases, sealed_logs
from tests.sealed_logs import EACH, SealedLog

FOREIGN = signing.signer("Zm9yZWlnbiBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=", None, Path())
AT = "notification_id = "

# What is done, and what must be said of it; nothing else may be.
ATTACKS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "a byte of the state": (
        [f"UPDATE {{0}}.ledger_events SET state = set_byte(state, 40, get_byte(state, 40) # 1) WHERE {AT}25"],
        [r"the event at position 25 \(WebhookReceived, version 1 of .*\) is not as it was sealed"],
    ),
    "the last byte of the first event": (
        [
            "UPDATE {0}.ledger_events SET state = set_byte(state, length(state) - 1, "
            f"get_byte(state, length(state) - 1) # 128) WHERE {AT}1"
        ],
        [r"the event at position 1 \(ConfigurationCreated, .*\) is not as it was sealed"],
    ),
    "the topic": (
        [f"UPDATE {{0}}.ledger_events SET topic = 'WebhookRejected' WHERE {AT}30"],
        [r"the event at position 30 \(WebhookRejected, .*\) is not as it was sealed"],
    ),
    "the version": (
        [f"UPDATE {{0}}.ledger_events SET originator_version = 7 WHERE {AT}30"],
        [r"the event at position 30 \(WebhookReceived, version 7 .*\) is not as it was sealed"],
    ),
    "the stream": (
        [f"UPDATE {{0}}.ledger_events SET originator_id = 'webhook-another' WHERE {AT}30"],
        [r"the event at position 30 \(WebhookReceived, version 1 of stream webhook-another\) is not as it was sealed"],
    ),
    "one deleted": (
        [f"DELETE FROM {{0}}.ledger_events WHERE {AT}33"],
        ["the event at position 33 is missing"],
    ),
    "the last one before a checkpoint deleted": (
        [f"DELETE FROM {{0}}.ledger_events WHERE {AT}40"],
        ["the event at position 40 is missing"],
    ),
    "truncated before the last checkpoint": (
        ["DELETE FROM {0}.ledger_events WHERE notification_id > 55"],
        ["the log ends at position 55, but checkpoint 6 of .* covers it up to 60: it was truncated, or restored"],
    ),
    "all gone": (
        ["TRUNCATE {0}.ledger_events"],
        ["the log ends at position 0, but checkpoint 1"] + ["the log ends at position \\d0, but"] * 5,
    ),
    "states exchanged": (
        [
            f"UPDATE {{0}}.ledger_events a SET state = b.state FROM {{0}}.ledger_events b"
            f" WHERE (a.{AT}21 AND b.{AT}22) OR (a.{AT}22 AND b.{AT}21)"
        ],
        [r"the event at position 21 .* altered or exchanged", r"the event at position 22 .* altered or exchanged"],
    ),
    "positions exchanged": (
        [
            f"UPDATE {{0}}.ledger_events SET notification_id = -1 WHERE {AT}21",
            f"UPDATE {{0}}.ledger_events SET notification_id = 21 WHERE {AT}42",
            f"UPDATE {{0}}.ledger_events SET notification_id = 42 WHERE {AT}-1",
        ],
        [r"the event at position 21 .* altered or exchanged", r"the event at position 42 .* altered or exchanged"],
    ),
    "moved to the end": (
        [f"UPDATE {{0}}.ledger_events SET notification_id = 1000 WHERE {AT}21"],
        ["the event at position 21 is missing: it was sealed and has been deleted or moved"],
    ),
    "inserted before the first": (
        [
            "INSERT INTO {0}.ledger_events (originator_id, originator_version, topic, state, notification_id)"
            " VALUES ('webhook-x', 1, 'WebhookReceived', 'x', -9223372036854775808)"
        ],
        [r"the event at position -9223372036854775808 .* was not there when this part of the log was sealed"],
    ),
    "inserted in a gap": (
        [
            f"DELETE FROM {{0}}.ledger_events WHERE {AT}35",
            "INSERT INTO {0}.ledger_events (originator_id, originator_version, topic, state, notification_id)"
            " VALUES ('webhook-x', 1, 'WebhookReceived', 'x', 35)",
        ],
        [r"the event at position 35 \(WebhookReceived, version 1 of stream webhook-x\) is not as it was sealed"],
    ),
    "inserted twice at one position": (
        [
            "DROP INDEX {0}.ledger_events_notification_id_idx",
            "INSERT INTO {0}.ledger_events (originator_id, originator_version, topic, state, notification_id)"
            f" SELECT originator_id || 'x', 1, topic, state, 35 FROM {{0}}.ledger_events WHERE {AT}35",
        ],
        [r"the event at position 35 .* is not as it was sealed"],
    ),
    "altered together with the digests that were kept": (
        [
            f"UPDATE {{0}}.ledger_events SET topic = 'WebhookRejected' WHERE {AT}30",
            "UPDATE {0}.checkpoints SET leaves = set_byte(leaves, 300, 1) WHERE number = 3",
        ],
        ["the events at positions 21 to 30 are not those that checkpoint 3 .*sealed.*which of them cannot be said"],
    ),
    "a checkpoint deleted": (
        ["DELETE FROM {0}.checkpoints WHERE number = 4"],
        ["checkpoint 4 is (missing in the database|in the checkpoint file and not in the export)"],
    ),
    "the head in a checkpoint": (
        ["UPDATE {0}.checkpoints SET head = previous WHERE number = 4"],
        ["checkpoint 4 in the (database|export) does not count: its signature does not fit"],
    ),
    "the time in a checkpoint": (
        ["UPDATE {0}.checkpoints SET at = '2020-01-15T12:00:04.000000Z' WHERE number = 4"],
        ["checkpoint 4 in the (database|export) does not count: its signature does not fit"],
    ),
}


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SealedLog]:
    with sealed_logs.sealed(database_url, tmp_path) as log:
        yield log


def require(log: SealedLog, *expected: str, independently: Sequence[str] | None = None) -> None:
    """Both verifiers find this, in this order, and nothing else."""
    _require([each.words for each in log.prove().findings], expected)
    _require(log.verify(), expected if independently is None else independently)


def _require(found: Sequence[str], expected: Sequence[str]) -> None:
    assert len(found) == len(expected), found
    for words, pattern in zip(sorted(found), sorted(expected), strict=True):
        assert re.search(pattern, words), (words, pattern)


def test_what_nobody_touched_is_sound(log: SealedLog) -> None:
    proof = log.prove()
    assert proof.sound
    assert (proof.events, proof.checkpoints, proof.sealed_upto, proof.outside_upto) == (60, 6, 60, 60)
    assert (proof.head, proof.unsealed) == (63, 3)
    assert log.verify() == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_found(log: SealedLog, attack: str) -> None:
    statements, expected = ATTACKS[attack]
    log.run(*statements)
    if attack.startswith("a checkpoint deleted") or "in a checkpoint" in attack:
        also = ["checkpoint 4 is in the checkpoint file and not in the export"] if "in a" in attack else []
        require(log, *expected, independently=[*expected, *also])
    else:
        require(log, *expected)


def test_a_deletion_is_found_without_any_file_outside(log: SealedLog) -> None:
    log.run(f"DELETE FROM {{0}}.ledger_events WHERE {AT}33")
    log.file.path.unlink()
    words = [each.words for each in log.prove().findings]
    assert any("position 33 is missing" in each for each in words)
    assert any("once held checkpoint 6, and now holds none: it was deleted" in each for each in words)


def test_what_is_newer_than_the_last_checkpoint_can_be_cut_unnoticed(log: SealedLog) -> None:
    """The documentation says so; here it is."""
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 61")
    require(log)
    assert log.prove().head == 61


def test_checkpoints_cut_together_with_the_log_are_found_by_the_file(log: SealedLog) -> None:
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 44", "DELETE FROM {0}.checkpoints WHERE number >= 5")
    cut = ["the log ends at position 44, but checkpoint 5", "the log ends at position 50, but checkpoint 6"]
    missing = [f"checkpoint {n} is (missing in the database|in the checkpoint file and)" for n in (5, 6)]
    require(log, *cut, *missing)


def rechained(log: SealedLog, signer: Ed25519Signer) -> None:
    """Alter an event, then compute all checkpoints anew and sign them with another key, or with the right one."""
    log.run(f"UPDATE {{0}}.ledger_events SET topic = 'WebhookRejected' WHERE {AT}25")
    before: Checkpoint | None = None
    table, stored = log.sealing.checkpoints, log.sealing.log
    old = table.after(0, 100)
    log.run("DELETE FROM {0}.checkpoints", "ALTER TABLE {0}.checkpoints DISABLE TRIGGER USER")
    for each in old:
        rows = stored.page(after=before.position if before else 0, upto=each.position, limit=EACH)
        leaves = [chain.leaf_of(*row) for row in rows]
        unsigned = checkpoints.following(
            before, base=before, position=each.position, leaves=leaves, at=sealed_logs.Ticking()(), key_id=signer.key_id
        )
        before = signer.signed(attrs.evolve(unsigned, at=each.at))
        table.add(Sealed(checkpoint=before, positions=[row[0] for row in rows], leaves=leaves))


def test_checkpoints_that_were_made_anew_with_a_foreign_key_do_not_count(log: SealedLog) -> None:
    rechained(log, FOREIGN)
    foreign = [f"checkpoint {n} in the .* is signed with the key {FOREIGN.key_id}" for n in range(1, 7)]
    event = "the events at positions 21 to 30 are not those that checkpoint 3 .*sealed"
    gone = [f"checkpoint {n} is in the checkpoint file and not in the export" for n in range(1, 7)]
    require(log, event, *foreign, independently=[event, *foreign, *gone])


def test_checkpoints_that_were_made_anew_with_the_stolen_key_contradict_the_file(log: SealedLog) -> None:
    rechained(log, log.signer)
    event = "the events at positions 21 to 30 are not those that checkpoint 3 .*sealed"
    require(log, event, *(f"checkpoint {n} (is|of the export is) another one" for n in range(3, 7)))


def test_with_the_stolen_key_and_the_file_there_is_nothing_to_find(log: SealedLog) -> None:
    """The documentation says so; a copy of the file that was kept elsewhere tells."""
    copy = log.directory / "copy.ndjson"
    copy.write_bytes(log.file.path.read_bytes())
    rechained(log, log.signer)
    log.file.path.unlink()
    log.file.add(log.sealing.checkpoints.after(0, 100))
    require(log)
    assert not log.prove(copy).sound


@pytest.mark.parametrize(
    ("old", "new", "words", "more"),
    [
        ('"position":30', '"position":31', "checkpoint 3 in the checkpoint file.* does not count: its signature", 1),
        ('"number":3', '"number":9', "checkpoint 9 in the checkpoint file.* does not count: its signature", 1),
        ('"kind":"checkpoint","number":3', '"kind":"checkpoint","number":"three"', "checkpoint", 1),
        ('{"kind":"checkpoint","number":3', '{"kind":"chec', "a? ?line .*is (not a|no) checkpoint", 1),
    ],
)
def test_an_edited_file_is_found(log: SealedLog, old: str, new: str, words: str, more: int) -> None:
    log.file.path.write_text(log.file.path.read_text().replace(old, new, 1))
    for found in ([each.words for each in log.prove().findings], log.verify()):
        assert any(re.search(words, each) for each in found), found
        assert len([each for each in found if "missing in the checkpoint file" in each]) <= more


def test_a_line_that_was_taken_out_of_the_file_is_found(log: SealedLog) -> None:
    kept = [line for line in log.file.path.read_text().splitlines() if '"number":3' not in line]
    log.file.path.write_text("".join(f"{line}\n" for line in kept))
    require(log, "checkpoint 3 is missing in the checkpoint file")


def test_a_file_that_was_cut_is_found(log: SealedLog) -> None:
    lines = log.file.path.read_text().splitlines(keepends=True)
    log.file.path.write_text("".join(lines[:4]))
    words = [each.words for each in log.prove().findings]
    _require(words, ["once held checkpoint 6, and now ends at 3: it was cut"])


def test_a_file_of_another_key_is_found(log: SealedLog) -> None:
    text = log.file.path.read_text()
    log.file.path.write_text(text.replace(log.signer.public_key, FOREIGN.public_key))
    require(log, "it names the key", independently=["the checkpoint file names another key than the one"])


@pytest.fixture(scope="module")
def kept(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedLog]:
    """One log for many mutations, each of which is undone."""
    directory = tmp_path_factory.mktemp("kept")
    with databases.fresh_database(postgres_url) as url, sealed_logs.sealed(url, directory) as log:
        log.run("CREATE TABLE {0}.before AS SELECT * FROM {0}.ledger_events")
        yield log


POSITIONS = st.integers(1, 60)
MUTATIONS = st.one_of(
    st.tuples(st.just("bit"), POSITIONS, st.integers(0, 2**20)),
    st.tuples(st.just("cut"), POSITIONS, st.integers(0, 2**20)),
    st.tuples(st.just("grow"), POSITIONS, st.just(0)),
    st.tuples(st.just("delete"), POSITIONS, st.just(0)),
    st.tuples(st.just("topic"), POSITIONS, st.just(0)),
    st.tuples(st.just("stream"), POSITIONS, st.just(0)),
    st.tuples(st.just("version"), POSITIONS, st.integers(1, 2**40)),
    st.tuples(st.just("position"), POSITIONS, st.integers(61, 2**40)),
)
SQL = {
    "bit": "UPDATE {0}.ledger_events SET state = set_bit(state, n %% (8 * length(state)),"
    " 1 - get_bit(state, n %% (8 * length(state)))) FROM (SELECT %(n)s::int AS n) AS given WHERE "
    "notification_id = %(position)s",
    "cut": "UPDATE {0}.ledger_events SET state = substr(state, 1, (%(n)s::int %% length(state)))"
    " WHERE notification_id = %(position)s",
    "grow": "UPDATE {0}.ledger_events SET state = state || '\\x00' WHERE notification_id = %(position)s",
    "delete": "DELETE FROM {0}.ledger_events WHERE notification_id = %(position)s",
    "topic": "UPDATE {0}.ledger_events SET topic = topic || ' ' WHERE notification_id = %(position)s",
    "stream": "UPDATE {0}.ledger_events SET originator_id = originator_id || 'x' WHERE notification_id = %(position)s",
    "version": "UPDATE {0}.ledger_events SET originator_version = originator_version + 1000 + %(n)s::bigint"
    " WHERE notification_id = %(position)s",
    "position": "UPDATE {0}.ledger_events SET notification_id = %(n)s::bigint + 1000 WHERE notification_id"
    " = %(position)s",
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MUTATIONS)
def test_any_single_mutation_of_a_sealed_row_is_found(kept: SealedLog, mutation: tuple[str, int, int]) -> None:
    kind, position, number = mutation
    try:
        _mutate(kept, kind, position, number)
        found = [each.words for each in kept.prove().findings]
        assert len(found) == 1, found
        assert f"position {position} " in found[0] or f"up to {position}:" in found[0], found
        assert len(kept.verify()) == 1
    finally:
        kept.run("TRUNCATE {0}.ledger_events", "INSERT INTO {0}.ledger_events SELECT * FROM {0}.before")
    assert kept.prove().sound


def _mutate(log: SealedLog, kind: str, position: int, number: int) -> None:
    needed = {name: value for name, value in (("n", number), ("position", position)) if f"%({name})s" in SQL[kind]}
    with psycopg.connect(log.database.conninfo) as connection:
        connection.execute(SQL[kind].format(log.database.schema).encode(), needed)
