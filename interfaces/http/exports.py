"""Exports of both logs: all that a filter finds, the oldest first, as a stream that can be taken up where it broke."""

from collections.abc import Sequence

from litestar import get
from litestar.response import Stream

from application.gateway import Gateway
from application.queries import Export, Stretch
from interfaces.http import export_formats, log_filters, streaming
from interfaces.http.callers import AnyRequest, text
from interfaces.http.export_formats import Column, Format
from interfaces.http.problems import Malformed

MOST = 1_000_000
"""Entries that `limit` may ask for; without it there are as many as there are."""

BESIDE = ("format", "after", "limit")
EVENT_LOGS = (
    *(Column(name, (name,)) for name in ("id", "source", "environment", "event_type")),
    *(Column(name, (name,), "time") for name in ("received_at", "occurred_at")),
    Column("configuration_version", ("configuration_version",), "integer"),
    Column("verification_status", ("verification_status",)),
    Column("idempotency_outcome", ("idempotency", "outcome")),
    Column("idempotency_key", ("idempotency", "key")),
    Column("original_id", ("idempotency", "original_id")),
    *(Column(name, (name,)) for name in ("outcome", "error")),
    *(Column(name, (name,), "integer") for name in ("actions_count", "evaluations")),
    *(Column(name, (name,)) for name in ("origin", "cursor")),
)
ACTION_LOGS = (
    *(Column(name, (name,)) for name in ("id", "event_log_id", "source", "environment", "event_type", "mapping_id")),
    Column("evaluation", ("evaluation",), "integer"),
    *(Column(name, (name,)) for name in ("action_type", "action_status", "action_parameters", "action_payload")),
    *(Column(name, (name,)) for name in ("action_result", "origins", "warnings")),
    *(Column(f"error_{name}", ("error", name)) for name in ("code", "message", "field", "path")),
    Column("inserted_at", ("inserted_at",), "time"),
    *(Column(name, (name,)) for name in ("forward", "cursor")),
)


@get("/v1/event_logs/export", sync_to_thread=True, summary="Export webhooks")
def export_event_logs(request: AnyRequest, gateway: Gateway) -> Stream:
    """All webhooks that the filters of the event log find, the oldest first, in `format` ndjson, csv or parquet.

    `after` goes on behind a `cursor`, which each entry has; `limit` ends sooner. `Hookledger-After`, `-More` and
    `-Progress` say how to go on once it has arrived whole.
    """
    wanted, stretch = log_filters.events(request, gateway, *BESIDE), stretch_of(request)
    written = _format(request, gateway)
    return answer(gateway.following.exports.event_logs(wanted, stretch), written, EVENT_LOGS, "event_logs")


@get("/v1/action_logs/export", sync_to_thread=True, summary="Export actions")
def export_action_logs(request: AnyRequest, gateway: Gateway) -> Stream:
    """All actions that the filters of the action log find, in the order of recording; the rest is as for webhooks."""
    wanted, stretch = log_filters.actions(request, gateway, *BESIDE), stretch_of(request)
    written = _format(request, gateway)
    return answer(gateway.following.exports.action_logs(wanted, stretch), written, ACTION_LOGS, "action_logs")


NDJSON = Format("application/x-ndjson", "ndjson", export_formats.ndjson)
CSV = Format("text/csv", "csv", export_formats.as_csv)


def stretch_of(request: AnyRequest) -> Stretch:
    """`after` and `limit`."""
    limit = request.query_params.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) < 8 and 1 <= int(limit) <= MOST):
        raise Malformed(f"limit is {limit!r:.80}; it must be a whole number from 1 to {MOST}", "limit")
    return Stretch(after=text(request, "after"), limit=int(limit) if limit else None)


def answer(export: Export, written: Format, columns: Sequence[Column], name: str) -> Stream:
    """An export on its way, with what one needs to go on behind it in the headers."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{written.ending}"',
        "Hookledger-More": str(export.more).lower(),
        "Hookledger-Progress": f"{export.progress:.4f}",
        **({"Hookledger-After": export.after} if export.after is not None else {}),
    }
    content = streaming.chunks(written.written(columns, export.pages))
    return Stream(content, headers=headers, media_type=written.media_type)


def _format(request: AnyRequest, gateway: Gateway) -> Format:
    asked = text(request, "format") or "ndjson"
    if asked == "parquet":
        written = export_formats.parquet(gateway.table_writer())
        return Format("application/vnd.apache.parquet", "parquet", written)
    if asked not in ("ndjson", "csv"):
        raise Malformed(f"format is {asked!r:.80}; it must be ndjson, csv or parquet", "format")
    return CSV if asked == "csv" else NDJSON


HANDLERS = [export_event_logs, export_action_logs]
