"""The figures at the top of the overview, each with its course."""

import msgspec
from markupsafe import Markup

from aibridge.store.usage import Figures, ReadUsage, Spent
from aibridge.web.charts import sparkline
from aibridge.web.formats import count, duration, money, percent, plural, tokens
from aibridge.web.linking import Links
from aibridge.web.overview.reading import Read

FAILURES = ("failed", "truncated", "interrupted")
"""The outcomes that count as failures."""


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One figure."""

    name: str
    value: str
    note: str
    course: Markup
    href: str = ""
    """What it leads to; empty: nothing."""
    is_bad: bool = False


def tiles(read: Read, link: Links, *, sees_everyone: bool) -> list[Tile]:
    """The six figures. Who sees only their own requests is told of tools instead of users."""
    now, series = read.now.totals, read.now.series
    unpriced = now.unpriced
    return [
        Tile(
            name="Requests",
            value=count(now.requests),
            note=compared(now.requests, read.before.requests),
            course=sparkline([step.requests for step in series]),
            href=link(by=None),
        ),
        Tile(
            name="Tokens",
            value=tokens(all_tokens(now)),
            note=_cached(now),
            course=sparkline([all_tokens(step) for step in series]),
        ),
        Tile(
            name="Estimated cost",
            value=money(now.cost_micros),
            note=f"{plural(unpriced, 'request')} not included" if unpriced else _cost_note(read),
            course=sparkline([step.cost_micros for step in series]),
        ),
        _people(read) if sees_everyone else _calls(read.now),
        Tile(
            name="Error rate",
            value=percent(now.failures / now.requests) if now.requests else "None",
            note=plural(now.failures, "failed request"),
            course=sparkline([step.failures / max(step.requests, 1) for step in series], "bad"),
            href=link(by=None, status=FAILURES) if now.failures else "",
            is_bad=now.failures > 0,
        ),
        Tile(
            name="Duration p95",
            value=_lasting(now.duration_p95_ms),
            note=f"p50 {_lasting(now.duration_p50_ms)}",
            course=sparkline([step.duration_p95_ms for step in series]),
        ),
    ]


def all_tokens(spent: Spent) -> int:
    """Of all four kinds."""
    return spent.input_tokens + spent.output_tokens + spent.cache_read_input_tokens + spent.cache_write_input_tokens


def compared(now: float, before: float) -> str:
    """How much more or less than in as long a time before."""
    if not before:
        return "None in the previous period"
    change = round(100 * (now - before) / before)
    return f"{change:+d}% vs previous period" if change else "Same as previous period"


def _cached(now: Figures) -> str:
    read = now.input_tokens + now.cache_read_input_tokens + now.cache_write_input_tokens
    return f"{percent(now.cache_read_input_tokens / read)} of input from cache" if read else "No input"


def _cost_note(read: Read) -> str:
    return compared(read.now.totals.cost_micros, read.before.cost_micros)


def _people(read: Read) -> Tile:
    return Tile(
        name="Active users",
        value=count(read.active.total),
        note=f"{count(read.before.active_users)} in the previous period",
        course=sparkline(read.active.series),
    )


def _calls(now: ReadUsage) -> Tile:
    return Tile(
        name="Tool calls",
        value=count(now.totals.tool_calls),
        note="Chosen by models",
        course=sparkline([step.tool_calls for step in now.series]),
    )


def _lasting(milliseconds: float | None) -> str:
    return "None" if milliseconds is None else duration(milliseconds)
