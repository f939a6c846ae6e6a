"""`python -m bench`: measure, print, keep."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import msgspec

from bench import costs, latency, lists, memory, pages
from bench.machine import describe
from bench.record import Record, existing, seeded
from bench.report import Report, markdown, write_into
from bench.scenarios import COSTS, LARGE_BODIES, LATENCIES, OPEN_STREAMS, OVER_RECORDS, Name, Scenario
from bench.stand import Stand, set_up

SIZES = (20_000, 200_000)
QUICK_SIZE = 2000
"""Interceptions in the records whose lists and pages are asked for."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="What aibridge costs on this machine.")
    parser.add_argument("--quick", action="store_true", help="one short repetition of everything, to see that it runs")
    parser.add_argument("--seconds", type=float, default=3, help="of load for each repetition (default: 3)")
    parser.add_argument("--repetitions", type=int, default=3, help="of which the best counts (default: 3)")
    parser.add_argument(
        "--only", type=Name, action="append", metavar="NAME", help=f"one of {', '.join(Name)}; repeatable"
    )
    parser.add_argument(
        "--lists", dest="only", action="append_const", const=Name.LISTS, help="the same as --only lists"
    )
    parser.add_argument(
        "--interceptions",
        type=int,
        action="append",
        metavar="N",
        help=f"in the record whose lists are asked for; repeatable (default: {SIZES[0]} and {SIZES[1]})",
    )
    parser.add_argument("--database", metavar="URL", help="ask for the lists and pages of this seeded database instead")
    parser.add_argument("--requests", type=int, default=40, help="to each list and page by each viewer (default: 40)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every figure of the report there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the report between the marks of this page")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seconds, chosen.repetitions, chosen.requests = 1, 1, 3
        chosen.interceptions = chosen.interceptions or [QUICK_SIZE]
    return chosen


def main() -> int:
    """Run the bench; the figures go to the standard output, what happens meanwhile to the standard error."""
    if sys.platform != "linux":
        return _fail("the figures come from Linux's /proc")
    signal.signal(signal.SIGTERM, _end)
    chosen = arguments()
    report = measured(chosen, frozenset(chosen.only or Name))
    sys.stdout.write(markdown(report))
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if chosen.write:
        write_into(chosen.write, report)
    return 0


def measured(chosen: argparse.Namespace, wanted: frozenset[Name]) -> Report:
    """Measure what is wanted: what requests cost, then how long lists and pages take."""
    report = Report(
        machine=describe(), seconds=chosen.seconds, repetitions=chosen.repetitions, requests=chosen.requests
    )
    if wanted - OVER_RECORDS:
        with set_up() as stand:
            report.server, report.nginx = stand.database.version(), stand.nginx is not None
            fill(report, stand, wanted)
    if wanted & OVER_RECORDS:
        for record in _records(chosen):
            with record as opened:
                if Name.LISTS in wanted:
                    report.lists.append(lists.measure(opened, requests=chosen.requests, tell=_tell))
                if Name.PAGES in wanted:
                    report.pages.append(pages.measure(opened, requests=chosen.requests, tell=_tell))
    return report


def _records(chosen: argparse.Namespace) -> Iterable[AbstractContextManager[Record]]:
    if chosen.database:
        yield existing(chosen.database)
        return
    for size in chosen.interceptions or SIZES:
        _tell(f"a record of {size:,} interceptions is made")
        yield seeded(size)


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
