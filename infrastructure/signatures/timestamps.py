"""Read signed times strictly: what `int()` takes (`+1`, ` 1`, `1_000`, other scripts' digits) is not a timestamp."""

from infrastructure.signatures.verifying import Unverifiable

# Eleven digits of seconds last until the year 5138; thirteen are milliseconds, which no scheme here signs.
_LONGEST = 11


def seconds(text: str, header: str) -> int:
    """Read Unix seconds: ASCII digits without a leading zero. Raises `Unverifiable`, naming `header`."""
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST and text[0] != "0":
        return int(text)
    raise Unverifiable("timestamp_malformed", f"the header {header} does not hold one time in whole Unix seconds")
