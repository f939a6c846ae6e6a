"""The strip above the rows: when the requests of the whole filter began, and what they came to."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from aibridge.filters import Filter
from aibridge.store.activity import ActivityStep, Steps
from aibridge.store.usage import Bucket, ReadUsage, UsageAsked
from aibridge.web.charts import Chart, Column, Series, bars
from aibridge.web.formats import count
from aibridge.web.linking import Links
from aibridge.web.ranges import DAY, Window, rfc3339


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """What the strip shows."""

    chart: Chart
    drawn: Markup
    failures: int
    tokens: int
    """Of all kinds."""
    cost_micros: int
    unpriced: int
    """Requests whose cost is not in it."""
    newest: int | None
    """All but the number of requests is of so many, the newest, as there are too many to count; None: of all."""


def steps_of(window: Window) -> Steps:
    """The steps of a window, as the store counts them."""
    return Steps(window.step, window.start)


def usage_asked(filter_: Filter, window: Window) -> UsageAsked | None:
    """The same from the hourly roll-ups, for any number of requests; None for what is finer than they are."""
    if not window.is_hourly or filter_.session_ids or filter_.text or len(filter_.tools) > 1:
        return None
    return UsageAsked(
        start=window.start,
        end=window.end,
        filter=msgspec.structs.replace(filter_, started_after=None, started_before=None),
        bucket=Bucket.HOUR if window.step < DAY else Bucket.DAY,
        users=False,
    )


def rolled_up(usage: ReadUsage, window: Window) -> list[ActivityStep]:
    """The steps of a window, put together of hours or days."""
    steps: dict[datetime, dict[str, int]] = {}
    for each in usage.series:
        sums = steps.setdefault(window.start + (each.starts_at - window.start) // window.step * window.step, {})
        for name in _SUMMED:
            sums[name] = sums.get(name, 0) + getattr(each, name)
    return [ActivityStep(starts_at=starts_at, **sums) for starts_at, sums in steps.items() if sums["requests"]]


_SUMMED = tuple(name for name in ActivityStep.__struct_fields__ if name != "starts_at")


def strip(activity: Sequence[ActivityStep], window: Window, link: Links, *, newest: int | None = None) -> Strip:
    """The strip of these steps; those in which nothing began are made here.

    `newest`: only so many were counted, and it begins with the oldest of them.
    """
    found = {step.starts_at: step for step in activity}
    starts = window.starts
    when = window.label.lower() if window.key else window.label
    if newest is not None:
        starts, when = [start for start in starts if start >= min(found)], f"the newest {count(newest)} of {when}"
    chart = Chart(
        title=f"Requests over time, {when}",
        columns=columns(starts, window, link),
        series=(
            Series(name="Not failed", css="f-ok", values=[_well(found.get(start)) for start in starts]),
            Series(name="Failed", css="f-err", values=[_failed(found.get(start)) for start in starts]),
        ),
        shown=lambda value: count(round(value)),
        height=92,
        lines=2,
        every=max(round(len(starts) / 7), 1),
        clock=is_clocked(starts),
    )
    return Strip(
        chart=chart,
        drawn=bars(chart),
        failures=sum(step.failures for step in activity),
        tokens=sum(_tokens(step) for step in activity),
        cost_micros=sum(step.cost_micros for step in activity),
        unpriced=sum(step.unpriced for step in activity),
        newest=newest,
    )


def columns(starts: Sequence[datetime], window: Window, link: Links) -> list[Column]:
    """A column for each step; it leads to the requests that began in it."""
    tick = "%d %b" if window.step >= DAY else "%H:%M" if is_clocked(starts) else "%a %d"
    return [
        Column(
            start=start,
            tick=f"{start:{tick}}",
            label=f"{start:%a %d %b}" if window.step >= DAY else f"{start:%a %d %b · %H:%M} UTC",
            href=link(range=None, offset=None, open=None, **_span(start, window)),
        )
        for start in starts
    ]


def is_clocked(starts: Sequence[datetime]) -> bool:
    """Whether times of day tell the steps apart."""
    return not starts or starts[-1] - starts[0] <= DAY


def _span(start: datetime, window: Window) -> dict[str, str]:
    return {"from": rfc3339(start), "to": rfc3339(start + window.step)}


def _well(step: ActivityStep | None) -> int:
    return step.requests - step.failures if step else 0


def _failed(step: ActivityStep | None) -> int:
    return step.failures if step else 0


def _tokens(step: ActivityStep) -> int:
    return step.input_tokens + step.output_tokens + step.cache_read_input_tokens + step.cache_write_input_tokens
