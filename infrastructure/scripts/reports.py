"""What is handed to a machine and what comes back. Nothing here needs the engine, which is slow to load."""

import enum

import attrs


class Status(enum.IntEnum):
    """How a call ended, as shim.c numbers it."""

    DONE = 0
    THREW = 1
    UNSETTLED = 2
    NO_PLAIN_OBJECT = 3
    NO_MAIN = 4
    OUT_OF_MEMORY = 5
    RESULT_TOO_LONG = 6
    TOO_MANY_HASHES = 7
    TOO_MUCH_HASHED = 8


@attrs.frozen(kw_only=True)
class Arguments:
    """What a call is made with: `{vars, body, headers}` as JSON, the raw body, milliseconds since 1970, a seed."""

    ctx: bytes
    raw_body: bytes
    at: int
    seed: int


@attrs.frozen(kw_only=True)
class Report:
    """What came of it: a result as JSON, or what went wrong, and where in the script (0 where that is not known)."""

    status: Status
    text: bytes
    line: int
    column: int


@attrs.frozen
class Loaded:
    """The memory of a machine that has run the top level of a script."""

    image: bytes


@attrs.frozen
class Unusable:
    """Why a script cannot be called."""

    reason: str


class Stopped(Exception):
    """A script was ended from outside; the message says why. Its machine is of no more use."""


class Starved(Exception):
    """Time ran out while the thread had hardly run, through no fault of the script. Its machine is of no more use."""
