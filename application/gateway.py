"""The whole gateway as an interface sees it: the use cases and the ports to read from, put together elsewhere."""

from collections.abc import Callable, Mapping

import attrs

from application.auditing import Auditing
from application.bulk_operations import BulkOperations
from application.calling import Calling
from application.catalogue import Catalogue
from application.collecting import Collecting
from application.configuration_versions import ConfigurationVersions
from application.dead_letters import DeadLetters
from application.disabled_targets import DisabledTargets
from application.erasing import Erasing
from application.explaining import Explaining
from application.following import Following
from application.managing import Managing
from application.ports import Clock, TableWriter
from application.processing_again import ProcessingAgain
from application.queries import Directory, DisabledTargetList, Forwards, Lineage, Logs, Overviews, Replays, Runs
from application.rate_limits import RateLimits
from application.receiving import Receiving
from application.rehearsing import Rehearsing
from application.requesting_replays import RequestingReplays
from application.syncing import Syncing
from application.templates import Templates
from application.trying_scripts import TryingScripts
from domain.json_values import Json


@attrs.frozen(kw_only=True)
class Limits:
    """What a request may cost. Sizes in bytes, times in seconds; `batch_bytes` is for many events at once."""

    body_bytes: int = 1_048_576
    batch_bytes: int = 6_291_456
    body_seconds: float = 10.0
    headers: int = 64
    header_bytes: int = 16_384


@attrs.frozen(kw_only=True)
class Gateway:
    """Handed to every handler. `endpoint_url` makes a receiving address from its token; `parse` reads API bodies.

    `table_writer` gives what writes Parquet, or refuses where that is not installed.
    """

    catalogue: Catalogue
    managing: Managing
    receiving: Receiving
    collecting: Collecting
    rehearsing: Rehearsing
    trying_scripts: TryingScripts
    calling: Calling
    bulk_operations: BulkOperations
    syncing: Syncing
    rate_limits: RateLimits
    templates: Templates
    logs: Logs
    explaining: Explaining
    erasing: Erasing
    configuration_versions: ConfigurationVersions
    overviews: Overviews
    directory: Directory
    lineage: Lineage
    runs: Runs
    forwards: Forwards
    dead_letters: DeadLetters
    disabled_targets: DisabledTargets
    disabled_target_list: DisabledTargetList
    auditing: Auditing
    following: Following
    table_writer: Callable[[], TableWriter]
    replays: Replays
    requesting_replays: RequestingReplays
    processing_again: ProcessingAgain
    parse: Callable[[bytes], Mapping[str, Json]]
    clock: Clock
    new_id: Callable[[], str]
    endpoint_url: Callable[[str], str]
    limits: Limits
