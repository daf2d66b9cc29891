"""The sealer: when a checkpoint is due, what is completed, what is refused, and what happens after a restore."""

import os
import re
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from application.errors import Conflict
from application.restoring import NothingToAccept, ReasonMissing
from application.sealing import CheckpointsDisagree, LogWentBack
from domain.restores import RestoreAccepted
from infrastructure.outgoing.guard import Guard, system_resolver
from infrastructure.outgoing.http_sender import HttpSender
from infrastructure.seals import findings
from infrastructure.seals.publishing import Publisher
from tests import examples, sealed_logs, sinks, stores
from tests.sealed_logs import EACH, SealedLog


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SealedLog]:
    with sealed_logs.sealed(database_url, tmp_path) as log:
        yield log


def numbers(log: SealedLog) -> tuple[list[int], list[int]]:
    """The checkpoints in the database and those in the file."""
    lines = [each.number for each in log.file.lines() if hasattr(each, "number")]
    return [each.number for each in log.sealing.checkpoints.after(0, 1_000)], lines


def test_a_checkpoint_is_due_after_so_many_events(log: SealedLog) -> None:
    assert log.sealing.log.head() == 63
    assert not log.sealing.seal()
    log.receive(2)
    assert log.sealing.seal()
    last = log.sealing.checkpoints.last()
    assert last is not None
    assert (last.number, last.position, last.events) == (7, 70, 70)


@pytest.mark.parametrize(("seconds", "due"), [(2.0, False), (10.0, True), (-5.0, True)])
def test_or_after_so_long_and_when_the_clock_was_put_back(log: SealedLog, seconds: float, due: bool) -> None:
    last = examples.AT + timedelta(seconds=EACH * 6 / 10)  # the sixth tick
    sealing = attrs.evolve(log.sealing, seconds=10.0, clock=lambda: last + timedelta(seconds=seconds))
    assert sealing.seal() is due
    assert not sealing.seal()


def test_nothing_is_sealed_where_nothing_happened(log: SealedLog) -> None:
    log.seal()
    assert not attrs.evolve(log.sealing, seconds=0.0).seal()


def test_what_the_file_lacks_is_completed(log: SealedLog) -> None:
    """As after a crash between the database and the file, here several times over."""
    lines = log.file.path.read_bytes().splitlines(keepends=True)
    log.file.path.write_bytes(b"".join(lines[:3]))
    log.sealing.agree()
    assert numbers(log) == ([1, 2, 3, 4, 5, 6],) * 2
    assert log.file.path.read_bytes() == b"".join(lines)
    assert log.prove().sound


@pytest.mark.parametrize("left", [1, 40, 300])
@pytest.mark.parametrize("whole", [0, 1, 2, 5])
def test_a_line_that_a_crash_cut_short_stays_and_comes_again(log: SealedLog, whole: int, left: int) -> None:
    lines = log.file.path.read_bytes().splitlines(keepends=True)
    torn = b"".join(lines[:whole]) + lines[whole][: min(left, len(lines[whole]) - 1)]
    log.file.path.write_bytes(torn)
    log.sealing.agree()
    assert log.file.path.read_bytes().startswith(torn + b"\n")
    assert numbers(log) == ([1, 2, 3, 4, 5, 6],) * 2
    assert log.prove().sound
    assert log.verify() == []


def test_what_the_database_lacks_is_completed_with_its_digests(log: SealedLog) -> None:
    log.run("DELETE FROM {0}.checkpoints WHERE number > 3")
    log.sealing.agree()
    assert numbers(log) == ([1, 2, 3, 4, 5, 6],) * 2
    log.run("UPDATE {0}.ledger_events SET topic = 'x' WHERE notification_id = 45")
    assert [each.first for each in log.prove().findings] == [45]


def test_a_contradiction_stops_sealing_and_changes_nothing(log: SealedLog) -> None:
    log.run("UPDATE {0}.checkpoints SET at = '2020-01-15T12:00:04.000000Z' WHERE number = 6")
    before = log.file.path.read_bytes()
    with pytest.raises(CheckpointsDisagree, match="checkpoint 6 does not count"):
        log.sealing.agree()
    assert log.file.path.read_bytes() == before


def test_a_file_that_goes_on_from_another_checkpoint_contradicts(log: SealedLog) -> None:
    log.run("DELETE FROM {0}.checkpoints WHERE number > 3", "DELETE FROM {0}.checkpoints WHERE number = 2")
    lines = log.file.path.read_text().splitlines(keepends=True)
    log.file.path.write_text("".join([*lines[:4], *lines[5:]]))
    with pytest.raises(CheckpointsDisagree, match=r"checkpoint 5 .* does not follow"):
        log.sealing.agree()


def test_a_disk_that_takes_nothing_is_told_of_and_tried_again(log: SealedLog) -> None:
    directory = log.directory / "blocked"
    directory.write_text("no directory")
    blocked = attrs.evolve(log.sealing, outside=attrs.evolve(log.file, path=directory / "file"), seconds=0.0)
    with pytest.raises(OSError, match="blocked"):
        blocked.seal()
    words = [each for each in findings.examine(log.sealing) if each.subject == "checkpoints, file"]
    assert [each.grade for each in words] == ["problem"]
    assert words[0].words.startswith("1 behind the database: ")
    log.sealing.agree()
    assert numbers(log) == ([1, 2, 3, 4, 5, 6, 7],) * 2
    assert [each.grade for each in findings.examine(log.sealing)] == ["ok", "ok"]


def test_of_two_sealers_one_is_refused(log: SealedLog) -> None:
    last = log.sealing.checkpoints.sealed(6)
    assert last is not None
    with pytest.raises(Conflict):
        log.sealing.checkpoints.add(last)


def test_a_log_that_ends_before_its_last_checkpoint_is_refused(log: SealedLog) -> None:
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 55")
    for refuse in (log.sealing.require_whole_log, log.sealing.seal):
        with pytest.raises(LogWentBack, match="sealed up to position 60, but it ends at 55"):
            refuse()


def test_a_worker_that_read_further_than_the_log_goes_is_refused(log: SealedLog) -> None:
    stores.drain(log.database)
    log.seal()
    head = log.sealing.log.head()
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 10", "DELETE FROM {0}.checkpoints WHERE number > 1")
    log.file.path.unlink()
    with pytest.raises(LogWentBack, match=r"the worker has read up to position 63, but the log ends at 10"):
        log.sealing.require_whole_log()
    assert head > 63


def restored(log: SealedLog) -> None:
    """As if a backup from the moment of checkpoint 3 had been restored, sequence included; the file is of today."""
    log.run(
        "DELETE FROM {0}.ledger_events WHERE notification_id > 33",
        "DELETE FROM {0}.checkpoints WHERE number > 3",
        "SELECT setval('{0}.ledger_events_notification_id_seq', 33)",
    )


def test_a_restored_backup_is_refused_by_the_file(log: SealedLog) -> None:
    restored(log)
    with pytest.raises(LogWentBack, match=re.escape("checkpoints.ndjson tells of position 60, but the log ends at 33")):
        log.sealing.require_whole_log()


def test_also_when_the_log_has_grown_beyond_it_since(log: SealedLog) -> None:
    restored(log)
    log.receive(7, 2)
    assert log.sealing.log.head() > 60
    with pytest.raises(LogWentBack, match="knows of other events between positions 30 and 40"):
        log.sealing.require_whole_log()


def test_an_accepted_restore_goes_on_and_is_on_record(log: SealedLog) -> None:
    restored(log)
    log.receive(7)
    accepted = log.restoring.accept(reason="disk failure")
    assert (accepted.back_to, accepted.given_up, accepted.lost_position) == (3, 6, 60)
    log.sealing.require_whole_log()
    log.receive(8)
    log.seal()
    recorded = next(each for each in stores.log(log.database) if isinstance(each.event, RestoreAccepted))
    assert recorded.event == accepted
    assert recorded.position == 61, "no position that anybody was told of is given to another event"
    assert (recorded.stream, recorded.actor) == ("restore-7", "operator")
    proof = log.prove()
    assert proof.sound, proof.findings
    assert "restored to checkpoint 3; checkpoints 4 to 6 were given up" in proof.notes[0]
    assert log.verify() == []


def test_after_an_accepted_restore_tampering_is_found_as_before(log: SealedLog) -> None:
    restored(log)
    log.restoring.accept(reason="disk failure")
    log.receive(8)
    log.seal()
    log.run("UPDATE {0}.ledger_events SET topic = 'x' WHERE notification_id IN (25, 70)")
    assert [each.first for each in log.prove().findings] == [25, 70]
    assert len(log.verify()) == 2


def test_a_second_restore_is_accepted_too(log: SealedLog) -> None:
    restored(log)
    log.restoring.accept(reason="disk failure")
    log.receive(8)
    log.seal()
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 12", "DELETE FROM {0}.checkpoints WHERE number > 1")
    with pytest.raises(LogWentBack):
        log.sealing.require_whole_log()
    accepted = log.restoring.accept(reason="and again")
    assert accepted.back_to == 1
    log.seal()
    assert log.prove().sound
    assert log.verify() == []


def test_a_truncated_log_whose_checkpoints_are_there_can_be_accepted(log: SealedLog) -> None:
    log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 55")
    accepted = log.restoring.accept(reason="cut by mistake")
    assert (accepted.back_to, accepted.given_up) == (5, 6)
    log.seal()
    assert log.prove().sound
    assert log.verify() == []


def test_there_must_be_a_restore_to_accept_and_a_reason(log: SealedLog) -> None:
    with pytest.raises(NothingToAccept):
        log.restoring.accept(reason="just in case")
    restored(log)
    with pytest.raises(ReasonMissing):
        log.restoring.accept(reason="  ")


def test_an_acceptance_that_was_broken_off_is_made_again(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    restored(log)
    broken = attrs.evolve(log.sealing, outside=attrs.evolve(log.file, path=log.file.path))
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        attrs.evolve(log.restoring, sealing=broken).accept(reason="disk failure")
    monkeypatch.undo()
    log.sealing.agree()
    log.sealing.require_whole_log()
    log.seal()
    assert log.prove().sound


def test_checkpoints_are_published_in_order_and_again_until_they_are_taken(log: SealedLog) -> None:
    with sinks.listening() as sink:
        guard = Guard(resolve=system_resolver, allowance="loopback", ports=(range(1, 65_536),))
        sender = HttpSender(guard=guard, trust=ssl.create_default_context(), clock=sealed_logs.Ticking())
        publisher = Publisher(table=log.sealing.checkpoints, sender=sender, url=f"{sink.url}/seals")
        sink.answer = lambda arrival, nth: (503 if nth == 1 else 200, {}, 0.0)
        assert not publisher.publish()
        place = {each.place: each for each in log.sealing.checkpoints.published()}["url"]
        assert place.number == 0
        assert place.error is not None
        assert any("6 checkpoints have not come to the url yet" in each for each in log.prove().notes)
        assert publisher.publish()
        assert publisher.publish()
        log.seal()
        assert publisher.publish()
    assert [each.key for each in sink.arrivals] == ["checkpoints-1-6", "checkpoints-1-6", "checkpoints-7-7"]
    told = b"".join(each.body for each in sink.arrivals[1:])
    assert told == b"".join(log.file.path.read_bytes().splitlines(keepends=True)[1:])
