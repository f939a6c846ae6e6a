"""Usage as a table: a row for each group in each step, or for each step, or for all of it."""

from collections.abc import Iterator

from aibridge.exporting.tables import Cell
from aibridge.store.usage import GroupInStep, ReadUsage, Spent, UsageGroup

FIGURES = (
    *("requests", "failures", "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"),
    *("cost_micros", "unpriced", "tool_calls", "duration_p50_ms", "duration_p95_ms", "duration_p99_ms"),
)

HEADER = ("starts_at", "by", "key", "name", *FIGURES, "active_users")
"""`key` and `name` are empty for all groups together, and in rows without groups; `name` is told of users."""


def table(usage: ReadUsage) -> Iterator[tuple[Cell, ...]]:
    """Header and rows, by time."""
    yield HEADER
    names = {group.key: group.person.username for group in usage.groups if group.person}
    whole = not usage.series
    if usage.by is None:
        steps = [(usage.start, usage.totals)] if whole else [(step.starts_at, step) for step in usage.series]
        for starts_at, figures in steps:
            yield starts_at, "", "", "", *_cells(figures), figures.active_users
        return
    for group in usage.groups if whole else ():
        yield usage.start, usage.by.value, *_named(group, names), *_cells(group), group.active_users
    for step in usage.series:
        for each in step.groups:
            yield step.starts_at, usage.by.value, *_named(each, names), *_cells(each), None


def _named(group: UsageGroup | GroupInStep, names: dict[str | None, str]) -> tuple[str, str]:
    return group.key or "", names.get(group.key, "") if group.key else "(all others)"


def _cells(figures: Spent) -> tuple[Cell, ...]:
    return tuple(getattr(figures, name) for name in FIGURES)
