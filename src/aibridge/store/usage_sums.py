"""Adding up figures of usage. Nothing here does any I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aibridge.store.durations import percentiles, steps

_FIGURES = (
    *("requests", "failures", "tool_calls", "input_tokens", "output_tokens", "cache_read_input_tokens"),
    *("cache_write_input_tokens", "cost_micros", "unpriced"),
)


class Sums(msgspec.Struct, frozen=True):
    """Figures that are added up, and histograms of durations (see `durations`), added up when they are looked into."""

    figures: Counter[str] = msgspec.field(default_factory=Counter)
    durations: tuple[str, ...] = ()
    """Digits."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Sums":
        """Read a row with the columns of `usage_sums_as_text`."""
        return cls(Counter({name: int(row[name]) for name in _FIGURES}), (row["durations"],))

    @classmethod
    def together(cls, several: Iterable["Sums"]) -> "Sums":
        """Add up."""
        each = list(several)
        figures = Counter({name: sum(one.figures[name] for one in each) for name in _FIGURES})
        return cls(figures, tuple(digits for one in each for digits in one.durations))

    def without(self, others: Iterable["Sums"]) -> "Sums":
        """What is left when these are taken out."""
        taken = Sums.together(others)
        figures = Counter({name: self.figures[name] - taken.figures[name] for name in _FIGURES})
        return Sums(figures, (str(_added(self.durations) - _added(taken.durations)),))

    @property
    def requests(self) -> int:
        """How many there are."""
        return self.figures["requests"]

    def told(self, *, durations: bool = True) -> dict[str, Any]:
        """As fields of `usage.Spent`."""
        told: dict[str, Any] = {name: self.figures[name] for name in _FIGURES}
        if not durations:
            return told
        digits = self.durations[0] if len(self.durations) == 1 else str(_added(self.durations))
        taken = percentiles(steps(digits))
        return told | {
            "duration_p50_ms": taken.p50,
            "duration_p95_ms": taken.p95,
            "duration_p99_ms": taken.p99,
        }


def _added(histograms: Iterable[str]) -> int:
    return sum(map(int, histograms))
