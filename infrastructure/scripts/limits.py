"""What a script may use, and the words for each limit that it hit. Some of the numbers stand in shim.c as well."""

from typing import Final

from infrastructure.scripts.reports import Status

FUEL: Final = 400_000_000
"""WebAssembly instructions of one call: some 40 ms, and the same number wherever it runs."""
FUEL_PER_BYTE: Final = 400
"""More of them for each byte that `ctx` is made from, since reading it is not the script's doing."""

SECONDS: Final = 0.05
"""Of wall-clock time, for what instructions do not measure; a call whose thread hardly ran is run again."""
BYTES_PER_TICK: Final = 50_000
"""The bytes of `ctx` that give a call another tick."""

MOST_MEMORY: Final = 32 * 1024 * 1024
INITIAL_MEMORY: Final = 8 * 1024 * 1024
"""Bytes. A call that needs more than the initial memory costs its machine; the top level of a script may not."""

TOO_LONG: Final = "it ran for more than 50 ms"
BUSY: Final = "this server was too busy to run it"
TOO_DEEP: Final = "its calls are nested too deeply"
BROKEN: Final = "it broke the engine that runs it"
TOO_LARGE: Final = "it needs more than 32 MiB of memory"
TOO_LARGE_BEFORE: Final = "before main is called, it needs more than 7 MiB of memory"

WORDS: Final = {
    Status.UNSETTLED: "the promise that it waits for never settles: there are no timers and no network",
    Status.NO_MAIN: "it defines no function main; define or export main(ctx)",
    Status.OUT_OF_MEMORY: TOO_LARGE,
    Status.RESULT_TOO_LONG: "its result has more than 64 KiB of JSON",
    Status.TOO_MANY_HASHES: "it computes more than 64 digests and signatures",
    Status.TOO_MUCH_HASHED: "it computes digests and signatures of more than 16 MiB",
}
"""Where a status says it all; the others come with words of their own."""
