"""Shopify: a customer's one name."""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "name": "the first and last name of the customer, or of the order's customer, as far as they are given",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`. Either name may be null; an order has its customer in `customer` (shopify.dev, REST Customer)."""
    customer = readings.mapping(body.get("customer")) or body
    return readings.present({"name": readings.full_name(customer.get("first_name"), customer.get("last_name"))})
