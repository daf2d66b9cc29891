"""What an answer of Knock's API means for the call that it answers."""

import json
import re
from typing import Final

from domain import deliveries
from domain.deliveries import Attempt

REFUSING: Final = frozenset({401, 403})
PASSING: Final = frozenset({408, 409, 425, 429})
"""4xx that may be otherwise in a moment; all others stay as they are, however often they are asked for."""

ALREADY_GONE: Final = "already_gone"
_CODE: Final = re.compile(r'"code"\s*:\s*"([a-z_]{1,64})"')


def judged(
    status: int, milliseconds: int, answer: bytes = b"", retry_after: float | None = None, *, removes: bool = False
) -> Attempt:
    """The attempt that was answered so. To a call that `removes`, nothing to be removed is as good as removed."""
    if not 400 <= status < 500 or status in PASSING:
        return deliveries.answered(status, milliseconds, answer, retry_after)
    if removes and status == 404 and code_of(answer) == "resource_missing":
        message = "the account has nothing there any more"
        return _attempt("delivered", status, ALREADY_GONE, message, milliseconds, answer)
    if status in REFUSING:
        message = f"the account answered {status}: it does not accept the API key; set the right one for forwarding"
        return _attempt("refused", status, deliveries.UNAUTHORIZED, message, milliseconds, answer)
    message = f"the account answered {status}, which trying again would not change"
    return _attempt("refused", status, code_of(answer) or deliveries.ANSWERED, message, milliseconds, answer)


def code_of(answer: bytes) -> str:
    """The `code` of an error in Knock's shape, also where the answer is cut off; empty where there is none."""
    text = answer.decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except ValueError:
        found = _CODE.search(text)
        return found[1] if found else ""
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) and re.fullmatch("[a-z_]{1,64}", code) else ""


def _attempt(
    outcome: deliveries.Outcome, status: int, code: str, message: str, milliseconds: int, answer: bytes
) -> Attempt:
    return Attempt(outcome=outcome, status=status, code=code, message=message, milliseconds=milliseconds, answer=answer)
