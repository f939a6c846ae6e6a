"""`python -m bench`: measure, print, keep."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import msgspec

from bench import costs, latency, memory
from bench.machine import describe
from bench.report import Report, markdown, write_into
from bench.scenarios import COSTS, LARGE_BODIES, LATENCIES, OPEN_STREAMS, Name, Scenario
from bench.stand import Stand, set_up


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="What aibridge costs on this machine.")
    parser.add_argument("--quick", action="store_true", help="one short repetition of everything, to see that it runs")
    parser.add_argument("--seconds", type=float, default=3, help="of load for each repetition (default: 3)")
    parser.add_argument("--repetitions", type=int, default=3, help="of which the best counts (default: 3)")
    parser.add_argument(
        "--only", type=Name, action="append", metavar="NAME", help=f"one of {', '.join(Name)}; repeatable"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every figure of the report there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the report between the marks of this page")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seconds, chosen.repetitions = 1, 1
    return chosen


def main() -> int:
    """Run the bench; the figures go to the standard output, what happens meanwhile to the standard error."""
    if sys.platform != "linux":
        return _fail("the figures come from Linux's /proc")
    signal.signal(signal.SIGTERM, _end)
    chosen = arguments()
    with set_up() as stand:
        report = Report(
            machine=describe(database=stand.database.version(), nginx=stand.nginx is not None),
            seconds=chosen.seconds,
            repetitions=chosen.repetitions,
        )
        fill(report, stand, frozenset(chosen.only or Name))
    sys.stdout.write(markdown(report))
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if chosen.write:
        write_into(chosen.write, report)
    return 0


def fill(report: Report, stand: Stand, wanted: frozenset[Name]) -> None:
    """Measure what is wanted."""
    long, times = report.seconds, report.repetitions
    with stand.gateway() as gateway:
        _tell(f"the gateway is process {gateway.pid}, on core {min(stand.cores.measured)}")
        for scenario in _each(COSTS, lambda one: one.name in wanted):
            report.costs.append(costs.measure(stand, gateway, scenario, seconds=long, repetitions=times))
        for scenario in _each(LATENCIES, lambda _: Name.LATENCY in wanted):
            report.latencies.append(latency.measure(stand, gateway, scenario, seconds=long / 2, repetitions=times))
    for scenario in _each(OPEN_STREAMS, lambda _: Name.STREAMS in wanted):
        report.streams.append(memory.open_streams(stand, scenario))
    for scenario in _each((LARGE_BODIES,), lambda _: Name.BODIES in wanted):
        report.bodies.append(memory.large_bodies(stand, scenario))


def _each(scenarios: Iterable[Scenario], wanted: Callable[[Scenario], bool]) -> Iterable[Scenario]:
    for scenario in filter(wanted, scenarios):
        _tell(f"{scenario.name}: {scenario.about}")
        yield scenario


def _tell(sentence: str) -> None:
    sys.stderr.write(f"bench: {sentence}\n")


def _fail(sentence: str) -> int:
    _tell(sentence)
    return 1


def _end(number: int, _: object) -> NoReturn:
    """Leave through every `finally`."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
