"""What the doctor finds."""

from typing import Literal

import attrs

Grade = Literal["ok", "warning", "problem"]


@attrs.frozen
class Finding:
    """One thing that was looked at."""

    grade: Grade
    subject: str
    words: str
