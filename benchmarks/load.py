"""The load: POSTs of a webhook of 1,250 bytes, each with a key of its own, over a fixed number of connections.

`wrk` is used where it is installed, since it takes little of the machine; else a generator of our own, which takes
more and makes every figure lower. The report says which.
"""

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

import attrs

SECRET = "benchmark-secret"
BODY = (
    '{"id":"%s","type":"customer.updated","created":1768478400,"data":{"object":{"id":"cus_%s","name":"Mira Holm",'
    '"email":"mira@acme.test","metadata":{"plan":"pro"},"note":"' + "n" * 1070 + '"}}}'
)
LUA = """
local body = [[%s]]
local before, between, after = body:match("^(.-)%%%%s(.-)%%%%s(.*)$")
local prefix = tostring(os.time()) .. "-"
local thread, count = 0, 0
function setup(t) t:set("number", thread); thread = thread + 1 end
function init() math.randomseed(os.time() + number) end
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["x-webhook-secret"] = "%s"
function request()
  count = count + 1
  local key = prefix .. number .. "-" .. count
  return wrk.format(nil, nil, nil, before .. key .. between .. (count %% 5000) .. after)
end
"""


@attrs.frozen(kw_only=True)
class Outcome:
    """What a load met with: accepted requests per second, other answers, and latencies in milliseconds."""

    per_second: float
    refused: int
    p50: float
    p99: float


def generator() -> str:
    """Which generator is used."""
    return "wrk" if shutil.which("wrk") else "built in (install wrk for higher and steadier figures)"


def run(url: str, *, seconds: float, connections: int) -> Outcome:
    """Load `url` for a time."""
    if shutil.which("wrk"):
        return _wrk(url, seconds, connections)
    return asyncio.run(_built_in(url, seconds, connections))


def _wrk(url: str, seconds: float, connections: int) -> Outcome:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % (BODY, SECRET))
        script.flush()
        arguments = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "-s", script.name, url]
        done = subprocess.run(["wrk", *arguments], capture_output=True, text=True, check=True, timeout=seconds + 30)
    return _read(done.stdout)


def _read(text: str) -> Outcome:
    def milliseconds(percentile: str) -> float:
        found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
        return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]] if found else float("nan")

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    assert rate is not None, text
    return Outcome(
        per_second=float(rate[1]),
        refused=int(refused[1]) if refused else 0,
        p50=milliseconds("50"),
        p99=milliseconds("99"),
    )


async def _built_in(url: str, seconds: float, connections: int) -> Outcome:
    parts = urlsplit(url)
    times: list[float] = []
    refused = 0
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        count = 0
        while (begun := time.perf_counter()) < end:
            count += 1
            writer.write(_request(parts.path, parts.netloc, f"{begun}-{number}-{count}", count))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            refused += not head.startswith(b"HTTP/1.1 2")
            times.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    times.sort()
    return Outcome(
        per_second=(len(times) - refused) / seconds,
        refused=refused,
        p50=times[len(times) // 2] * 1000,
        p99=times[len(times) * 99 // 100] * 1000,
    )


def _request(path: str, host: str, key: str, count: int) -> bytes:
    body = (BODY % (key, count % 5000)).encode()
    return (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nx-webhook-secret: {SECRET}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
