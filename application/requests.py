"""What passes between a sender and the gateway: a request, and one of the two answers to it."""

from collections.abc import Mapping

import attrs

from domain.acceptances import Acceptance


@attrs.frozen(kw_only=True)
class Request:
    """What arrived. Header names are lower-cased, repeated headers joined by ", "; `body` is decoded."""

    method: str
    query: str
    remote_address: str | None
    headers: Mapping[str, str]
    body: bytes
    request_id: str | None = None

    @property
    def bytes_around(self) -> int:
        """Bytes that go on record beside the body, with each part of a batch anew."""
        return len(self.query) + sum(len(name) + len(value) for name, value in self.headers.items())


@attrs.frozen
class Reply:
    """What a provider wants to read in place of the usual answer."""

    content_type: str
    body: bytes


@attrs.frozen(kw_only=True)
class Accepted:
    """The request is on record, and will be processed: as one webhook, or as one for each of its parts.

    `acceptance` is what proves it later, once the request is on record.
    """

    webhook_ids: tuple[str, ...] = ()
    legacy: bool = False
    reply: Reply | None = None
    acceptance: Acceptance | None = attrs.field(default=None, eq=False)  # where it is, and not what was answered


@attrs.frozen(kw_only=True)
class Turned:
    """The request was turned away: an HTTP status, a stable code and words. `webhook_id` if it is on record."""

    status: int
    code: str
    message: str
    webhook_id: str | None = None
    retry_after: int | None = None


ACCEPTED, LEGACY = Accepted(), Accepted(legacy=True)
FAILED = "verification_failed"
TOO_MANY = Turned(
    status=429,
    code="too_many_rejected",
    message="too many requests of this source were rejected; send again later",
    retry_after=1,
)
TOO_MUCH = Turned(
    status=413,
    code="batch_too_large",
    message="with what they share, headers and context included, the parts of the batch come to more bytes than are "
    "taken; send fewer at once",
)
UNKNOWN = Turned(status=404, code="resource_missing", message="no source receives at this address")
DISABLED = Turned(status=404, code="source_disabled", message="this source is disabled in this environment")
