"""What a signature vouches for, and which inputs of a configuration it leaves open to whoever relays the request.

A signature of the body alone lets a relay change every header unnoticed. Nothing is refused for it; it is said.
"""

import attrs

from domain import paths
from domain.settings import Settings


@attrs.frozen
class Covered:
    """What changes nothing unnoticed: the body, and these headers (lower-cased)."""

    body: bool = False
    headers: frozenset[str] = frozenset()


NOTHING = Covered()
BODY = Covered(body=True)


def uncovered(settings: Settings, covered: Covered) -> tuple[str, ...]:
    """Those of `event_type` and `idempotency_key` that come from what nothing vouches for; none that is not read.

    A script may read anything, so what comes from one is never vouched for.
    """
    read = {
        "event_type": settings.event_type_path,
        "idempotency_key": settings.idempotency_key_path if settings.deduplicates else None,
    }
    return tuple(name for name, path in read.items() if path is not None and not _vouched(path, settings, covered))


def _vouched(path: str, settings: Settings, covered: Covered) -> bool:
    match paths.parse(path).segments:
        case ("headers", str(name), *_):
            return name in covered.headers
        case ("headers", *_):
            return False
        case ("preprocess", *_):
            return covered.body and settings.preprocessor is not None and settings.preprocess_script is None
        case _:
            return covered.body
