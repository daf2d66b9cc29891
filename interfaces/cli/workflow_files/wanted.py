"""What the files want: workflows as they are to be in each environment, read and checked, in the API's shape."""

from collections.abc import Mapping

import attrs

from domain.json_values import Json
from interfaces.cli.yaml_files.findings import Spot

Shape = Mapping[str, Json]
"""`{name, active, trigger_data_schema, conditions, steps}`: the API's shape, without what a server adds."""

PARTS = ("name", "active", "trigger_data_schema", "conditions", "steps")
"""What a shape has."""


@attrs.frozen(kw_only=True)
class Workflow:
    """A workflow. `spot` is its file's content, for what turns out to be wrong later."""

    key: str
    environments: Mapping[str, Shape]
    spot: Spot = attrs.field(eq=False, repr=False)
