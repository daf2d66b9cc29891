"""Ids that follow from what they name, so that what is derived twice from the same is one and the same."""

import hashlib


def derived(*parts: str) -> str:
    """A UUID (version 8, RFC 9562) that follows from the parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
