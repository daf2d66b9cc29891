"""Places at which a test lets this process die, as if somebody had killed it there: kill -9, nothing is put in order.

Inert outside tests: pytest must be what started the process, and `FAILPOINT` must name the place, such as
`after_effect:2` for the second time that it is reached.
"""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

Place = Literal["before_effect", "after_effect", "before_commit", "after_commit"]
"""Around what goes out, an effect; and around the record of it, before its transaction commits and after."""

VARIABLE: Final = "FAILPOINT"
STARTED_BY: Final = "PYTEST_CURRENT_TEST"

_PLACE, _, _TIME = (os.environ.get(VARIABLE, "") if STARTED_BY in os.environ else "").partition(":")
_reached = itertools.count(1)


def reach(place: Place) -> None:
    """Die here, if this is the place and the time."""
    if place == _PLACE and next(_reached) == int(_TIME or 1):
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def effect() -> Iterator[None]:
    """Around whatever leaves the gateway, once for each attempt."""
    reach("before_effect")
    yield
    reach("after_effect")
