"""Read signed times strictly: what `int()` takes (`+1`, ` 1`, `1_000`, other scripts' digits) is not a timestamp."""

import re
from datetime import datetime

from infrastructure.signatures.verifying import Unverifiable

# Eleven digits of seconds last until the year 5138; thirteen are milliseconds since 2001.
_SECONDS = range(1, 12)
_MILLISECONDS = range(13, 15)
# RFC 3339 in capitals. `fromisoformat` takes much else, such as week dates and other separators.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def seconds(text: str, header: str) -> int:
    """Read Unix seconds: ASCII digits without a leading zero. Raises `Unverifiable`, naming `header`."""
    return _whole(text, header, _SECONDS, "seconds")


def milliseconds(text: str, header: str) -> float:
    """Read Unix milliseconds as seconds: 13 ASCII digits without a leading zero, 14 from the year 2286 on."""
    return _whole(text, header, _MILLISECONDS, "milliseconds") / 1000


def rfc_3339(text: str, header: str) -> float:
    """Read `2021-06-01T22:55:36Z`, or with a fraction or an offset, as Unix seconds. Raises `Unverifiable`."""
    try:
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass  # a thirteenth month and the like
    raise _malformed(header, "as 2021-06-01T22:55:36Z")


def _whole(text: str, header: str, lengths: range, unit: str) -> int:
    if text.isascii() and text.isdigit() and len(text) in lengths and text[0] != "0":
        return int(text)
    raise _malformed(header, f"in whole Unix {unit}")


def _malformed(header: str, right: str) -> Unverifiable:
    return Unverifiable("timestamp_malformed", f"the header {header} does not hold one time {right}")
