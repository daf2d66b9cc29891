"""The examples of templates, signed at this moment: what a running gateway is sent."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from application.templates import Template
from tests.infrastructure.example_signing import SIGNERS

OF_THE_SENDER_ALONE = ("bearer", "polytomic", "shared_header")


def headers(template: Template, body: bytes, example: Mapping[str, str]) -> dict[str, str]:
    """The headers of an example, with the signature of this body at this moment where the template has a secret."""
    if template.example_secret is None:
        return dict(example)
    unsigned = {**example, **_at(int(time.time()))}
    return {**unsigned, **SIGNERS[template.settings.verification.scheme](template.example_secret, unsigned, body)}


def _at(now: int) -> dict[str, str]:
    """The headers that say when, of all schemes together: each signer reads its own, and no verifier another's."""
    return {
        "stripe-signature": f"t={now},v1=",
        "workos-signature": f"t={now * 1_000}, v1=",
        "svix-timestamp": str(now),
        "svix-id": f"msg_{time.monotonic_ns()}",
        "polytomic-signature-timestamp": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z"),
    }


def covers_body(template: Template) -> bool:
    """Whether a byte changed in the body makes the signature a wrong one."""
    return template.settings.verification.scheme not in OF_THE_SENDER_ALONE
