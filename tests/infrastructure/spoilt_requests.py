"""Parts of requests for hypothesis, mostly genuine and now and then spoilt, and how to ask a package about them."""

import json
from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
BODIES = st.text(st.characters(codec="utf-8"))
NOW_AND_THEN = st.integers(-298, 298)


def mostly(genuine: T, *spoilt: T) -> st.SearchStrategy[T]:
    """Four times in five what is genuine, so that a request is often spoilt in one place only."""
    return st.sampled_from([genuine] * 4 * len(spoilt) + list(spoilt))


# Ages at a distance from the tolerance, because the libraries look at their own clock a little later than we do.
AGES = mostly(0, -100_000, -400, -303, -297, 297, 303, 400, 100_000)
TIMES = mostly("{}", "+{}", " {}", "0{}", "{}.0", "{}000", "{},t=1", "", "x")
TAILS = mostly(b"", b" ", b"x")


def refuses(verify: Callable[[], object]) -> bool:
    """Tell whether a library refuses. That it goes on to parse the body as JSON is no verdict on the signature."""
    try:
        verify()
    except json.JSONDecodeError:
        return False
    except Exception:  # whatever else a library raises, it lets nothing in
        return True
    return False
