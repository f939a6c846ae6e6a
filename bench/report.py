"""The figures as Markdown, which reads well on a terminal too."""

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import msgspec

from bench.costs import Cost
from bench.latency import Latency
from bench.list_report import list_problems, list_tables
from bench.lists import Lists
from bench.machine import Machine
from bench.memory import LargeBodies, OpenStreams
from bench.page_report import page_problems, page_tables
from bench.pages import Pages
from bench.scenarios import Scenario
from bench.tables import budget, section
from bench.task import Result

BLOCK = re.compile(r"(<!-- (bench|lists|pages):begin -->\n).*?(<!-- \2:end -->\n)", re.DOTALL)
"""What requests cost, how long lists and how long pages take are kept apart: a run replaces what it measured."""
QUIET = 0.05
"""Share of the machine used by others beyond which times say little, and are marked."""


class Report(msgspec.Struct, kw_only=True):
    """All figures of one run; what was not asked for is empty."""

    machine: Machine
    seconds: float
    repetitions: int
    server: str = ""
    """PostgreSQL under the gateway, and what makes its commits durable."""
    nginx: bool = False
    costs: list[Cost] = []
    latencies: list[Latency] = []
    streams: list[OpenStreams] = []
    bodies: list[LargeBodies] = []
    lists: list[Lists] = []
    pages: list[Pages] = []
    requests: int = 0
    """To each list and page by each viewer."""

    @property
    def others(self) -> float:
        """The largest share of the machine that was used by others."""
        return max((cost.others for cost in self.costs), default=0)


def markdown(report: Report) -> str:
    """Write the whole report."""
    return "\n".join(filter(None, _blocks(report).values()))


def write_into(page: Path, report: Report) -> None:
    """Put what was measured between its marks on a page. Raises `ValueError` when it has none."""
    measured = _blocks(report)
    marked = {found[2] for found in BLOCK.finditer(page.read_text())}
    for name, text in measured.items():
        if text and name not in marked:
            raise ValueError(f"{page} has no lines <!-- {name}:begin --> and <!-- {name}:end -->")

    def replaced(found: re.Match[str]) -> str:
        text = measured[found[2]]
        return f"{found[1]}\n{text}\n{found[3]}" if text else found[0]

    page.write_text(BLOCK.sub(replaced, page.read_text()))


def _blocks(report: Report) -> dict[str, str]:
    return {"bench": _requests(report), "lists": _lists(report), "pages": _pages(report)}


def _requests(report: Report) -> str:
    tables = (_costs(report.costs), _latencies(report.latencies), _streams(report.streams), _bodies(report.bodies))
    found = [*filter(None, tables), *_problems(report)]
    if (report.lists or report.pages) and not found:
        return ""
    server = f"{report.server}; {'nginx beside it' if report.nginx else 'nginx is not installed'}"
    runs = f"best of {report.repetitions} runs of {report.seconds:g} s"
    return "\n\n".join([_facts(report, server, runs), *found]) + "\n"


def _lists(report: Report) -> str:
    if not report.lists:
        return ""
    runs = f"{report.requests} requests to each list by each viewer, one after the other"
    servers = "; ".join(dict.fromkeys(lists.server for lists in report.lists))
    return "\n\n".join([_facts(report, servers, runs), *list_tables(report.lists), *list_problems(report.lists)]) + "\n"


def _pages(report: Report) -> str:
    if not report.pages:
        return ""
    runs = f"{report.requests} requests to each page by each viewer, one after the other"
    servers = "; ".join(
        dict.fromkeys(filter(None, (each for one in report.pages for each in (one.server, one.browser))))
    )
    return "\n\n".join([_facts(report, servers, runs), *page_tables(report.pages), *page_problems(report.pages)]) + "\n"


def _facts(report: Report, servers: str, runs: str) -> str:
    machine = report.machine
    lines = [
        f"- {machine.taken_at}, commit {machine.commit}",
        f"- {machine.processor}, {machine.cores} cores, {machine.memory_gib:.0f} GiB; {machine.python}",
        f"- {servers}",
        f"- {runs}; load average before: {machine.load_before:.1f}",
    ]
    if report.costs:
        busy = " **The machine was busy: times are too high.**" if report.others > QUIET else ""
        lines.append(f"- others used up to {report.others:.0%} of the machine's busy time.{busy}")
    return "\n".join(lines)


def _budget(scenario: Scenario, figure: float | None) -> str:
    """What is allowed, marked where the figure lies above it."""
    if scenario.budget is None:
        return scenario.unit or "-"
    return budget(scenario.budget, scenario.unit, missed=figure is not None and figure > scenario.budget)


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
            _budget(cost.scenario, cost.ratio),
            f"{cost.gateway.database_us:.0f}",
            f"{cost.gateway.wal_bytes:.0f}",
            f"{cost.gateway.result.rate:.0f}",
            f"{cost.gateway.result.p50 / 1000:.1f}",
            f"{cost.gateway.result.p99 / 1000:.1f}",
            f"{cost.gateway.result.errors}",
        )
        for cost in costs
    ]
    return section("CPU time for each request", titles, rows)


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
            _budget(one.scenario, one.beyond_commit),
            f"{one.gateway.p50:.0f}",
            f"{one.gateway.p99:.0f}",
            f"{one.gateway.errors}",
        )
        for one in latencies
    ]
    return section("Latency", titles, rows)


def _streams(streams: Iterable[OpenStreams]) -> str:
    rows = [
        (
            f"{one.scenario.connections} open streams, {one.scenario.name}",
            f"{one.each:.0f}",
            _budget(one.scenario, one.each),
            f"{one.before / 1024:.0f}",
            f"{one.during / 1024:.0f}",
            f"{one.result.errors}",
        )
        for one in streams
    ]
    titles = ("streams", "KiB each", "budget", "MiB before", "MiB during", "errors")
    return section("Memory of open streams", titles, rows)


def _bodies(bodies: Iterable[LargeBodies]) -> str:
    rows = [
        (
            one.scenario.name,
            f"{one.peak / 1024:.0f}",
            _budget(one.scenario, one.peak / 1024),
            f"{one.before / 1024:.0f}",
            f"{one.result.seconds:.1f}",
            f"{one.result.errors}",
        )
        for one in bodies
    ]
    return section("Peak memory", ("requests", "peak MiB", "budget", "MiB before", "seconds", "errors"), rows)


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
