"""Trying out a script on a payload before it is saved: nothing is recorded and nothing has an effect."""

from collections.abc import Callable, Mapping

import attrs

from application import payloads
from application.catalogue import Catalogue
from application.ports import Clock, Scripts
from application.secret_edits import within
from domain import configurations, errors, scripts
from domain.json_values import Json
from domain.scripts import Call, Result
from domain.verification import Verdict


class NothingToTry(errors.Refused):
    """Neither the request nor the source has a script."""


@attrs.frozen(kw_only=True)
class Trial:
    """What came of it: the result, what it would mean for the request, and how long the call took."""

    result: Result
    verdict: Verdict
    microseconds: int


@attrs.frozen(kw_only=True)
class TryingScripts:
    """The use case. `timer` counts seconds."""

    catalogue: Catalogue
    engine: Scripts
    dumps: Callable[[Json], bytes]
    clock: Clock
    timer: Callable[[], float]

    def try_out(
        self, *, source: str, environment: str, script: scripts.Script | None, payload: Mapping[str, Json]
    ) -> Trial:
        """Run `script`, else the one that the source has, on `{body, headers?, raw_body?}`. Raises Refused."""
        body, headers = payloads.parts(payload)
        raw = payload.get("raw_body")
        if raw is not None and not isinstance(raw, str):
            raise payloads.PayloadInvalid("payload.raw_body must be a text", field="payload.raw_body")
        script = script or self._saved(source, environment)
        within("script.source", lambda: self.engine.check(script.source))
        call = Call(
            vars=self.catalogue.variables(environment),
            headers=headers,
            raw_body=self.dumps(body) if raw is None else raw.encode(),
            body=body,
            at=self.clock(),
        )
        begun = self.timer()
        result = self.engine.run(script.source, call)
        took = round((self.timer() - begun) * 1_000_000)
        return Trial(result=result, verdict=scripts.verdict(result), microseconds=took)

    def _saved(self, source: str, environment: str) -> scripts.Script:
        snapshot = self.catalogue.current()
        state: configurations.Configuration | None = snapshot.state(configurations.stream(source, environment))
        if state is None or state.settings.preprocess_script is None:
            raise NothingToTry(
                f"source {source!r} has no script in {environment!r}; give one as "
                '{"script": {"language": "javascript", "source": "…"}}',
                field="script",
            )
        return state.settings.preprocess_script
