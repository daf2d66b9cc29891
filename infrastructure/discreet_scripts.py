"""Scripts whose results hold no secret: around whatever engine runs them."""

import attrs

from application.ports import Scripts
from domain import discretion
from domain.scripts import Call, Result


@attrs.frozen
class DiscreetScripts:
    """The adapter of the port `Scripts` before another one."""

    engine: Scripts

    def check(self, source: str) -> None:
        """Raise Refused where the engine does."""
        self.engine.check(source)

    def run(self, source: str, call: Call) -> Result:
        """What the engine makes of the call, without the secrets that it was given."""
        return discretion.discreet(self.engine.run(source, call), call)
