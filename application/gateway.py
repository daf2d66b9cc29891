"""The whole gateway as an interface sees it: the use cases and the ports to read from, put together elsewhere."""

from collections.abc import Callable

import attrs

from application.catalogue import Catalogue
from application.managing import Managing
from application.ports import BodyParser, Clock
from application.queries import Directory, Logs, Overviews
from application.receiving import Receiving
from application.rehearsing import Rehearsing
from application.templates import Templates


@attrs.frozen(kw_only=True)
class Limits:
    """What a request may cost. Sizes in bytes, times in seconds."""

    body_bytes: int = 1_048_576
    body_seconds: float = 10.0
    headers: int = 64
    header_bytes: int = 16_384


@attrs.frozen(kw_only=True)
class Gateway:
    """Handed to every handler. `endpoint_url` makes a receiving address from its token."""

    catalogue: Catalogue
    managing: Managing
    receiving: Receiving
    rehearsing: Rehearsing
    templates: Templates
    logs: Logs
    overviews: Overviews
    directory: Directory
    parse: BodyParser
    clock: Clock
    new_id: Callable[[], str]
    endpoint_url: Callable[[str], str]
    limits: Limits
