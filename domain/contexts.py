"""What the paths of a configuration see of a webhook: the namespaces body, headers and preprocess, and legacy ones."""

from collections.abc import Mapping

from domain import preprocessing
from domain.json_values import Json
from domain.settings import Settings


def build(
    body: Mapping[str, Json], headers: Mapping[str, str], settings: Settings, script: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The namespaces by name; what a `script` returned goes before native preprocessing.

    Legacy sources add `data` (their properties) and `user_id`.
    """
    preprocess = {**_preprocess(body, settings), **(script or {})}
    context: dict[str, Json] = {"body": body, "headers": headers, "preprocess": preprocess}
    if settings.dialect != "current":
        context["data"] = body.get("properties") or {}
        context["user_id"] = body.get("userId")
    return context


def _preprocess(body: Mapping[str, Json], settings: Settings) -> dict[str, Json]:
    if settings.preprocessor is None:
        return {}
    return preprocessing.PREPROCESSORS[settings.preprocessor].apply(body)
