"""The names that people give to things: keys of sources, workflows and audiences, slugs of environments."""

import string

from domain import errors

ALLOWED = frozenset(string.ascii_lowercase + string.digits + "_-")
LONGEST = 64


class SlugInvalid(errors.Refused):
    """A key or slug holds something that cannot stand in a path or a file name."""


def check(text: str, *, field: str) -> str:
    """`text` itself when it is 1–64 of a–z, 0–9, `_` and `-`, beginning with a letter or digit; else SlugInvalid."""
    if not (0 < len(text) <= LONGEST and ALLOWED.issuperset(text) and text[0] not in "_-"):
        raise SlugInvalid(
            f"{field} is {text!r}; it must be 1 to {LONGEST} lower-case letters, digits, '_' or '-', "
            "beginning with a letter or a digit",
            field=field,
        )
    return text
