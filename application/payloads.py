"""Payloads that people write themselves, to rehearse an event or to try out a script: `{body, headers?}`."""

from collections.abc import Mapping

from domain import errors
from domain.json_values import Json


class PayloadInvalid(errors.Refused):
    """The payload is not `{body, headers}`."""


def parts(payload: Mapping[str, Json]) -> tuple[Mapping[str, Json], dict[str, str]]:
    """The body, and the headers by lower-cased name. Raises PayloadInvalid."""
    body, headers = payload.get("body"), payload.get("headers")
    headers = {} if headers is None else headers
    if not isinstance(body, Mapping):
        raise PayloadInvalid("payload.body must be an object", field="payload.body")
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise PayloadInvalid("payload.headers must be an object of texts", field="payload.headers")
    return body, {name.lower(): str(value) for name, value in headers.items()}
