"""Adding up figures of usage. Nothing here does any I/O."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from aibridge.store.durations import percentiles, steps

_FIGURES = (
    *("requests", "failures", "tool_calls", "input_tokens", "output_tokens", "cache_read_input_tokens"),
    *("cache_write_input_tokens", "cost_micros", "unpriced"),
)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Figures that are added up, and histograms of durations (see `durations`), added up when they are looked into."""

    figures: Counter[str] = field(default_factory=Counter)
    adding: Callable[[], int] = int
    """Makes the histogram."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Sums":
        """Read a row with the columns of `usage_sums_as_text`."""
        return cls(figures=Counter({name: int(row[name]) for name in _FIGURES}), adding=partial(int, row["durations"]))

    @classmethod
    def together(cls, several: Iterable["Sums"]) -> "Sums":
        """Add up."""
        each = list(several)
        figures = Counter({name: sum([one.figures[name] for one in each]) for name in _FIGURES})
        return cls(figures=figures, adding=lambda: sum([one.durations for one in each]))

    def without(self, others: Iterable["Sums"]) -> "Sums":
        """What is left when these are taken out."""
        taken = Sums.together(others)
        figures = Counter({name: self.figures[name] - taken.figures[name] for name in _FIGURES})
        return Sums(figures=figures, adding=lambda: self.durations - taken.durations)

    @cached_property
    def durations(self) -> int:
        """The histogram: a thousand digits, so it is read once, and only where somebody asks."""
        return self.adding()

    @property
    def requests(self) -> int:
        """How many there are."""
        return self.figures["requests"]

    def told(self, *, durations: bool = True) -> dict[str, Any]:
        """As fields of `usage.Spent`."""
        told: dict[str, Any] = {name: self.figures[name] for name in _FIGURES}
        if not durations:
            return told
        taken = percentiles(steps(str(self.durations)))
        return told | {
            "duration_p50_ms": taken.p50,
            "duration_p95_ms": taken.p95,
            "duration_p99_ms": taken.p99,
        }
