"""How much may be sent to each target at once: little to any, nothing to one that is down. None holds up another.

Kept by the process that sends, and forgotten with it: a circuit that was open is found out again.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from domain import circuits
from domain.circuits import Circuit, Closed
from domain.deliveries import Attempt

EACH = 4
"""Attempts at one target at the same time."""


def of(url: str) -> str:
    """The target that a URL belongs to, for its circuit: scheme, host and port, such as `https://example.com:443`.

    Of a text that is no URL, the text itself: sending refuses it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return url
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}"


class Targets:
    """Mutable on purpose. Safe to use from several threads."""

    def __init__(self, each: int = EACH) -> None:
        self.each = each
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._circuits: dict[str, Circuit] = {}

    def slots(self, at: datetime) -> Mapping[str, int]:
        """How many more attempts may begin at each target that is busy or was down; at all others, `each`."""
        with self._lock:
            return {target: self._free(target, at) for target in {*self._busy, *self._circuits}}

    def _free(self, target: str, at: datetime) -> int:
        circuit = self._circuits.get(target, Closed())
        if isinstance(circuit, Closed):
            return max(self.each - self._busy[target], 0)
        return 1 if circuits.admit(circuit, at).wait is None else 0

    def begin(self, target: str, at: datetime) -> bool:
        """Ask to begin an attempt; if it may, `end` must follow."""
        with self._lock:
            admission = circuits.admit(self._circuits.get(target, Closed()), at)
            if admission.wait is not None:
                return False
            self._keep(target, admission.circuit)
            self._busy[target] += 1
            return True

    def end(self, target: str, attempt: Attempt | None, at: datetime) -> None:
        """Say what came of an attempt that began; None when it was not made after all."""
        with self._lock:
            self._busy[target] -= 1
            if not self._busy[target]:
                del self._busy[target]
            circuit = self._circuits.get(target, Closed())
            after = circuits.withdraw(circuit, at) if attempt is None else circuits.report(circuit, attempt, at)
            self._keep(target, after)

    def _keep(self, target: str, circuit: Circuit) -> None:
        """Remember the circuit, unless it is as one that nobody knows."""
        if circuit == Closed():
            self._circuits.pop(target, None)
        else:
            self._circuits[target] = circuit
