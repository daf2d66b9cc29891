"""How long a script takes: one that does nothing, and one that verifies a signature over 2 KB."""

import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs
from rich.console import Console
from rich.table import Table

from domain.json_values import Json
from domain.scripts import Call
from infrastructure.scripts.sandbox import QuickJsScripts

CALLS = 1_000
SECRET = "whsec_5f0c2f6b7d3a4e1b"
BODY: Mapping[str, Json] = {"type": "ticket.opened", "text": "x" * 2_000}

TRIVIAL = "function main(ctx) { return { verified: true }; }"
HMAC = """
async function main(ctx) {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(ctx.vars.SECRET), algorithm, false, ["verify"]);
  const signature = Uint8Array.fromHex(ctx.headers["x-signature"]);
  return { verified: await crypto.subtle.verify("HMAC", key, signature, encoder.encode(ctx.rawBody)) };
}
"""


@attrs.frozen
class Figure:
    """Microseconds per call: the median, and what nine in ten do not exceed."""

    name: str
    p50: float
    p90: float


def measure() -> tuple[float, list[Figure]]:
    """Seconds until the first result of a new process, and the figures of what follows."""
    scripts = QuickJsScripts()
    begun = time.perf_counter()
    scripts.check(TRIVIAL)
    first = time.perf_counter() - begun
    return first, [_figure(scripts, "trivial script", TRIVIAL), _figure(scripts, "HMAC over 2 KB", HMAC)]


def report(console: Console, first: float, figures: list[Figure]) -> None:
    """Print a table of them."""
    table = Table("Script", "p50 µs", "p90 µs", "per second", title=f"ready for scripts after {first * 1000:,.0f} ms")
    for figure in figures:
        table.add_row(figure.name, f"{figure.p50:,.0f}", f"{figure.p90:,.0f}", f"{1e6 / figure.p50:,.0f}")
    console.print(table)


def _figure(scripts: QuickJsScripts, name: str, source: str) -> Figure:
    call = _call()
    if scripts.run(source, call).verified is not True:
        raise RuntimeError(f"{name} does not verify what it should: {scripts.run(source, call)}")
    taken = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        scripts.run(source, call)
        taken.append((time.perf_counter() - begun) * 1e6)
    return Figure(name, statistics.median(taken), statistics.quantiles(taken, n=10)[-1])


def _call() -> Call:
    raw_body = json.dumps(BODY).encode()
    signature = hmac.digest(SECRET.encode(), raw_body, hashlib.sha256).hex()
    return Call(
        vars={"SECRET": SECRET},
        headers={"x-signature": signature},
        raw_body=raw_body,
        body=BODY,
        at=datetime(2026, 2, 3, tzinfo=UTC),
    )


if __name__ == "__main__":
    report(Console(width=110), *measure())
