"""What can go wrong that is nobody's bad input: a broken world, or a race; and what many use cases miss."""

from domain import errors


class Unavailable(Exception):
    """The event store did not confirm in time. Nothing was acknowledged; the caller may try again."""


class Busy(Unavailable):
    """More is waiting to be stored than the gateway is willing to hold."""


class Conflict(Exception):
    """Somebody else appended to the same stream first."""


class ConfigurationMoved(Exception):
    """A configuration was edited after the caller looked at it; look again and judge again."""


class PayloadErased(Exception):
    """What was received is not there any more: its key was destroyed."""


class WebhookUnknown(errors.Refused):
    """No webhook has this id, for this caller."""
