"""Reading: the ports to the read models, and the values that queries and their answers are made of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from domain.json_values import Json

Entry = Mapping[str, Json]
"""One entry of a list, in the API's shape."""

LARGEST_PAGE = 50


@attrs.frozen(kw_only=True)
class PageRequest:
    """Which page: the one after or before a cursor, or the first; at most `size` entries."""

    after: str | None = None
    before: str | None = None
    size: int = LARGEST_PAGE

    @property
    def backwards(self) -> bool:
        """Whether it is read from its end to its beginning; `after` counts more than `before`."""
        return self.after is None and self.before is not None


@attrs.frozen(kw_only=True)
class Page:
    """Entries, and the cursors of the pages around them, None where there is none."""

    entries: Sequence[Entry]
    after: str | None
    before: str | None
    size: int


@attrs.frozen(kw_only=True)
class LogFilter:
    """What the entries of a log must have in common; None means anything."""

    environment: str | None = None
    source: str | None = None
    event_type: str | None = None
    outcome: str | None = None
    verification_status: str | None = None
    idempotency_key: str | None = None
    action_type: str | None = None
    action_status: str | None = None
    event_log_id: str | None = None
    starting_at: datetime | None = None
    ending_at: datetime | None = None


class Logs(Protocol):
    """The event log and the action log."""

    def event_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """Webhooks, newest first, without payloads; those that wait for the worker are among them, as pending."""

    def event_log(self, event_log_id: str, environment: str | None) -> Entry | None:
        """One webhook with payload, headers and actions; None if there is none, in that environment if one is given."""

    def event_log_details(self, event_log_ids: Sequence[str]) -> Sequence[Entry]:
        """Several webhooks as `event_log` shows them, in the given order."""

    def history(self, event_log_id: str, environment: str | None) -> Sequence[Entry] | None:
        """Every domain event of a webhook, in order."""

    def body(self, event_log_id: str, environment: str | None) -> tuple[bytes, str] | None:
        """The raw body of a webhook and the content type that came with it."""

    def action_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """Actions, newest first."""

    def action_log(self, action_log_id: str, environment: str | None) -> Entry | None:
        """One action."""


class Overviews(Protocol):
    """What is known of sources from what they received."""

    def event_types(self, source: str, environment: str) -> Sequence[Entry]:
        """The event types that a source has received, the latest first."""

    def status(self, source: str, environment: str, *, since: datetime) -> Entry:
        """`{events_count, last_event_received}` of a source."""

    def accounting(self, environment: str | None, source: str | None) -> Sequence[Entry]:
        """Per source and environment: received, and how many had each outcome."""

    def lag(self) -> Entry:
        """`{events, seconds}`: how much of the log waits for the worker, and how old the oldest is."""


class Directory(Protocol):
    """Users, objects, tenants, subscriptions, audiences and runs."""

    def entity(self, environment: str, collection: str, entity_id: str) -> Entry | None:
        """`{id, collection, properties, created_at, updated_at}`, or None."""

    def entities(self, environment: str, collection: str, page: PageRequest) -> Page:
        """The entities of a collection, by id."""

    def subscriptions(self, environment: str, collection: str, entity_id: str, *, mode: str, page: PageRequest) -> Page:
        """Who follows an object (`mode` object), or what a recipient follows (`mode` recipient)."""

    def members(self, environment: str, audience: str, page: PageRequest) -> Page | None:
        """The members of an audience, or None if there is no such audience."""

    def audiences(self, environment: str) -> Sequence[Entry]:
        """The audiences of an environment, by key."""

    def runs(self, environment: str, *, workflow: str | None, page: PageRequest) -> Page:
        """Workflow runs, newest first."""

    def run(self, environment: str, run_id: str) -> Entry | None:
        """One run, or None."""
