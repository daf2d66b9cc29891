"""Reading: the ports to the read models, and the values that queries and their answers are made of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
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
class Moment:
    """How much of the log counts: all up to a position, all recorded up to a time, or, with neither, all."""

    position: int | None = None
    recorded_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether all of it counts."""
        return self.position is None and self.recorded_at is None


@attrs.frozen(kw_only=True)
class Traced:
    """An entity with what set each of its fields, and a page of the changes to it, in the order of the log."""

    entry: Entry
    changes: Page


@attrs.frozen(kw_only=True)
class LogFilter:
    """What the entries of a log must have in common; None means anything.

    `entity` is the collection and id of one that the actions changed; `words` have to be in the payload, all of them.
    """

    environment: str | None = None
    source: str | None = None
    event_type: str | None = None
    outcome: str | None = None
    verification_status: str | None = None
    idempotency_key: str | None = None
    action_type: str | None = None
    action_status: str | None = None
    event_log_id: str | None = None
    entity: tuple[str, str] | None = None
    words: tuple[str, ...] = ()
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
        """The raw body of a webhook and the content type that came with it. Raises PayloadErased."""

    def action_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """Actions, newest first."""

    def action_log(self, action_log_id: str, environment: str | None) -> Entry | None:
        """One action."""


@attrs.frozen(kw_only=True)
class Stretch:
    """Which part of a log is exported: what comes after a cursor, or all of it; at most `limit` entries, if given."""

    after: str | None = None
    limit: int | None = None


@attrs.frozen(kw_only=True)
class Export:
    """A part of a log, the oldest entry first. `pages` are read as they are asked for, each entry with its `cursor`.

    `after` is the cursor behind the whole of it, None if there never was an entry; `more` says whether anything
    follows yet, and `progress` how far its end lies between the log's first entry and its last, from 0 to 1.
    """

    pages: Iterator[Sequence[Entry]]
    after: str | None
    more: bool
    progress: float


class Exports(Protocol):
    """The logs from their beginning to their end, as they are settled, for those who want all of it."""

    def event_logs(self, wanted: LogFilter, stretch: Stretch) -> Export:
        """Webhooks in the order of the log, without payloads."""

    def action_logs(self, wanted: LogFilter, stretch: Stretch) -> Export:
        """Actions in the order in which they were recorded."""

    def events(self, stretch: Stretch) -> Export:
        """The log itself."""

    def newer_event_logs(self, wanted: LogFilter, after: str | None) -> tuple[Sequence[Entry], str]:
        """The next webhooks after a cursor, and where to go on, also past what the filter leaves out.

        Without a cursor there are none, and one goes on with what is settled from now on.
        """


@attrs.frozen(kw_only=True)
class FeedFilter:
    """Which events of the log are meant: those of a stream, those of a category, or all."""

    stream: str | None = None
    category: str | None = None


class Feed(Protocol):
    """The log itself, in its one order. What is secret in an event is withheld."""

    def events(self, wanted: FeedFilter, *, after: int, limit: int) -> Sequence[Entry]:
        """The next events after a position, without gaps; at least one if there is any."""

    def stream(self, name: str) -> Sequence[Entry]:
        """Every event of a stream, in order; none if there is no such stream."""


class Lineage(Protocol):
    """Where entities come from."""

    def entity(
        self, environment: str, collection: str, entity_id: str, *, as_of: Moment, page: PageRequest
    ) -> Traced | None:
        """`{entity, deleted_by, fields, subscriptions, memberships, truncated}` as of a moment.

        None where nothing had touched the entity by then. `truncated` says that only the latest changes were told of.
        """


@attrs.frozen(kw_only=True)
class AccountingFilter:
    """Which webhooks are counted, by the day (UTC) of their receipt; None means any. `ending` is not counted itself."""

    environment: str | None = None
    source: str | None = None
    starting: date | None = None
    ending: date | None = None
    by_day: bool = False


class Overviews(Protocol):
    """What is known of sources from what they received."""

    def event_types(self, source: str, environment: str) -> Sequence[Entry]:
        """The event types that a source has received, the latest first."""

    def status(self, source: str, environment: str, *, since: datetime) -> Entry:
        """`{events_count, last_event_received}` of a source."""

    def accounting(self, wanted: AccountingFilter) -> Sequence[Entry]:
        """Per source and environment, and per day if wanted: received, and how many had each outcome."""

    def recount(self, wanted: AccountingFilter) -> Entry:
        """`{recounted_at, agrees}`: when the log was last counted again, and whether it said so too; None if never."""

    def lag(self) -> Entry:
        """`{events, seconds}`: how much of the log waits for the worker, and how old the oldest is."""


class Directory(Protocol):
    """Users, objects, tenants, subscriptions and audiences."""

    def entity(self, environment: str, collection: str, entity_id: str) -> Entry | None:
        """`{id, collection, properties, created_at, updated_at}`, or None."""

    def entities(
        self,
        environment: str,
        collection: str,
        page: PageRequest,
        *,
        entity_id: str | None = None,
        name: str | None = None,
    ) -> Page:
        """The entities of a collection, by id; those with an id or a name, where one is given."""

    def subscriptions(self, environment: str, collection: str, entity_id: str, *, mode: str, page: PageRequest) -> Page:
        """Who follows an object (`mode` object), or what a recipient follows (`mode` recipient)."""

    def following(
        self, environment: str, collection: str, object_id: str, recipients: Sequence[tuple[str, str]]
    ) -> Sequence[Entry]:
        """The subscriptions of these recipients (collection and id) to an object, in their order."""

    def memberships(self, environment: str, user_id: str) -> Sequence[tuple[str, str | None]]:
        """The audiences that a user is in, each with its tenant or none."""

    def members(self, environment: str, audience: str, page: PageRequest) -> Page | None:
        """The members of an audience, or None if there is no such audience."""

    def audiences(self, environment: str) -> Sequence[Entry]:
        """The audiences of an environment, by key."""


class DisabledTargetList(Protocol):
    """The targets to which nothing is sent."""

    def disabled_targets(self, environment: str, page: PageRequest) -> Page:
        """`{id, url, run_id, disabled_at}` of each, the latest first."""


@attrs.frozen(kw_only=True)
class RunFilter:
    """What runs must have in common; None means anything. `recipient` is a collection and an id."""

    workflow: str | None = None
    statuses: Sequence[str] | None = None
    tenant: str | None = None
    recipient: tuple[str, str] | None = None
    has_errors: bool | None = None
    code: str | None = None
    starting_at: datetime | None = None
    ending_at: datetime | None = None


@attrs.frozen(kw_only=True)
class ForwardFilter:
    """What forwards must have in common; None means anything."""

    status: str | None = None
    action_type: str | None = None
    event_log_id: str | None = None
    code: str | None = None
    starting_at: datetime | None = None
    ending_at: datetime | None = None


class Forwards(Protocol):
    """Forwards: executed actions on their way to a Knock account."""

    def forwards(self, environment: str, wanted: ForwardFilter, page: PageRequest) -> Page:
        """Forwards, newest first."""

    def forward(self, environment: str, forward_id: str) -> Entry | None:
        """One forward, or None."""

    def history(self, forward_id: str) -> Sequence[Entry]:
        """Every domain event of a forward, in order."""

    def failed(self, environment: str, wanted: ForwardFilter, *, limit: int) -> Sequence[str]:
        """The ids of dead letters, oldest first."""


class Runs(Protocol):
    """Workflow runs."""

    def runs(self, environment: str, wanted: RunFilter, page: PageRequest) -> Page:
        """Runs, newest first."""

    def run(self, environment: str, run_id: str) -> Entry | None:
        """One run, or None."""

    def history(self, run_id: str) -> Sequence[Entry]:
        """Every domain event of a run, in order."""


class Replays(Protocol):
    """Replays, and what they have found."""

    def replays(self, page: PageRequest, *, environment: str | None, source: str | None, status: str | None) -> Page:
        """Replays, newest first."""

    def replay(self, replay_id: str, environment: str | None) -> Entry | None:
        """One replay; None if there is none, in that environment if one is given."""

    def diff(
        self, replay_id: str, page: PageRequest, *, kind: str | None, everything: bool, against: str | None
    ) -> Page:
        """Webhooks with their changes, in the order of their receipt: those with any (of a kind), or all.

        `against` another replay, those of which the two say different things.
        """

    def differences(
        self, replay_id: str, *, kind: str | None, everything: bool, against: str | None
    ) -> Iterator[Entry]:
        """As `diff`, one after another to the end."""

    def preview(self, replay_id: str, *, force: bool) -> Entry:
        """What carrying out would come to: `{webhooks, releases, not_undone, actions: {type: count}}`."""
