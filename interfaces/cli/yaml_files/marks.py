"""Telling whether something on the server is still as a plan found it. Whoever pushes asks first."""

from domain.errors import Refused


class EditedMeanwhile(Refused):
    """What the plan was made for is no more as it was."""


def require(name: str, planned: object, found: object) -> None:
    """Raise EditedMeanwhile unless what is called `name` still has the mark that was `planned` for; None: not there."""
    if planned == found:
        return
    happened = "was made" if planned is None else "was archived or removed" if found is None else "was edited"
    raise EditedMeanwhile(
        f"{name} {happened} on the server while the plan was looked at, and is not touched; "
        "pull, or look at the plan again, and then push"
    )
