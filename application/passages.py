"""What a replay reads and what it finds: passages of the log, the webhooks that it is about, and results."""

from collections.abc import Sequence

import attrs

from application.records import Recorded
from domain.differences import Change


@attrs.frozen(kw_only=True)
class Member:
    """A webhook of the slice, with as many evaluations as it had when the slice was fixed.

    `known` is whether there is a result already, from before an interruption, and `changed` whether it is a difference.
    """

    webhook_id: str
    evaluations: int
    known: bool = False
    changed: bool = False


@attrs.frozen(kw_only=True)
class Passage:
    """What the worker took in at one time: an event, or all decisions of one evaluation of the webhook of `stream`.

    `unreadable` says why an event of the stream cannot be read.
    """

    stream: str
    recorded: Recorded | None = None
    decisions: Sequence[Recorded] = ()
    unreadable: str | None = None


@attrs.frozen(kw_only=True)
class Result:
    """What came of one webhook. `due` are mappings whose actions the difference wants, `carried` all that are executed.

    `releases` is whether a rejected request would come in.
    """

    webhook_id: str
    changes: tuple[Change, ...]
    due: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    releases: bool = False
