"""Behind the sandbox: the engine is the one that was built, its memory is put back, and errors tell no secrets."""

import ctypes
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.json_values import Json
from infrastructure.scripts import engine, failures, limits, machines, pools
from infrastructure.scripts.machines import Machine
from infrastructure.scripts.reports import Arguments, Loaded, Report, Starved, Status, Stopped
from tests.infrastructure.scripting import SCRIPTS, SECRET, run

ARGUMENTS = Arguments(ctx=b'{"vars":{},"body":{},"headers":{}}', raw_body=b"{}", at=0, seed=0)


@pytest.fixture(scope="module")
def pool() -> pools.Pool:
    return SCRIPTS._pool()


def _memory(machine: Machine) -> bytes:
    return ctypes.string_at(machine._address, limits.INITIAL_MEMORY)


def _machine(pool: pools.Pool) -> Machine:
    """A new one, which waits for as long as other processes keep the processor."""
    machine = Machine(pool._engine)
    machine.patience = 100
    return machine


def _loaded(pool: pools.Pool, source: str) -> Loaded:
    found = pool.loaded(source)
    assert isinstance(found, Loaded)
    return found


def test_the_engine_is_the_one_that_was_built() -> None:
    assert hashlib.sha256((engine.FILES / "quickjs.wasm").read_bytes()).hexdigest() == engine.WASM_SHA256


def test_a_damaged_engine_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WASM_SHA256", "0" * 64)
    with pytest.raises(engine.EngineDamaged, match="install Hookledger again"):
        engine.Engine()


def test_an_engine_without_a_place_for_its_cache_compiles_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/proc/nowhere")
    assert engine._config() is not None


def test_the_engine_can_do_nothing_but_hash(pool: pools.Pool) -> None:
    assert [(each.module, each.name) for each in pool._engine.module.imports] == [("host", "hash")]


@pytest.mark.parametrize(
    "source",
    [
        "function main(ctx) { globalThis.leaked = ctx; return {}; }",
        "const a = []; function main() { for (let i = 0; i < 2e4; i++) a.push({ i }); return { n: a.length }; }",
        "function main() { const a = []; for (let i = 0; i < 20; i++) a.push('x'.repeat(1e5) + i); return {}; }",
        "function main() { null.x; }",
        "async function main() { await crypto.subtle.digest('SHA-1', new Uint8Array(1e5)); }",
    ],
)
def test_memory_is_put_back_to_the_last_byte(pool: pools.Pool, source: str) -> None:
    script = _loaded(pool, source)
    used, fresh = _machine(pool), _machine(pool)
    used.call(script.image, ARGUMENTS)
    assert not used.spent
    assert _memory(used) != _memory(fresh)
    used._restore(script.image)
    fresh._restore(script.image)
    assert _memory(used) == _memory(fresh)


BEYOND = [(limits.INITIAL_MEMORY, 1), (limits.INITIAL_MEMORY - 8, 9), (-1, 8), (2**31, 0), (8, 2**32), (8, -1)]


@pytest.mark.parametrize(("address", "size"), BEYOND)
def test_nothing_outside_of_its_memory_is_read_or_written(pool: pools.Pool, address: int, size: int) -> None:
    with pytest.raises(Stopped, match="broke the engine"):
        _machine(pool)._place(address, size)


class Within:
    """What wasmtime hands to a function that a machine calls."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._context = machine._store._context

    def __getitem__(self, name: str) -> object:
        return {"memory": self.machine._memory}[name]


@pytest.mark.parametrize(("address", "size"), BEYOND)
def test_nothing_outside_of_its_memory_is_hashed(pool: pools.Pool, address: int, size: int) -> None:
    machine = _machine(pool)
    before = _memory(machine)
    caller: Any = Within(machine)
    machines._hash(caller, 2, 0, -1, address, size, 4096)
    if size >= 0:
        machines._hash(caller, 2, address, size, 4096, 8, 4096)
    machines._hash(caller, 2, 0, -1, 4096, 8, limits.INITIAL_MEMORY - 63)
    machines._hash(caller, 2, 0, -1, 4096, 8, -1)
    machines._hash(caller, 9, 0, -1, 4096, 8, 4096)
    assert _memory(machine) == before
    machines._hash(caller, 2, 0, -1, 4096, 8, 8192)
    assert _memory(machine)[8192:8224] == hashlib.sha256(before[4096:4104]).digest()


def test_the_same_call_takes_the_same_instructions(pool: pools.Pool) -> None:
    script = _loaded(pool, "function main() { return { a: [3, 1, 2].sort().map((x) => `${x}`) }; }")

    def left(machine: Machine) -> int:
        machine.call(script.image, ARGUMENTS)
        return machine._store.get_fuel()

    used = _machine(pool)
    assert left(used) == left(used) == left(_machine(pool))


def test_a_machine_whose_memory_has_grown_is_not_used_again(pool: pools.Pool) -> None:
    script = _loaded(pool, "function main() { return { n: new Uint8Array(16 << 20).length }; }")
    machine = _machine(pool)
    assert machine.call(script.image, ARGUMENTS).text == b'{"n":16777216}'
    assert machine.spent
    pool._idle.clear()
    pool.call(script, ARGUMENTS)
    assert not pool._idle


def test_a_machine_that_was_ended_is_not_used_again(pool: pools.Pool) -> None:
    script = _loaded(pool, "function main() { for (;;); }")
    pool._idle.clear()
    with pytest.raises(Stopped):
        pool.call(script, ARGUMENTS)
    assert not pool._idle


def test_only_so_many_scripts_are_kept(pool: pools.Pool) -> None:
    for number in range(pools._KEPT_SCRIPTS + 5):
        _loaded(pool, f"function main() {{ return {{ a: {number} }}; }}")
    assert pool.loaded.cache_info().currsize == pools._KEPT_SCRIPTS


class SlowHash:
    """A computer that does something else for a while, as often as told."""

    def __init__(self, times: int) -> None:
        self.times = times

    def new(self, name: str, content: bytes) -> "hashlib._Hash":
        self.times -= 1
        if self.times >= 0:
            time.sleep(limits.SECONDS * 1.5)
        return hashlib.new(name, content)


HASHING = """async function main() {
  const digest = await crypto.subtle.digest("SHA-1", new Uint8Array(1));
  return { digest: new Uint8Array(digest).toHex() };
}"""


def test_a_script_that_was_not_let_run_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "hashlib", SlowHash(1))
    assert run(HASHING).output == {"digest": hashlib.sha1(b"\0").hexdigest()}


def test_a_script_that_is_never_let_run_is_not_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "hashlib", SlowHash(99))
    monkeypatch.setattr(pools, "_PATIENCE", (1, 1))
    assert run(HASHING).error == limits.BUSY


def test_starvation_while_loading_is_forgotten(pool: pools.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "await crypto.subtle.digest('SHA-1', new Uint8Array(1)); export const main = () => ({});"
    monkeypatch.setattr(machines, "hashlib", SlowHash(2))
    monkeypatch.setattr(pools, "_PATIENCE", (1, 1))
    with pytest.raises(Starved):
        pool.loaded(source)
    _loaded(pool, source)


@pytest.mark.parametrize(
    "expression",
    [
        "ctx.vars.SECRET",
        "`before ${ctx.vars.SECRET} after ${ctx.vars.SECRET}`",
        "ctx.vars.SECRET.slice(0, 12)",
        "ctx.vars.SECRET.slice(5)",
        "'x'.repeat(1000) + ctx.vars.SECRET",
        "'x'.repeat(1010) + ctx.vars.SECRET",
    ],
)
@pytest.mark.parametrize(
    "throw", ["throw new Error({})", "throw {}", "JSON.parse({})", "null[{}]", "new RegExp('(' + {})"]
)
def test_no_error_tells_a_secret(throw: str, expression: str) -> None:
    error = run(f"function main(ctx) {{ {throw.replace('{}', expression)}; }}").error or ""
    assert error
    pieces = [SECRET[start : start + 8] for start in range(len(SECRET) - 7)]
    assert not [piece for piece in pieces if piece in error], error


def test_what_is_hidden_has_a_name() -> None:
    assert run("function main({ vars }) { throw vars.SECRET; }").error == "threw [vars.SECRET]"


@pytest.mark.parametrize(
    ("text", "variables", "scrubbed"),
    [
        ("a secret value", {"A": "secret"}, "a [vars.A] value"),
        ("secretsecret", {"A": "secret"}, "[vars.A]"),
        ("a longer secret", {"A": "longer", "B": "longer secret"}, "a [vars.B]"),
        ("abc", {"A": "abc", "B": ""}, "abc"),
        ("key-1 key-2", {"A": ["key-1", {"b": "key-2"}], "B": None, "C": True}, "[vars.A] [vars.A]"),
        ("sent 123456", {"A": 123456}, "sent [vars.A]"),
        ("12345678 of it", {"A": "0123456789"}, "[vars.A] of it"),
        ("1234567 of it", {"A": "0123456789"}, "1234567 of it"),
        ("no variables", {}, "no variables"),
    ],
)
def test_values_of_variables_are_replaced_by_their_names(
    text: str, variables: Mapping[str, Json], scrubbed: str
) -> None:
    assert failures.scrub(text, variables) == scrubbed


@given(st.text(max_size=50), st.text(min_size=4, max_size=30), st.text(max_size=50), st.integers(0, 30))
@example("", "aaaaaaaaaaaa", "", 0)
def test_neither_a_secret_nor_eight_characters_of_it_remain(before: str, secret: str, after: str, cut: int) -> None:
    scrubbed = failures.scrub(before + secret + secret[cut:] + after, {"NAME": secret})
    remaining = re.sub(re.escape("[vars.NAME]"), "\0\0", scrubbed)
    size = min(len(secret), 8)
    assert not [start for start in range(len(secret) - size + 1) if secret[start : start + size] in remaining]


def test_the_place_in_the_script_is_no_secret() -> None:
    report = Report(status=Status.THREW, text=b"Error: 1234", line=1234, column=12345)
    assert failures.words(report, {"A": "1234"}) == "Error: [vars.A] (line 1234, column 12345)"


def test_scrubbing_long_secrets_takes_no_time() -> None:
    begun = time.thread_time()
    failures.scrub("s" * 2048, {f"A{number}": "s" * 65_536 for number in range(4)})
    assert time.thread_time() - begun < 0.5
