"""Whatever a script tries, it is over soon, tells no lie, and leaves nothing behind for the next call."""

import re
import resource
import sys
import time
from collections.abc import Mapping

import pytest

from domain.json_values import Json
from domain.scripts import Result
from tests.infrastructure import hostile_scripts, scripting

MOST_CPU_SECONDS = 0.15
MOST_GROWTH = 96 * 1024 * 1024


def _contained(source: str) -> Result:
    """What came of it, once it is clear that it took little and that the next call is right."""
    scripting.run(scripting.VERIFY)
    begun = time.thread_time()
    result = scripting.run(source)
    assert time.thread_time() - begun < MOST_CPU_SECONDS
    assert scripting.run(scripting.VERIFY).verified is True
    return result


@pytest.mark.parametrize(
    ("source", "words"), hostile_scripts.ENDED.values(), ids=[name.replace(" ", "-") for name in hostile_scripts.ENDED]
)
def test_what_cannot_be_let_run_is_ended_with_an_error(source: str, words: str) -> None:
    result = _contained(source)
    assert result.verified is None
    assert result.output == {}
    assert re.search(words, result.error or "nothing"), result.error


@pytest.mark.parametrize(
    ("source", "output"), hostile_scripts.VAIN.values(), ids=[name.replace(" ", "-") for name in hostile_scripts.VAIN]
)
def test_what_would_lie_is_seen_as_it_is(source: str, output: Mapping[str, Json]) -> None:
    result = _contained(source)
    assert result.error is None
    assert result.output == output
    assert result.verified is None


def test_memory_does_not_grow_with_what_scripts_waste() -> None:
    wasteful = hostile_scripts.ENDED["many buffers"][0]
    for _ in range(4):
        scripting.run(wasteful)
    before = _resident()
    for _ in range(20):
        scripting.run(wasteful)
    assert _resident() - before < MOST_GROWTH


def _resident() -> int:
    """The most bytes that this process ever held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


LEAKS = {
    "a global": "globalThis.leaked = ctx.vars.SECRET;",
    "a variable of the script": "kept.push(ctx.vars.SECRET);",
    "a property of main": "main.leaked = 1;",
    "a built-in": "Array.prototype.leaked = 1; Object.prototype.leaked = 1; Math.max = () => 'leaked';",
    "the console": "console.log = () => 1; console.leaked = 1;",
    "cryptography": "crypto.subtle.digest = async () => 'leaked'; globalThis.timingSafeEqual = () => true;",
    "a symbol": "Symbol.for('leaked'); RegExp.prototype.leaked = 1; /(leaked)/.exec('leaked');",
    "a promise": "queueMicrotask(() => { globalThis.leaked = 1; }); Promise.prototype.then = () => 'leaked';",
    "an error's trace": "Error.prepareStackTrace = () => 'leaked'; Error.stackTraceLimit = 0;",
    "chance": "Math.random(); Math.random(); Math.random = () => 0.5;",
    "memory": "globalThis.leaked = Array.from({ length: 1e4 }, (_, i) => ({ i })); leaked.length = 0;",
}

EVERYTHING = """
const kept = [];
async function main(ctx) {
  if (ctx.headers["x-leak"]) { %s }
  await null;
  let trace;
  try { null.x; } catch (error) { trace = error.stack; }
  return {
    kept: kept.length, main: Object.keys(main), trace,
    globals: Object.getOwnPropertyNames(globalThis), object: Object.getOwnPropertyNames(Object.prototype),
    array: Object.getOwnPropertyNames(Array.prototype), regexp: [RegExp.prototype.leaked, RegExp.$1],
    console: [Object.keys(console), console.log()], max: Math.max(1, 2), chance: [Math.random(), Math.random()],
    digest: new Uint8Array(await crypto.subtle.digest("SHA-1", new Uint8Array(1))).toHex(),
    equal: timingSafeEqual("a", "b"),
  };
}
"""


@pytest.mark.parametrize("leak", LEAKS.values(), ids=[name.replace(" ", "-") for name in LEAKS])
def test_nothing_of_one_call_is_there_in_the_next(leak: str) -> None:
    source = EVERYTHING % leak
    first = scripting.run(source)
    assert first.error is None
    leaking = scripting.run(source, scripting.call(headers={"x-leak": "yes"}))
    assert leaking != first
    assert scripting.run(source) == first


def test_nothing_of_one_script_is_there_in_another() -> None:
    assert scripting.run("globalThis.leaked = 1; function main() { globalThis.more = 2; return {}; }").error is None
    assert scripting.run("function main() { return { a: typeof leaked, b: typeof more }; }").output == {
        "a": "undefined",
        "b": "undefined",
    }
