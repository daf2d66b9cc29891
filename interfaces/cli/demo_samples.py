"""The webhooks of the demo: ordinary ones of each source, and one of each kind that goes another way."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from interfaces.cli import demo_signing
from interfaces.cli.demo_sources import CLERK, CUSTOM, LEGACY, SHOPIFY, STRIPE, DemoSource


@attrs.frozen(kw_only=True)
class Sample:
    """One request: the source that it is for, the headers and the body, signed and ready."""

    source: DemoSource
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Sender:
    """Signs as the providers do. `secrets` are by the sources' keys; `run` makes the ids of this run its own."""

    secrets: Mapping[str, str]
    run: str

    def samples(self) -> tuple[Sample, ...]:
        """Every request, in the order in which they are to be sent."""
        mira = self._stripe("customer.created", 1, {"id": "cus_mira", "name": "Mira Jansen", "email": "mira@acme.test"})
        return (
            mira,
            mira,  # once more, byte for byte
            self._stripe("invoice.paid", 2, {"id": "in_204", "customer": "cus_mira", "amount_paid": 1250}),
            self._forged(self._stripe("customer.created", 3, {"id": "cus_mallory", "name": "Mallory"})),
            self._shopify("customers/create", 1, JONAS),
            self._shopify("orders/create", 2, {"id": 9999, "total_price": "414.95", "customer": JONAS}),
            self._shopify("carts/update", 3, {"id": "c-7", "line_items": []}),  # mapped to nothing
            self._clerk("user.created", 1, DAYO),
            self._clerk("organization.created", 2, {"id": "org_acme", "name": "Acme"}),
            self._custom("user.identified", 1, {"user_id": "u-17", "name": "Noor Haddad", "email": "noor@acme.test"}),
            self._custom("user.identified", 2, {"userId": "u-18", "name": "Sam Reyes"}),  # the mapping says user_id
            self._custom("ticket.opened", 3, {"ticket": {"id": "t-9", "subject": "No ink", "owner": "u-17"}}),
            self._legacy("document-shared", 1, {"title": "Plan for the spring", "recipients": ["u-17"]}),
        )

    def _id(self, number: int) -> str:
        return f"evt_{self.run}_{number}"

    def _sample(self, source: DemoSource, number: int, body: Any, **headers: str) -> Sample:
        content, secret = json.dumps(body).encode(), self.secrets[source.key]
        signature = demo_signing.SCHEMES[source.template](content, secret, self._id(number))
        given = {"content-type": "application/json", **{name.replace("_", "-"): headers[name] for name in headers}}
        return Sample(source=source, headers={**given, **signature}, body=content)

    def _stripe(self, event_type: str, number: int, subject: Any) -> Sample:
        created = int(datetime.now(UTC).timestamp())
        body = {"id": self._id(number), "type": event_type, "created": created, "data": {"object": subject}}
        return self._sample(STRIPE, number, body)

    def _shopify(self, topic: str, number: int, body: Any) -> Sample:
        return self._sample(SHOPIFY, number, body, x_shopify_topic=topic, x_shopify_triggered_at=_now())

    def _clerk(self, event_type: str, number: int, subject: Any) -> Sample:
        milliseconds = int(datetime.now(UTC).timestamp() * 1000)
        return self._sample(CLERK, number, {"type": event_type, "timestamp": milliseconds, "data": subject})

    def _custom(self, event_type: str, number: int, fields: Any) -> Sample:
        return self._sample(CUSTOM, number, {"id": self._id(number), "type": event_type, **fields})

    def _legacy(self, event: str, number: int, properties: Any) -> Sample:
        call = {"type": "track", "event": event, "messageId": self._id(number), "timestamp": _now()}
        return self._sample(LEGACY, number, {**call, "properties": properties})

    def _forged(self, sample: Sample) -> Sample:
        """The same request from somebody who does not know the secret."""
        sign = demo_signing.SCHEMES[sample.source.template]
        signature = sign(sample.body, demo_signing.new_secret(), self._id(0))
        return attrs.evolve(sample, headers={**sample.headers, **signature})


JONAS = {"id": 7061224390946, "first_name": "Jonas", "last_name": "Lind", "email": "jonas@acme.test"}
DAYO = {
    "id": "user_dayo",
    "first_name": "Dayo",
    "last_name": "Okafor",
    "email_addresses": [
        {"id": "idn_1", "email_address": "dayo@home.test"},
        {"id": "idn_2", "email_address": "dayo@acme.test"},
    ],
    "primary_email_address_id": "idn_2",
}


def _now() -> str:
    return datetime.now(UTC).isoformat()
