"""A source's own script: what it is given, what came of running it, and what that says about the request.

Nothing here runs a script. What one returned is recorded when the request is received, so that no decision ever
depends on running it again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

from domain.json_values import Json
from domain.verification import Verdict

SCHEME = "script"
"""The name of the verification that leaves it to the script whether a request is genuine."""

LONGEST_SOURCE = 65_536
"""Bytes of UTF-8 that the source of a script may have."""


@attrs.frozen
class Script:
    """The text of a script, which defines `main(ctx)`."""

    source: str
    language: Literal["javascript"] = "javascript"


@attrs.frozen(kw_only=True)
class Call:
    """What `main` is given as `ctx`, and the time that its clock shows.

    `body` is the parsed body, None where there is none; header names are lower-cased.
    """

    vars: Mapping[str, Json]
    headers: Mapping[str, str]
    raw_body: bytes
    body: Json
    at: datetime


@attrs.frozen(kw_only=True)
class Result:
    """What came of a call: the object that `main` returned, or `error` and an empty output.

    `verified` is the output's own member of that name where it is a boolean, and None otherwise.
    """

    output: Mapping[str, Json] = attrs.Factory(dict)
    verified: bool | None = None
    error: str | None = None


def verdict(result: Result) -> Verdict:
    """What the script says about the request: only an own boolean `true` makes it genuine."""
    if result.error is not None:
        return Verdict(SCHEME, "failed", "script_error", f"the script failed: {result.error}")
    if result.verified is None:
        return Verdict(SCHEME, "unverified", "script_without_verdict", "the script returned no boolean `verified`")
    if not result.verified:
        return Verdict(SCHEME, "failed", "script_refused", "the script returned verified: false")
    return Verdict(SCHEME, "verified")
