"""The scheme `segment`: `X-Signature: <hex>` is the HMAC-SHA1 of the raw body.

Fact from Segment's webhook destination (segment.com/docs, "Webhooks (Actions)", and its source, segmentio's
action-destinations): with batching, which is off by default, the body is a list and only its first event is signed, so
a list could be lengthened at will. Lists are therefore refused whatever their signature. There is no signed time.
"""

import attrs

from infrastructure.signatures import body_hmac
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Presented, Signed, Unverifiable

OPTIONS: frozenset[str] = frozenset()


def recipe(given: Options) -> Signed:
    """Read the options, of which there are none."""
    signed = body_hmac.of_body(body_hmac.Signature("x-signature", "sha1"))

    def read(headers: Headers, body: bytes, query: str) -> Presented:
        presented = signed.read(headers, body, query)
        if body.lstrip().startswith(b"["):
            message = "the body is a list, of which only the first event would be signed; turn batching off in Segment"
            raise Unverifiable("batch_not_signed", message)
        return presented

    return attrs.evolve(signed, read=read)
