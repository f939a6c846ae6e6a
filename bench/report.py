"""The figures as Markdown, which reads well on a terminal too."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import msgspec

from bench.costs import Cost
from bench.latency import Latency
from bench.machine import Machine
from bench.memory import LargeBodies, OpenStreams
from bench.task import Result

BLOCK = re.compile(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->\n)", re.DOTALL)
QUIET = 0.05
"""Share of the machine used by others beyond which times say little, and are marked."""


class Report(msgspec.Struct, kw_only=True):
    """All figures of one run; what was not asked for is empty."""

    machine: Machine
    seconds: float
    repetitions: int
    costs: list[Cost] = []
    latencies: list[Latency] = []
    streams: list[OpenStreams] = []
    bodies: list[LargeBodies] = []

    @property
    def others(self) -> float:
        """The largest share of the machine that was used by others."""
        return max((cost.others for cost in self.costs), default=0)


def markdown(report: Report) -> str:
    """Write the whole report."""
    tables = (_costs(report.costs), _latencies(report.latencies), _streams(report.streams), _bodies(report.bodies))
    return "\n\n".join([_facts(report), *filter(None, tables), *_problems(report)]) + "\n"


def write_into(page: Path, report: Report) -> None:
    """Put the report between the marks of a page. Raises `ValueError` when it has none."""
    written, count = BLOCK.subn(lambda found: f"{found[1]}\n{markdown(report)}\n{found[2]}", page.read_text())
    if not count:
        raise ValueError(f"{page} has no lines <!-- bench:begin --> and <!-- bench:end -->")
    page.write_text(written)


def _facts(report: Report) -> str:
    machine = report.machine
    lines = [
        f"- {machine.taken_at}, commit {machine.commit}",
        f"- {machine.processor}, {machine.cores} cores, {machine.memory_gib:.0f} GiB; {machine.python}",
        f"- {machine.database}; {'nginx beside it' if machine.nginx else 'nginx is not installed'}",
        f"- best of {report.repetitions} runs of {report.seconds:g} s; load average before: {machine.load_before:.1f}",
    ]
    if report.costs:
        busy = " **The machine was busy: times are too high.**" if report.others > QUIET else ""
        lines.append(f"- others used up to {report.others:.0%} of the machine's busy time.{busy}")
    return "\n".join(lines)


def _costs(costs: Iterable[Cost]) -> str:
    titles = (
        *("requests", "gateway µs", "spread", "nginx µs", "ratio", "budget"),
        *("PostgreSQL µs", "WAL bytes", "req/s", "p50 ms", "p99 ms", "errors"),
    )
    rows = [
        (
            f"`{cost.scenario.name}`: {cost.scenario.about}",
            f"{cost.gateway.cpu_us:.0f}",
            f"+{cost.spread:.0%}",
            f"{cost.nginx.cpu_us:.0f}" if cost.nginx else "-",
            f"{cost.ratio:.1f}" if cost.ratio else "-",
            cost.scenario.budget or "-",
            f"{cost.gateway.database_us:.0f}",
            f"{cost.gateway.wal_bytes:.0f}",
            f"{cost.gateway.result.rate:.0f}",
            f"{cost.gateway.result.p50 / 1000:.1f}",
            f"{cost.gateway.result.p99 / 1000:.1f}",
            f"{cost.gateway.result.errors}",
        )
        for cost in costs
    ]
    return _section("CPU time for each request", titles, rows)


def _latencies(latencies: Iterable[Latency]) -> str:
    titles = (
        *("one connection, medians in µs", "first byte", "without gateway", "nginx", "added", "one commit"),
        *("added beyond it", "budget", "whole answer", "p99", "errors"),
    )
    rows = [
        (
            one.scenario.name,
            f"{one.gateway.first_byte_p50:.0f}",
            f"{one.bare.first_byte_p50:.0f}",
            f"{one.nginx.first_byte_p50:.0f}" if one.nginx else "-",
            f"{one.added:.0f}",
            f"{one.commit:.0f}",
            f"{one.beyond_commit:.0f}",
            one.scenario.budget or "-",
            f"{one.gateway.p50:.0f}",
            f"{one.gateway.p99:.0f}",
            f"{one.gateway.errors}",
        )
        for one in latencies
    ]
    return _section("Latency", titles, rows)


def _streams(streams: Iterable[OpenStreams]) -> str:
    rows = [
        (
            f"{one.scenario.connections} open streams, {one.scenario.name}",
            f"{one.each:.0f}",
            one.scenario.budget,
            f"{one.before / 1024:.0f}",
            f"{one.during / 1024:.0f}",
            f"{one.result.errors}",
        )
        for one in streams
    ]
    titles = ("streams", "KiB each", "budget", "MiB before", "MiB during", "errors")
    return _section("Memory of open streams", titles, rows)


def _bodies(bodies: Iterable[LargeBodies]) -> str:
    rows = [
        (
            one.scenario.name,
            f"{one.peak / 1024:.0f}",
            one.scenario.budget,
            f"{one.before / 1024:.0f}",
            f"{one.result.seconds:.1f}",
            f"{one.result.errors}",
        )
        for one in bodies
    ]
    return _section("Peak memory", ("requests", "peak MiB", "budget", "MiB before", "seconds", "errors"), rows)


def _section(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"### {title}\n\n{table(titles, rows)}" if rows else ""


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table with even columns; all but the first stand to the right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return " | ".join(("| " + first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others))) + " |"

    return "\n".join(map(line, (titles, rule, *rows)))


def _problems(report: Report) -> list[str]:
    """Return one line for each kind of request that had errors, with the first of them."""
    results: Iterable[tuple[str, Result]] = chain(
        ((cost.scenario.name, cost.gateway.result) for cost in report.costs),
        ((f"{cost.scenario.name} through nginx", cost.nginx.result) for cost in report.costs if cost.nginx),
        ((one.scenario.name, one.gateway) for one in report.latencies),
        ((one.scenario.name, one.result) for one in report.streams),
        ((one.scenario.name, one.result) for one in report.bodies),
    )
    return [f"{name}: {result.errors} errors, the first: {result.problem}" for name, result in results if result.errors]
