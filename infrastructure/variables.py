"""From variables to what scripts read of them: public values typed, secrets opened."""

from collections.abc import Mapping, Sequence

import structlog

from application.catalogue import OpenVariables
from application.ports import Vault
from application.variable_edits import context
from domain import variable_texts
from domain.discretion import Hidden
from domain.json_values import Json
from domain.variables import Variable
from infrastructure.vault import MasterKeyInvalid

log = structlog.get_logger(__name__)


def opener(vault: Vault) -> OpenVariables:
    """What opens variables for an environment. One that cannot be opened is left out, and the others go on."""

    def open_variables(known: Sequence[Variable], environment: str) -> Mapping[str, Json]:
        opened: dict[str, Json] = {}
        for variable in known:
            try:
                opened.update(_opened(vault, variable, environment))
            except MasterKeyInvalid:
                where = {"variable": variable.key, "environment": environment}
                log.error("a secret variable cannot be opened; scripts run without it", **where)  # noqa: TRY400
        return opened

    return open_variables


def _opened(vault: Vault, variable: Variable, environment: str) -> Mapping[str, Json]:
    """The variable by its key; nothing where it has no value. A secret of digits stays a text, as it is compared."""
    value = variable.value_in(environment)
    if value is None:
        return {}
    if value.sealed is None:
        return {variable.key: variable_texts.typed(value.text or "")}
    place = environment if environment in variable.overrides else None
    return {variable.key: Hidden(vault.open(value.sealed, context=context(variable.key, place)))}
