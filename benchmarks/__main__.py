"""`make bench`: every figure in one run, as medians and as ratios to the no-op mount, which survive other machines."""

import argparse
import time
from collections.abc import Callable

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks import load, scripts, servers, verification
from benchmarks.load import Outcome

WARM_UP = 1.0


@attrs.frozen(kw_only=True)
class Plan:
    """How long and how often."""

    seconds: float
    rounds: int
    connections: int


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of load per round (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds of each figure (default 3)")
    parser.add_argument("--connections", type=int, default=128, help="kept open by the load (default 128)")
    plan = Plan(**vars(parser.parse_args()))
    console = Console(width=110)
    console.print(
        f"Load by {load.generator()}; {plan.rounds} rounds of {plan.seconds:g} s, {plan.connections} connections"
    )
    with console.status("no-op mount"):
        noop = _noop(plan)
    with servers.database() as url:
        with console.status("durable receive"), servers.api(url) as base:
            durable = _median(
                lambda: load.run(servers.source(base), seconds=plan.seconds, connections=plan.connections), plan
            )
        with console.status("pipeline on the backlog"):
            backlog, catch_up = _catch_up(url)
        with console.status("what-if on what was caught up with"):
            what_if = _median_of(lambda: servers.what_if(url), plan)
        with console.status("sustained, end to end"):
            sustained, processed, lag, drain = _sustained(url, plan)
        with console.status("stock reference"):
            stock = _stock(url, plan)
    with console.status("scripts"):
        first, figures = scripts.measure()
    with console.status("verification"):
        schemes = verification.measure()
    _report(console, noop, durable, stock, catch_up, what_if, backlog, sustained, processed, lag, drain)
    scripts.report(console, first, figures)
    verification.report(console, schemes)


def _median(measure: Callable[[], Outcome], plan: Plan) -> Outcome:
    """The median round, by rate, after one that does not count."""
    measure()
    rounds = sorted((measure() for _ in range(plan.rounds)), key=lambda outcome: outcome.per_second)
    return rounds[len(rounds) // 2]


def _median_of(measure: Callable[[], float], plan: Plan) -> float:
    rates = sorted(measure() for _ in range(plan.rounds))
    return rates[len(rates) // 2]


def _noop(plan: Plan) -> Outcome:
    port = servers.free_port()
    with servers.listening(port, "-m", "benchmarks.noop", str(port)) as base:
        return _median(
            lambda: load.run(f"{base}/integrations/receive/token", seconds=plan.seconds, connections=plan.connections),
            plan,
        )


def _stock(url: str, plan: Plan) -> Outcome:
    port = servers.free_port()
    with servers.listening(port, "-m", "benchmarks.stock", str(port), url) as base:
        return _median(
            lambda: load.run(f"{base}/integrations/receive/token", seconds=plan.seconds, connections=plan.connections),
            plan,
        )


def _catch_up(url: str) -> tuple[int, float]:
    """Let the worker alone at what receiving left behind: webhooks, and webhooks per second."""
    progress = servers.Progress(url)
    backlog = progress.received() - progress.processed()
    with servers.worker(url):
        while (first := progress.processed()) == 0:
            time.sleep(0.01)
        begun = time.perf_counter()
        while (done := progress.processed()) < backlog:
            time.sleep(0.01)
        took = time.perf_counter() - begun
    return backlog, (done - first) / took


def _sustained(url: str, plan: Plan) -> tuple[Outcome, float, int, float]:
    """Receive and process at once: the load's outcome, webhooks processed per second, lag at the end, time to drain."""
    progress = servers.Progress(url)
    figures = []
    with servers.api(url) as base, servers.worker(url):
        address = servers.source(base)
        load.run(address, seconds=WARM_UP, connections=plan.connections)
        for _ in range(plan.rounds):
            figures.append(_sustained_round(address, progress, plan))
    figures.sort(key=lambda figure: figure[1])
    return figures[len(figures) // 2]


def _sustained_round(address: str, progress: servers.Progress, plan: Plan) -> tuple[Outcome, float, int, float]:
    while (before := progress.processed()) < progress.received():
        time.sleep(0.02)
    begun = time.perf_counter()
    outcome = load.run(address, seconds=plan.seconds, connections=plan.connections)
    after, took = progress.processed(), time.perf_counter() - begun
    lag = progress.received() - after
    while progress.processed() < progress.received():
        time.sleep(0.02)
    return outcome, (after - before) / took, lag, time.perf_counter() - begun - took


def _report(
    console: Console,
    noop: Outcome,
    durable: Outcome,
    stock: Outcome,
    catch_up: float,
    what_if: float,
    backlog: int,
    sustained: Outcome,
    processed: float,
    lag: int,
    drain: float,
) -> None:
    table = Table("Figure", "per second", "× no-op", "× stock", "p50 ms", "p99 ms", "remarks")

    def row(name: str, rate: float, outcome: Outcome | None, remarks: str = "") -> None:
        latencies = (f"{outcome.p50:.1f}", f"{outcome.p99:.1f}") if outcome else ("", "")
        refused = f" {outcome.refused} refused" if outcome and outcome.refused else ""
        ratios = (f"{rate / noop.per_second:.2f}", f"{rate / stock.per_second:.1f}")
        table.add_row(name, f"{rate:,.0f}", *ratios, *latencies, remarks + refused)

    row("no-op mount", noop.per_second, noop, "reads the body, answers")
    row("durable receive", durable.per_second, durable, "verified, committed, fsynced")
    row("stock reference", stock.per_second, stock, "thread pool, save() per request")
    row("pipeline catch-up", catch_up, None, f"{backlog:,} webhooks in the backlog")
    row("what-if replay", what_if, None, f"the same webhooks, {what_if / catch_up:.2f} × pipeline catch-up")
    row("end to end, processed", processed, None, f"lag at the end {lag:,}, drained in {drain:.1f} s")
    row("end to end, received", sustained.per_second, sustained, "at the same time")
    console.print(table)


if __name__ == "__main__":
    main()
