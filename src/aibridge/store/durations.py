"""Histograms of durations as one number: they add up as numbers do, in the database and out of it.

Each step of the scale has twelve decimal digits of the number, the shortest durations the last ones, so that up to a
million million requests in one step never touch the next. The scale is the R20 series of ISO 3: twenty steps from one
power of ten to the next, none wider than a seventh of where it begins (from 1.4 to 1.6).
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

DIGITS = 12
"""Of each step."""

_NONE = "0" * DIGITS

_R20 = (
    *(1000, 1120, 1250, 1400, 1600, 1800, 2000, 2240, 2500, 2800),
    *(3150, 3550, 4000, 4500, 5000, 5600, 6300, 7100, 8000, 9000),
)

BOUNDS = (*(each * 10**decade for decade in range(7) for each in _R20), 10**10)
"""Microseconds at which steps begin, after the first, which begins at 0: from one millisecond to 2.8 hours. A duration
on a bound belongs to the step above. `usage_duration` in queries/usage.sql says the same."""


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds; None of nothing."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


def steps(number: str) -> Counter[int]:
    """How many durations lie in each step, from the digits of a histogram. Steps without any are left out."""
    padded = number.zfill(-(-len(number) // DIGITS) * DIGITS)
    first = (len(padded) - len(padded.rstrip("0"))) // DIGITS  # most steps are shorter than anything that was measured
    counts = (padded[at : at + DIGITS] for at in range(len(padded) - (first + 1) * DIGITS, -1, -DIGITS))
    return Counter({step: int(digits) for step, digits in enumerate(counts, first) if digits != _NONE})


def percentiles(found: Counter[int]) -> Percentiles:
    """The durations that half, 95 and 99 of a hundred do not exceed (nearest rank), each somewhere in its own step."""
    if not found:
        return Percentiles()
    total, spread = found.total(), sorted(found.items())
    return Percentiles(p50=_at(spread, total, 50), p95=_at(spread, total, 95), p99=_at(spread, total, 99))


def _at(spread: Sequence[tuple[int, int]], total: int, hundredths: int) -> float:
    """The middle of where the duration of this rank would lie if those of its step were spread evenly."""
    rank = -(-total * hundredths // 100)
    for step, count in spread:
        if rank <= count:
            low, high = _bounds(step)
            return round((low + (high - low) * (rank - 0.5) / count) / 1000, 1)
        rank -= count
    raise AssertionError("a rank is at most the total")


def _bounds(step: int) -> tuple[int, int]:
    """Where a step begins and ends; the last one, which has no end, is taken for a point."""
    low = BOUNDS[step - 1] if step else 0
    return low, BOUNDS[step] if step < len(BOUNDS) else low
