"""The root of every refusal of a caller's mistake; each concept raises its own kind beside its own code."""


class Refused(Exception):
    """Say what a caller got wrong, naming the field, the value and what would be right.

    `str()` is the message; `field` is the dotted name of the offending field, or None when no single field is at fault.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
