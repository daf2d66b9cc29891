"""What the paths of a configuration see of a webhook: the namespaces body, headers and preprocess, and legacy ones."""

from collections.abc import Mapping

from domain import preprocessing
from domain.json_values import Json
from domain.settings import Settings

NAMED = [(f"svix-{name}", f"webhook-{name}") for name in ("id", "timestamp", "signature")]
TWINS = dict((*NAMED, *((unbranded, branded) for branded, unbranded in NAMED)))
"""Headers of Standard Webhooks and the same under the names that Svix gives them; senders use either."""


def build(
    body: Mapping[str, Json], headers: Mapping[str, str], settings: Settings, script: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The namespaces by name; what a `script` returned goes before native preprocessing.

    Legacy sources add `data` (their properties) and `user_id`; headers of Standard Webhooks go by both of their names.
    """
    preprocess = {**_preprocess(body, settings), **(script or {})}
    context: dict[str, Json] = {"body": body, "headers": _with_twins(headers), "preprocess": preprocess}
    if settings.dialect != "current":
        context["data"] = body.get("properties") or {}
        context["user_id"] = body.get("userId")
    return context


def _with_twins(headers: Mapping[str, str]) -> Mapping[str, str]:
    # The one signature is as good under either name, so that a key under one alone would not stop a repetition.
    if TWINS.keys().isdisjoint(headers):
        return headers
    return {**{twin: headers[name] for name, twin in TWINS.items() if name in headers}, **headers}


def _preprocess(body: Mapping[str, Json], settings: Settings) -> dict[str, Json]:
    if settings.preprocessor is None:
        return {}
    return preprocessing.PREPROCESSORS[settings.preprocessor].apply(body)
