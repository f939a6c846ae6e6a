"""Usage as it should be told, by looking at every interception: without books, steps of durations, or SQL."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aibridge.filters import Filter
from aibridge.store.durations import BOUNDS
from aibridge.store.usage import Bucket, By, ReadUsage, Sort, Spent, UsageAsked
from support.usages import FIGURES, TOKENS, Ended

NAMES = FIGURES[:-1]
PERCENTILES = {"duration_p50_ms": 50, "duration_p95_ms": 95, "duration_p99_ms": 99}


def expected(everything: Iterable[Ended], viewer: UUID | None, asked: UsageAsked) -> dict[str, Any]:
    start, end = _full_hour(asked.start), _full_hour(asked.end)
    end += timedelta(hours=1) if end < asked.end else timedelta(0)
    rows = [
        each
        for each in everything
        if start <= each.started_at < end
        and (viewer is None or each.initiator_id == viewer)
        and _has(each, asked.filter)
    ]
    tool = next(iter(asked.filter.tools), "")
    groups = _ranked(rows, asked, tool)
    return {
        "start": start,
        "end": end,
        "totals": _figures(rows, tool) | {"active_users": _users(rows)},
        "groups": [
            _figures(mine, *_tools(asked, tool, keys)) | {"key": key, "groups": len(keys), "active_users": _users(mine)}
            for key, keys, mine in groups
        ],
        "series": [
            _figures(within, tool)
            | {
                "starts_at": max(step, start),
                "active_users": _users(within),
                "groups": [
                    _figures(mine, *_tools(asked, tool, keys)) | {"key": key}
                    for key, keys, whole in groups
                    if (mine := [each for each in whole if step <= each.started_at < step + width])
                ],
            }
            for step, width in _steps(asked.bucket, start, end)
            for within in [[each for each in rows if step <= each.started_at < step + width]]
        ],
    }


def told(usage: ReadUsage) -> dict[str, Any]:
    """The same of what was read."""
    return {
        "start": usage.start,
        "end": usage.end,
        "totals": _read(usage.totals, "active_users"),
        "groups": [_read(group, "key", "groups", "active_users") for group in usage.groups],
        "series": [
            _read(step, "starts_at", "active_users") | {"groups": [_read(group, "key") for group in step.groups]}
            for step in usage.series
        ],
    }


def _read(figures: Spent, *more: str) -> dict[str, Any]:
    percentiles = {name: _step(getattr(figures, name)) for name in PERCENTILES}
    return {name: getattr(figures, name) for name in (*NAMES, *more)} | percentiles


def _step(millis: float | None) -> int | None:
    return None if millis is None else bisect_right(BOUNDS, round(millis * 1000))


def _figures(rows: Sequence[Ended], *tools: str) -> dict[str, Any]:
    """As requests that called these; the empty tool is any request. One that called two of them counts twice."""
    sums: Counter[str] = Counter()
    taken = []
    for each in rows:
        for tool in tools:
            if not tool or tool in each.tools:
                sums.update(each.figures(tool))
                taken.append(each.micros)
    taken.sort()
    percentiles = {
        name: bisect_right(BOUNDS, taken[-(-len(taken) * share // 100) - 1]) if taken else None
        for name, share in PERCENTILES.items()
    }
    return {name: sums[name] for name in NAMES} | percentiles


def _tools(asked: UsageAsked, tool: str, keys: Sequence[str]) -> Sequence[str]:
    return keys if asked.by is By.TOOL else [tool]


def _users(rows: Iterable[Ended]) -> int:
    return len({each.initiator_id for each in rows})


def _keys(each: Ended, by: By, tool: str) -> Iterable[str]:
    match by:
        case By.USER:
            return [str(each.initiator_id)]
        case By.TOOL:
            return [tool] if tool else each.tools
        case _:
            return [getattr(each, by.value)]


def _ranked(rows: Sequence[Ended], asked: UsageAsked, tool: str) -> list[tuple[str | None, list[str], list[Ended]]]:
    if asked.by is None:
        return []
    found: dict[str, list[Ended]] = {}
    for each in rows:
        for key in _keys(each, asked.by, tool):
            found.setdefault(key, []).append(each)

    def weight(key: str) -> int:
        figures = _figures(found[key], *_tools(asked, tool, [key]))
        return sum(figures[kind] for kind in TOKENS) if asked.sort is Sort.TOKENS else figures[asked.sort.value]

    order = sorted(found, key=lambda key: (-weight(key), key.encode()))
    shown, others = order[: asked.limit], order[len(order) if asked.limit is None else asked.limit :]
    groups: list[tuple[str | None, list[str], list[Ended]]] = [(key, [key], found[key]) for key in shown]
    if others:
        together = {each.id: each for key in others for each in found[key]}
        groups.append((None, others, list(together.values())))
    return groups


def _has(each: Ended, filter_: Filter) -> bool:
    return (
        (filter_.initiator_ids is None or each.initiator_id in filter_.initiator_ids)
        and (not filter_.tools or bool(filter_.tools & set(each.tools)))
        and all(
            not wanted or getattr(each, name) in wanted
            for name, wanted in (
                ("provider", filter_.providers),
                ("provider_name", filter_.provider_names),
                ("model", filter_.models),
                ("client", filter_.clients),
                ("outcome", filter_.outcomes),
            )
        )
    )


def _full_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _steps(bucket: Bucket, start: datetime, end: datetime) -> Iterable[tuple[datetime, timedelta]]:
    if bucket is Bucket.NONE:
        return
    width = timedelta(hours=1) if bucket is Bucket.HOUR else timedelta(days=1)
    step = start if bucket is Bucket.HOUR else start.replace(hour=0)
    while step < end:
        yield step, width
        step += width
