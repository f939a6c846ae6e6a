"""From many figures to few."""

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile of values in ascending order; 0 of none."""
    if not ordered:
        return 0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> float:
    """Return how far the largest lies above the smallest, as a share of the smallest; 0 of none."""
    least = min(values, default=0)
    return (max(values) - least) / least if least else 0
