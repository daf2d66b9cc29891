"""What the files want: sources and variables as they are to be, read and checked, with references for secrets."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from domain.json_values import Json
from interfaces.cli.source_files.references import Reference
from interfaces.cli.yaml_files.findings import Spot

ApiMapping = Mapping[str, Any]
"""`{event_type, action_type, action_parameters, active, only_newer}`: the API's shape, without ids and times."""


@attrs.frozen(kw_only=True)
class Environment:
    """A source in one environment. Settings that are not named are the template's; without mappings they stay."""

    settings: Mapping[str, Json]
    secrets: Mapping[str, Reference]
    mappings: tuple[ApiMapping, ...] | None


@attrs.frozen(kw_only=True)
class Source:
    """A source. `spot` is its file's content, for what turns out to be wrong later."""

    key: str
    name: str
    description: str | None
    custom_image_url: str | None
    template: str
    environments: Mapping[str, Environment]
    spot: Spot = attrs.field(eq=False, repr=False)


@attrs.frozen(kw_only=True)
class Variable:
    """A variable of the account; `values` by environment, None stands for all."""

    key: str
    type: Literal["public", "secret"]
    description: str | None
    values: Mapping[str | None, str | Reference]
    spot: Spot = attrs.field(eq=False, repr=False)


@attrs.frozen(kw_only=True)
class Wanted:
    """Everything in the files. `variables` is None where no file speaks of them."""

    sources: Mapping[str, Source]
    variables: Mapping[str, Variable] | None
