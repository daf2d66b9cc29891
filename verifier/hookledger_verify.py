#!/usr/bin/env python3
"""Verifies a proof export of Hookledger against the checkpoint file, with nothing but Python's standard library.

    hookledger_verify.py EXPORT --checkpoints FILE [--key BASE64]

It shares no code with Hookledger and never speaks to its database: it is written from docs/auditing.md, and may be read
in ten minutes. Exit code 0: all is as it was sealed; 1: something is not; 2: it could not be verified at all.
With the package `cryptography` installed, signatures are checked some fifty times faster; otherwise by the code below.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # pragma: no cover
    Ed25519PublicKey = None  # type: ignore[assignment, misc]

Line = dict[str, Any]
ZEROS = "0" * 64
MOST_OF_A_KIND = 20
SHAPE = {
    "head": "[0-9a-f]{64}",
    "previous": "[0-9a-f]{64}",
    "at": "[0-9:.TZ-]{27}",
    "key_id": "[0-9a-f]{16}",
    "signature": "[0-9a-f]{128}",
}

# Ed25519 as RFC 8032 describes it in section 5.1, over the field of P elements, with a base point of order L.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return (f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P


def multiply(scalar: int, point: Point) -> Point:
    """A multiple of a point."""
    product: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point, scalar = add(point, point), scalar >> 1
    return product


def decompress(encoded: bytes) -> Point | None:
    """The point that 32 bytes stand for, if they stand for one."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def same(a: Point, b: Point) -> bool:
    """Whether two points are the same one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def signature_fits(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature (64 bytes) is that of `message` under a public key (32 bytes). In pure Python."""
    base, public, commitment = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")), decompress(key), None
    if len(key) == 32 and len(signature) == 64:
        commitment = decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if base is None or public is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return same(multiply(scalar, base), add(commitment, multiply(challenge, public)))


def fits(key: bytes, message: bytes, signature: bytes) -> bool:
    """As `signature_fits`, fast where that is possible."""
    if Ed25519PublicKey is None:
        return signature_fits(key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def leaf(event: Line) -> bytes:
    """The digest of one event in all its columns."""
    stream, topic = event["stream"].encode(), event["topic"].encode()
    state = hashlib.sha256(base64.b64decode(event["state"], validate=True)).digest()
    numbers = struct.pack(">qqII", event["position"], event["version"], len(stream), len(topic))
    return hashlib.sha256(b"hookledger/leaf/1\n" + numbers + stream + topic + state).digest()


def link(head: bytes, added: bytes) -> bytes:
    """The head of the chain after one more event."""
    return hashlib.sha256(b"hookledger/link/1\n" + head + added).digest()


def message(checkpoint: Line) -> bytes:
    """What is signed of a checkpoint."""
    values = [checkpoint[name] for name in ("number", "position", "events", "head", "previous", "at", "key_id")]
    back_to = checkpoint.get("back_to")
    lines = ["hookledger/checkpoint/1", *values, "-" if back_to is None else back_to]
    return "".join(f"{line}\n" for line in lines).encode()


def digest(checkpoint: Line | None) -> str:
    """How the next checkpoint names this one."""
    return hashlib.sha256(message(checkpoint)).hexdigest() if checkpoint else ZEROS


class Report:
    """What was found. Of each kind it says no more than anybody reads."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}

    def add(self, kind: str, words: str) -> None:
        """Say that something is wrong."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_OF_A_KIND:
            self.wrong.append(words)

    @property
    def omitted(self) -> int:
        """How many were counted and not kept."""
        return sum(self.counts.values()) - len(self.wrong)


def objection(checkpoint: Line, key: bytes) -> str | None:
    """Why a checkpoint does not count, None if it does."""
    numbers = [checkpoint.get(name) for name in ("number", "position", "events")]
    back_to = checkpoint.get("back_to")
    if not all(type(each) is int and 0 <= each < 2**63 for each in (*numbers, 0 if back_to is None else back_to)):
        return "one of its numbers is none"
    for name, shape in SHAPE.items():
        if not (isinstance(checkpoint.get(name), str) and re.fullmatch(shape, checkpoint[name])):
            return f"its {name} cannot be"
    expected = hashlib.sha256(key).hexdigest()[:16]
    if checkpoint["key_id"] != expected:
        return f"it is signed with the key {checkpoint['key_id']}, not with {expected}"
    if not fits(key, message(checkpoint), bytes.fromhex(checkpoint["signature"])):
        return "its signature does not fit what it says, so that it was altered or forged"
    return None


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes, Line | None]]:
    """Every whole line with its offset, and the object that it is, if it is one."""
    offset = 0
    for text in file:
        if text.endswith(b"\n"):
            try:
                value = json.loads(text)
            except ValueError:
                value = None
            yield offset, text, value if isinstance(value, dict) else None
        offset += len(text)


def read_outside(path: Path, report: Report) -> tuple[bytes | None, list[Line]]:
    """The key that the checkpoint file names first, and its checkpoints."""
    key, found, cut = None, list[Line](), b""
    with path.open("rb") as file:
        for _, text, value in lines(file):
            if cut and not text.startswith(cut):
                report.add("line", f"a line of the checkpoint file is no checkpoint: {cut[:60]!r}")
            cut = b"" if value else text.rstrip(b"\n")  # one that a crash cut short is the beginning of the next
            if value and value.get("kind") == "key" and key is None:
                key = base64.b64decode(value["public_key"])
            elif value and value.get("kind") == "checkpoint":
                found.append(value)
            elif value and value.get("kind") != "key":
                report.add("line", f"a line of the checkpoint file is no checkpoint: {text[:60]!r}")
    if cut:
        report.add("line", f"a line of the checkpoint file is no checkpoint: {cut[:60]!r}")
    return key, found


class Export:
    """An export, read once from its beginning to its end; the digests of single events are looked up when needed."""

    def __init__(self, file: BinaryIO, again: BinaryIO) -> None:
        self._again = again
        self._lines = lines(file)
        self._offsets: dict[int, int] = {}
        _, _, self.heading = next(self._lines, (0, b"", None))
        self._first: Line | None = None

    def checkpoints(self) -> Iterator[Line]:
        """The checkpoints, which come first."""
        for offset, _, value in self._lines:
            if value is None or value.get("kind") != "checkpoint":
                self._first = value
                return
            if type(value.get("number")) is int:
                self._offsets[value["number"]] = offset
            yield {name: each for name, each in value.items() if name not in ("positions", "leaves")}

    def events(self) -> Iterator[Line | None]:
        """The events in the order in which they stand there; None for what is none."""
        if self._first is not None:
            yield self._first
        for _, _, value in self._lines:
            yield value if value and value.get("kind") == "event" else None

    def sealed(self, number: int) -> dict[int, bytes]:
        """The leaves that were kept with a checkpoint, by position."""
        if number not in self._offsets:
            return {}
        self._again.seek(self._offsets[number])
        value = json.loads(self._again.readline())
        positions, leaves = base64.b64decode(value["positions"]), base64.b64decode(value["leaves"])
        numbers = struct.unpack(f">{len(positions) // 8}q", positions)
        return {each: leaves[32 * n : 32 * n + 32] for n, each in enumerate(numbers)}


def counting(checkpoints: Iterator[Line] | list[Line], where: str, key: bytes, report: Report) -> dict[int, Line]:
    """The checkpoints that count, by number; what is wrong with the others is reported."""
    good: dict[int, Line] = {}
    for each in checkpoints:
        why = objection(each, key)
        if why is None:
            good.setdefault(each["number"], each)
        else:
            report.add("signature " + where, f"checkpoint {each.get('number')} in {where} does not count: {why}")
    return good


def compared(here: dict[int, Line], there: dict[int, Line], report: Report) -> list[Line]:
    """All checkpoints in order, those outside before those of the export; where they differ, that is reported."""
    union, before, last = {**here, **there}, None, max(there, default=0)
    for number, chosen in sorted(union.items()):
        if there and number not in here:
            report.add("gone", f"checkpoint {number} is in the checkpoint file and not in the export")
        elif number not in there and number < last:
            report.add("gone", f"checkpoint {number} is missing in the checkpoint file, although later ones are there")
        elif number in there and message(here[number]) != message(chosen):
            words = (
                f"checkpoint {number} of the export is another one than in the checkpoint file, and both are signed:"
            )
            report.add("differs", f"{words} somebody else holds the signing key, or two gateways share it")
        if number != (before["number"] if before else 0) + 1:
            report.add("gone", f"the checkpoints before number {number} are nowhere")
        elif chosen["previous"] != digest(before):
            report.add("unlinked", f"checkpoint {number} does not name the one before it: they do not belong together")
        before = chosen
    return [union[number] for number in sorted(union)]


def in_force(checkpoints: list[Line], report: Report) -> list[Line]:
    """Without those that were given up when it was accepted that the log had been restored from a backup."""
    restores = [each for each in checkpoints if each.get("back_to") is not None]
    for each in restores:
        given_up = f"checkpoints {each['back_to'] + 1} to {each['number'] - 1} were given up"
        report.notes.append(f"at {each['at']} a restore to checkpoint {each['back_to']} was accepted; {given_up}")
    gone_ranges = [range(each["back_to"] + 1, each["number"]) for each in restores]
    return [each for each in checkpoints if not any(each["number"] in gone for gone in gone_ranges)]


def explain(
    base: Line | None,
    upto: Line,
    seen: list[tuple[Line, bytes]],
    sealed: dict[int, bytes],
    *,
    ends: bool,
    report: Report,
) -> None:
    """Say which events between two checkpoints are not as they were sealed, as exactly as that can be said."""
    head = bytes.fromhex(base["head"]) if base else bytes(32)
    for each in sealed.values():
        head = link(head, each)
    there, after = {event["position"] for event, _ in seen}, base["position"] if base else 0
    last = max(there, default=after)
    cut = ends and last < upto["position"]
    words = []
    if head.hex() == upto["head"]:  # else the digests of single events were not kept, or were altered too
        words += [changed(event, sealed) for event, mine in seen if sealed.get(event["position"]) != mine]
        words += [
            f"the event at position {position} is missing: it was sealed and has been deleted or moved"
            for position in sealed
            if position not in there and not (cut and position > last)
        ]
    if cut:
        covers = f"checkpoint {upto['number']} of {upto['at']} covers it up to {upto['position']}"
        truncated = f"the log ends at position {last}, but {covers}"
        words.append(f"{truncated}: it was truncated, or restored from an older backup")
    which = f"the events at positions {after + 1} to {upto['position']}"
    unsaid = f"{which} are not those that checkpoint {upto['number']} sealed; which of them cannot be said"
    for sentence in words or [unsaid]:
        report.add("events", sentence)


def changed(event: Line, sealed: dict[int, bytes]) -> str:
    """What is wrong with an event that is there."""
    position, topic = event["position"], event["topic"]
    which = f"the event at position {position} ({topic}, version {event['version']} of stream {event['stream']})"
    if position in sealed:
        return f"{which} is not as it was sealed: its bytes, stream, version or topic were altered or exchanged"
    return f"{which} was not there when this part of the log was sealed: it was inserted or moved there"


def go_through(export: Export, checkpoints: list[Line], report: Report) -> tuple[int, int, int]:
    """Hold the events against the checkpoints: events in all, the position they are sealed up to, events after that."""
    events, count, base = export.events(), 0, None
    event = next(events, None)
    for upto in checkpoints:
        seen: list[tuple[Line, bytes]] = []
        head = bytes.fromhex(base["head"]) if base else bytes(32)
        while event is not None and event["position"] <= upto["position"]:
            mine = leaf(event)
            seen.append((event, mine))
            event["state"] = ""
            head, event = link(head, mine), next(events, None)
        count += len(seen)
        if head.hex() != upto["head"] or (base["events"] if base else 0) + len(seen) != upto["events"]:
            explain(base, upto, seen, export.sealed(upto["number"]), ends=event is None, report=report)
        base = upto
    rest = 0 if event is None else 1 + sum(each is not None for each in events)
    return count + rest, base["position"] if base else 0, rest


def verify(export_path: Path, outside_path: Path | None, key_text: str | None) -> tuple[Report, str]:
    """What was found, and in words what was looked at. Raises ValueError where nothing can be verified."""
    with export_path.open("rb") as file, export_path.open("rb") as again:
        return verified(Export(file, again), outside_path, key_text)


def verified(export: Export, outside_path: Path | None, key_text: str | None) -> tuple[Report, str]:
    """As `verify`, of an export that was opened."""
    report, heading = Report(), export.heading
    if heading is None or heading.get("format") != "hookledger/export/1":
        raise ValueError("this is no proof export; hookledger audit export writes one")
    named, listed = read_outside(outside_path, report) if outside_path else (None, [])
    key = base64.b64decode(key_text) if key_text else named
    if key is None:
        report.notes.append("the key was taken from the export itself, so that a forger could have made it; give --key")
        key = base64.b64decode(heading["public_key"])
    if named is not None and named != key:
        report.add("key", "the checkpoint file names another key than the one that was given")
    here = counting(export.checkpoints(), "the export", key, report)
    there = counting(listed, "the checkpoint file", key, report)
    every = compared(here, there, report)
    count, sealed, rest = go_through(export, in_force(every, report), report)
    outside = max((each["position"] for each in there.values()), default=0)
    looked = (
        f"{count} events under {len(every)} checkpoints, sealed up to position {sealed}; {rest} are not sealed yet.\n"
        f"Checkpoints outside reach to position {outside}. What is newer than that could have been changed unnoticed,\n"
        "and so could everything by whoever holds the signing key and can rewrite every copy of the checkpoint file."
    )
    return report, looked


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Verify a proof export of Hookledger.")
    parser.add_argument("export", type=Path, help="what `hookledger audit export` wrote")
    parser.add_argument("--checkpoints", type=Path, help="the checkpoint file, as it was kept outside")
    parser.add_argument("--key", help="the public key in base64, as it was told by a way that you trust")
    given = parser.parse_args()
    try:
        report, looked = verify(given.export, given.checkpoints, given.key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot be verified: {error!r}", file=sys.stderr)
        return 2
    for words in report.wrong:
        print(f"WRONG: {words}")
    if report.omitted:
        print(f"WRONG: and {report.omitted} more of these kinds")
    for words in report.notes:
        print(f"Note: {words}")
    print(looked)
    print("NOT all is as it was sealed." if report.wrong else "All of it is as it was sealed.")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
