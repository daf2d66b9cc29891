"""The adapter of the port `Scripts`: QuickJS in WebAssembly, loaded when the first script is used."""

import hashlib
import json
import threading
from typing import TYPE_CHECKING

import orjson

from domain.errors import Refused
from domain.json_values import Json
from domain.scripts import LONGEST_SOURCE, Call, Result
from infrastructure import bodies
from infrastructure.scripts import failures
from infrastructure.scripts.reports import Arguments, Loaded, Starved, Status, Stopped, Unusable

if TYPE_CHECKING:
    from infrastructure.scripts.pools import Pool


class ScriptUnusable(Refused):
    """A script that is too long, does not compile, fails at once or defines no `main`; the message says where."""


class QuickJsScripts:
    """Runs scripts, each call as if it were the first: the same call always has the same result.

    For as many threads as ask. The first use takes some two seconds where wasmtime has not cached the engine.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._started: Pool | None = None

    def check(self, source: str) -> None:
        """Raise ScriptUnusable when the source is too long, does not compile, fails at once or defines no `main`."""
        try:
            found = self._loaded(source)
        except Starved as starved:
            found = Unusable(str(starved))
        if isinstance(found, Unusable):
            raise ScriptUnusable(f"the script cannot be used: {found.reason}")

    def run(self, source: str, call: Call) -> Result:
        """What `main` returns of this call, or why that does not count."""
        try:
            script = self._loaded(source)
            if isinstance(script, Unusable):
                return Result(error=script.reason)
            report = self._pool().call(script, _arguments(call))
        except (Stopped, Starved) as ended:
            return Result(error=str(ended))
        if report.status != Status.DONE:
            return Result(error=failures.words(report, call.vars))
        return _result(report.text)

    def _loaded(self, source: str) -> Loaded | Unusable:
        size = len(source.encode(errors="replace"))
        if size > LONGEST_SOURCE:
            return Unusable(f"it has {size:,} bytes, and a script may have {LONGEST_SOURCE:,}")
        return self._pool().loaded(source)

    def _pool(self) -> "Pool":
        with self._starting:
            if self._started is None:
                # Only now: whoever has no scripts shall not wait for the engine, nor hold it in memory.
                from infrastructure.scripts.pools import Pool

                self._started = Pool()
            return self._started


def _arguments(call: Call) -> Arguments:
    at = round(call.at.timestamp() * 1000)
    seed = hashlib.sha256(b"%d\0%s" % (at, call.raw_body)).digest()[:8]
    ctx = {"vars": call.vars, "body": call.body, "headers": call.headers}
    return Arguments(ctx=_json(ctx), raw_body=call.raw_body, at=at, seed=int.from_bytes(seed))


def _json(value: Json) -> bytes:
    try:
        return orjson.dumps(value, default=dict)
    except orjson.JSONEncodeError:
        # Integers beyond 64 bits, which JavaScript rounds, and lone surrogates, which it knows.
        return json.dumps(value, default=dict).encode()


def _result(text: bytes) -> Result:
    try:
        output = bodies.parse(text)
    except bodies.MalformedBody as error:
        return Result(error=f"its result is no JSON that can be kept: {error}")
    verified = output.get("verified")
    return Result(output=output, verified=verified if isinstance(verified, bool) else None)
