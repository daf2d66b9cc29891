"""QuickJS as WebAssembly, compiled for this machine, and the clock that ends what runs too long."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from importlib import resources

import wasmtime

FILES = resources.files("infrastructure.scripts")
WASM_SHA256 = "7ebedc168bd38062c08c7f5380bd874cc76277bd5c7707dd73ea6932a260d905"
"""Of quickjs.wasm, as scripts/build_quickjs.sh makes it."""

TICK = 0.005
"""Seconds."""
TICKS_UNTIL_REST = 200


class EngineDamaged(Exception):
    """The file quickjs.wasm is not the one that this version was made with."""


class Engine:
    """The compiled module. Making one takes over a second of both cores, or some 15 ms where it was done before."""

    def __init__(self) -> None:
        code = (FILES / "quickjs.wasm").read_bytes()
        found = hashlib.sha256(code).hexdigest()
        if found != WASM_SHA256:
            raise EngineDamaged(f"quickjs.wasm has the SHA-256 {found}, not {WASM_SHA256}; install Hookledger again")
        self.prelude = (FILES / "prelude.js").read_bytes()
        self.wasm = wasmtime.Engine(_config())
        self.module = wasmtime.Module(self.wasm, code)
        self.clock = Clock(self.wasm)


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    # Compiled code is kept in the user's own cache directory, as by wasmtime's command line. Where there can be no such
    # directory, every process compiles for itself.
    with contextlib.suppress(wasmtime.WasmtimeError):
        config.cache = True
    return config


class Clock:
    """Counts ticks while anything runs: wasmtime ends what is still running when its number of ticks is up.

    A tick is a sleep of a thread, not a time of day: a process that is not let run at all is not charged for it.
    """

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._running = 0
        self._idle = 0
        self._ticking = False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Tick at least until this is left."""
        with self._lock:
            self._running += 1
            if not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, name="script clock", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _tick(self) -> None:
        while self._still_needed():
            time.sleep(TICK)
            self._engine.increment_epoch()

    def _still_needed(self) -> bool:
        with self._lock:
            self._idle = 0 if self._running else self._idle + 1
            self._ticking = self._idle < TICKS_UNTIL_REST
            return self._ticking
