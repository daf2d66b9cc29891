"""An acceptance: the place in the log that a request was given, and a digest by which it can be proved later."""

from collections.abc import Sequence

import attrs

from domain import chain

MOST = 100_000
"""Events that one request may put on record, at the very most."""


@attrs.frozen
class Acceptance:
    """A request's last position in the log, how many events it put there, and their digest in hex."""

    position: int
    events: int
    digest: str

    def __str__(self) -> str:
        """As the header says it: a structured field (RFC 9651), an integer with parameters."""
        if self.events == 1:
            return f'{self.position};digest="{self.digest}"'
        return f'{self.position};events={self.events};digest="{self.digest}"'


def digest(leaves: Sequence[bytes]) -> str:
    """The leaf of one event; of several, the head of a chain over them alone."""
    return (leaves[0] if len(leaves) == 1 else chain.folded(leaves)).hex()


def of(rows: Sequence[tuple[str, int, str, bytes]], position: int) -> Acceptance:
    """That of stored rows (stream, version, topic, state), of which the last one stands at `position`."""
    if len(rows) == 1:  # nearly always, and paid for each webhook
        return Acceptance(position, 1, chain.leaf(position, *rows[0]).hex())
    leaves = [chain.leaf(number, *row) for number, row in enumerate(rows, position - len(rows) + 1)]
    return Acceptance(position, len(rows), digest(leaves))
