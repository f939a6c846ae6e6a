"""The charts of the overview."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from aibridge.store.usage import By, Ranked, ReadUsage, UsageGroup, UsageStep
from aibridge.web.charts import Chart, Column, Series, bars, lines
from aibridge.web.formats import count, duration, money, tokens
from aibridge.web.linking import Links
from aibridge.web.overview.tiles import FAILURES
from aibridge.web.ranges import DAY, HOUR, Window
from aibridge.web.requests.strip import columns, is_clocked

NAMES = {By.USER: "user", By.MODEL: "model", By.CLIENT: "client", By.PROVIDER_NAME: "provider"}
"""What the cost is split by, as links and people say."""
MOST_SERIES = 5
"""Groups of a chart that stand for themselves; all others are one more."""
OTHERS = "Other"


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A chart with its name."""

    title: str
    chart: Chart
    drawn: Markup
    href: str = ""
    """The requests behind it; empty: no list of them would tell more."""
    splits: bool = False
    """What it is split by can be chosen."""


def panels(usage: ReadUsage, window: Window, link: Links) -> list[Panel]:
    """All of them. Volumes are put together to the steps of the window; percentiles cannot be, and keep their own."""
    fine = msgspec.structs.replace(window, step=HOUR if window.step < DAY else DAY)
    found = _by_step(usage.series, window)
    spans, steps = columns(list(found), window, link), list(found.values())
    failing = [msgspec.structs.replace(each, href=_failing(each)) for each in spans]
    return [
        _tokens(steps, spans),
        _cost(usage, steps, spans),
        _durations(usage.series, columns([step.starts_at for step in usage.series], fine, link)),
        _failures(steps, failing, link),
    ]


_Volume = Sequence[UsageStep]
"""The hours or days of one column."""


def _by_step(series: Sequence[UsageStep], window: Window) -> dict[datetime, list[UsageStep]]:
    found: dict[datetime, list[UsageStep]] = {}
    for step in series:
        start = window.start + (step.starts_at - window.start) // window.step * window.step
        found.setdefault(start, []).append(step)
    return found


def _failing(column: Column) -> str | None:
    return column.href and "&".join((column.href, *(f"status={outcome}" for outcome in FAILURES)))


def _chart(title: str, spans: Sequence[Column], series: Sequence[Series], shown: Callable[[float], str]) -> Chart:
    return Chart(
        title=title,
        columns=spans,
        series=series,
        shown=shown,
        marked=lambda value: _short(shown(value)),
        every=max(round(len(spans) / 7), 1),
        clock=is_clocked([span.start for span in spans]),
    )


def _short(figure: str) -> str:
    """Without zeros that tell nothing."""
    if figure == duration(0):
        return "0"
    if figure.startswith("$") and "." in figure:
        return figure.rstrip("0").rstrip(".")
    return figure.replace(".0 s", " s").replace("m 00s", "m")


_KINDS = (
    ("Cache read", "f-read", "cache_read_input_tokens"),
    ("Cache write", "f-write", "cache_write_input_tokens"),
    ("Input", "f-in", "input_tokens"),
    ("Output", "f-out", "output_tokens"),
)


def _tokens(steps: Sequence[_Volume], spans: Sequence[Column]) -> Panel:
    series = [
        Series(name=name, css=css, values=[sum(getattr(each, field) for each in step) for step in steps])
        for name, css, field in _KINDS
    ]
    chart = _chart("Tokens by kind over time", spans, series, lambda value: tokens(round(value)))
    return Panel(title="Tokens by kind", chart=chart, drawn=bars(chart))


def _cost(usage: ReadUsage, steps: Sequence[_Volume], spans: Sequence[Column]) -> Panel:
    named, others = usage.groups[:MOST_SERIES], usage.groups[MOST_SERIES:]
    told = [(called(group), [group.key]) for group in named]
    if others:
        told.append((OTHERS, [group.key for group in others]))
    series = [
        Series(name=name, css=f"f-c{place}", values=[_of(step, keys) for step in steps])
        for place, (name, keys) in enumerate(told)
    ]
    by = NAMES[usage.by] if usage.by else ""
    chart = _chart(f"Estimated cost by {by} over time", spans, series, lambda value: money(round(value)))
    return Panel(title=f"Estimated cost by {by}", chart=chart, drawn=bars(chart, counted=False), splits=True)


def _of(step: _Volume, keys: Collection[str | None]) -> int:
    return sum(group.cost_micros for each in step for group in each.groups if group.key in keys)


def called(group: UsageGroup | Ranked) -> str:
    """What people call a group."""
    if group.person is not None:
        return group.person.name or group.person.username
    return OTHERS if group.key is None else group.key or "No name"


def _durations(steps: Sequence[UsageStep], spans: Sequence[Column]) -> Panel:
    series = [
        Series(name="p50", css="s-accent", values=[step.duration_p50_ms for step in steps]),
        Series(name="p95", css="s-warn", values=[step.duration_p95_ms for step in steps]),
        Series(name="p99", css="s-rare", values=[step.duration_p99_ms for step in steps]),
    ]
    chart = _chart("Request duration over time", spans, series, duration)
    return Panel(title="Request duration", chart=chart, drawn=lines(chart))


def _failures(steps: Sequence[_Volume], spans: Sequence[Column], link: Links) -> Panel:
    series = [Series(name="Failed", css="f-err", values=[sum(each.failures for each in step) for step in steps])]
    chart = _chart("Failed requests over time", spans, series, lambda value: count(round(value)))
    return Panel(title="Failed requests", chart=chart, drawn=bars(chart), href=link(by=None, status=FAILURES))
