"""The time that a page is about: one of the ranges up to now, or from one moment to another. In steps, for its chart.

A range begins at a full step, so that the columns of a chart are whole; those of a day and more begin at a full hour,
so that they can be answered from the hourly roll-ups.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.datastructures import QueryParams

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MOST_STEPS = 96
"""That stand side by side and can still be told apart."""
_LENGTHS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY, 7 * DAY, 30 * DAY)


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """A length of time up to now."""

    label: str
    length: timedelta
    step: timedelta


RANGES = {
    "1h": Range(label="Last hour", length=HOUR, step=MINUTE),
    "6h": Range(label="Last 6 hours", length=6 * HOUR, step=5 * MINUTE),
    "24h": Range(label="Last 24 hours", length=DAY, step=HOUR),
    "7d": Range(label="Last 7 days", length=7 * DAY, step=4 * HOUR),
    "30d": Range(label="Last 30 days", length=30 * DAY, step=DAY),
    "90d": Range(label="Last 90 days", length=90 * DAY, step=DAY),
}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is about."""

    key: str
    """Of `RANGES`; empty for one from `from` to `to`."""
    label: str
    start: datetime
    """UTC, at a full step."""
    end: datetime
    """Exclusive."""
    step: timedelta
    until_now: bool
    """What comes from now on belongs to it."""

    @property
    def starts(self) -> list[datetime]:
        """Where each step begins."""
        return [self.start + n * self.step for n in range(max(-((self.start - self.end) // self.step), 1))]

    @property
    def is_hourly(self) -> bool:
        """Whether it consists of full hours, up to now or to its end."""
        return all(moment == floor(moment, HOUR) for moment in self._ends)

    @property
    def _ends(self) -> tuple[datetime, ...]:
        return (self.start,) if self.until_now else (self.start, self.end)


def floor(moment: datetime, step: timedelta) -> datetime:
    """The full step at or before this moment."""
    return EPOCH + (moment - EPOCH) // step * step


def window_of(query: QueryParams, now: datetime, *, default: str = "24h") -> Window:
    """The window that a link asks for: a range counts before two moments. What cannot be read is left out."""
    key = query.get("range", "")
    start, end = moment_of(query.get("from")), moment_of(query.get("to"))
    if key not in RANGES and start is not None and (end is None or end > start) and start < now:
        return between(start, end, now)
    key = key if key in RANGES else default
    chosen = RANGES[key]
    whole = min(chosen.step, DAY)
    return Window(
        key=key,
        label=chosen.label,
        start=floor(now - chosen.length, whole),
        end=now,
        step=chosen.step,
        until_now=True,
    )


def between(start: datetime, end: datetime | None, now: datetime) -> Window:
    """From one moment to another, or to now."""
    until_now = end is None or end > now
    last = now if until_now or end is None else end
    step = next((each for each in _LENGTHS if (last - start) / each <= MOST_STEPS), _LENGTHS[-1])
    return Window(key="", label=_label(start, end, now), start=start, end=last, step=step, until_now=until_now)


def _label(start: datetime, end: datetime | None, now: datetime) -> str:
    if end is None:
        return f"Since {_told(start, now)} UTC"
    last = f"{end:%H:%M}" if start.date() == end.date() else _told(end, now)
    return f"{_told(start, now)} to {last} UTC"


def _told(moment: datetime, now: datetime) -> str:
    """With the year where it is another."""
    return f"{moment:%d %b, %H:%M}" if moment.year == now.year else f"{moment:%d %b %Y, %H:%M}"


def moment_of(text: str | None) -> datetime | None:
    """The moment that a link names; None: none that can be read."""
    try:
        moment = datetime.fromisoformat(text) if text else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def rfc3339(moment: datetime) -> str:
    """As links write a moment."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
