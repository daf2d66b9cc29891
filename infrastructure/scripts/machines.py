"""One QuickJS in a memory of its own. It runs one thing at a time and is put back to where it began before each."""

import ctypes
import hashlib
import hmac
import struct
import time
from typing import Any, cast

import wasmtime

from infrastructure.scripts import limits
from infrastructure.scripts.engine import TICK, Engine
from infrastructure.scripts.reports import Arguments, Report, Starved, Status, Stopped

_ALGORITHMS = {1: "sha1", 2: "sha256", 3: "sha384", 4: "sha512"}
_TICKS = round(limits.SECONDS / TICK)

_LONGEST_DIGEST = 64
_STATUSES = frozenset(Status)
_HEADER = struct.Struct("<qQII")

# The allocator's own header behind the last block, and what it keeps at the very end of the memory.
_BEHIND_LAST_BLOCK = 64
_END_OF_HEAP = limits.INITIAL_MEMORY - 64


class _CReport(ctypes.LittleEndianStructure):
    """The struct `report` of shim.c."""

    _fields_ = (
        ("status", ctypes.c_uint32),
        ("text", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("line", ctypes.c_int32),
        ("column", ctypes.c_int32),
        ("high_water", ctypes.c_uint32),
        ("inbox", ctypes.c_uint32),
        ("inbox_size", ctypes.c_uint32),
    )


class Machine:
    """An instance of the module, for one thread at a time. Making one takes some 2 ms.

    `patience` multiplies the time that a run may take; what it may do stays the same.
    """

    def __init__(self, engine: Engine) -> None:
        self.patience = 16  # for the prelude, which ends
        self._engine = engine
        self._store = wasmtime.Store(engine.wasm)
        self._store.set_limits(memory_size=limits.MOST_MEMORY)
        self._inbox, self._inbox_size, self._touched = 0, 0, 0
        # A function that knew this machine would keep it alive for ever: wasmtime holds it until the store is gone.
        hashing = wasmtime.Func(self._store, wasmtime.FuncType([wasmtime.ValType.i32()] * 6, []), _hash, True)
        exports = wasmtime.Instance(self._store, engine.module, [hashing]).exports(self._store)
        self._memory = cast(wasmtime.Memory, exports["memory"])
        self._functions = {name: cast(wasmtime.Func, exports[name]) for name in ("alloc", "boot", "load", "call")}
        self._supply(0)
        cast(wasmtime.Func, exports["_initialize"])(self._store)
        self._run("boot", _input(engine.prelude))

    @property
    def spent(self) -> bool:
        """Whether its memory has grown, so that it can no longer be put back."""
        return self._memory.data_len(self._store) > limits.INITIAL_MEMORY

    def image(self) -> bytes:
        """All of its memory that was ever used. What lies behind is the same in every machine."""
        return ctypes.string_at(self._address, min(self._touched + _BEHIND_LAST_BLOCK, _END_OF_HEAP))

    def load(self, image: bytes, source: bytes) -> Report:
        """Compile a script and run its top level. Raises Stopped and Starved."""
        self._restore(image)
        return self._run("load", _input(source))

    def call(self, image: bytes, arguments: Arguments) -> Report:
        """Call the `main` of the script whose image this is. Raises Stopped and Starved."""
        self._restore(image)
        return self._run("call", _input(arguments.ctx, arguments.raw_body, arguments.at, arguments.seed))

    def close(self) -> None:
        """Give its memory back at once; what still refers to it, a traceback for instance, may stay for long."""
        self._store.close()

    @property
    def _address(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)

    def _restore(self, image: bytes) -> None:
        ctypes.memmove(self._address, image, len(image))
        rest = min(self._touched + _BEHIND_LAST_BLOCK, _END_OF_HEAP) - len(image)
        if rest > 0:
            ctypes.memset(self._address + len(image), 0, rest)

    def _run(self, function: str, content: bytes) -> Report:
        self._supply(len(content))
        address = self._put(content)
        if not address:
            return Report(status=Status.OUT_OF_MEMORY, text=b"", line=0, column=0)
        return self._read(self._invoke(function, address))

    def _supply(self, size: int) -> None:
        self._store.set_fuel(limits.FUEL + size * limits.FUEL_PER_BYTE)
        self._store.set_epoch_deadline((_TICKS + size // limits.BYTES_PER_TICK) * self.patience)

    def _put(self, content: bytes) -> int:
        """Where the content now is; 0 where there is no room for it."""
        address = self._inbox if len(content) <= self._inbox_size else self._invoke("alloc", len(content))
        if address:
            ctypes.memmove(self._place(address, len(content)), content, len(content))
        return address

    def _place(self, address: int, size: int) -> int:
        """The address in this process. Not even a script that found a flaw in QuickJS reaches beyond the memory."""
        if not _lies_within(self._memory.data_len(self._store), address, size):
            raise Stopped(limits.BROKEN)
        return self._address + address

    def _invoke(self, function: str, argument: int) -> int:
        begun = time.thread_time()
        try:
            with self._engine.clock.running():
                return cast(int, self._functions[function](self._store, argument))
        except wasmtime.Trap as trap:
            raise _stopped(trap, time.thread_time() - begun) from None

    def _read(self, address: int) -> Report:
        report = _CReport.from_address(self._place(address, ctypes.sizeof(_CReport)))
        self._touched, self._inbox, self._inbox_size = report.high_water, report.inbox, report.inbox_size
        text = ctypes.string_at(self._place(report.text, report.size), report.size)
        if report.status not in _STATUSES:
            raise Stopped(limits.BROKEN)
        return Report(status=Status(report.status), text=text, line=report.line, column=report.column)


def _hash(caller: wasmtime.Caller, algorithm: int, key: int, key_size: int, text: int, size: int, digest: int) -> None:
    """The one import of the module. It never raises: wasmtime would hand the exception to whichever thread is next."""
    memory = cast(wasmtime.Memory, caller["memory"])
    parts = ((key, max(key_size, 0)), (text, size), (digest, _LONGEST_DIGEST))
    if algorithm not in _ALGORITHMS or not all(_lies_within(memory.data_len(caller), *part) for part in parts):
        return
    base, name = ctypes.addressof(memory.data_ptr(caller).contents), _ALGORITHMS[algorithm]
    content = ctypes.string_at(base + text, size)
    if key_size < 0:
        computed = hashlib.new(name, content).digest()
    else:
        computed = hmac.digest(ctypes.string_at(base + key, key_size), content, name)
    ctypes.memmove(base + digest, computed, len(computed))


def _lies_within(memory: int, address: int, size: int) -> bool:
    return 0 <= address <= address + size <= memory


def _input(text: bytes, raw_body: bytes = b"", at: int = 0, seed: int = 0) -> bytes:
    """The struct Input of shim.c. QuickJS wants a NUL behind what it parses."""
    return b"".join((_HEADER.pack(at, seed, len(text), len(raw_body)), text, b"\0", raw_body))


def _stopped(trap: wasmtime.Trap, seconds: float) -> Exception:
    code: Any = trap.trap_code
    if code == wasmtime.TrapCode.INTERRUPT and seconds < limits.SECONDS / 2:
        return Starved()
    if code in (wasmtime.TrapCode.OUT_OF_FUEL, wasmtime.TrapCode.INTERRUPT):
        return Stopped(limits.TOO_LONG)
    if code in (wasmtime.TrapCode.STACK_OVERFLOW, wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS):
        return Stopped(limits.TOO_DEEP)
    return Stopped(limits.BROKEN)
