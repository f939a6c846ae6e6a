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
    """Figures that are added up, and a histogram of durations by `store.durations`' steps."""

    figures: Counter[str] = msgspec.field(default_factory=Counter)
    durations: Counter[int] = msgspec.field(default_factory=Counter)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Sums":
        """Read a row with the columns of `usage_sums_as_text`."""
        return cls(Counter({name: int(row[name]) for name in _FIGURES}), steps(row["durations"]))

    @classmethod
    def together(cls, several: Iterable["Sums"]) -> "Sums":
        """Add up."""
        whole = cls()
        for each in several:
            whole.figures.update(each.figures)
            whole.durations.update(each.durations)
        return whole

    def without(self, others: Iterable["Sums"]) -> "Sums":
        """What is left when these are taken out."""
        taken = Sums.together(others)
        figures, durations = Counter(self.figures), Counter(self.durations)
        figures.subtract(taken.figures)
        durations.subtract(taken.durations)
        return Sums(figures, Counter({step: count for step, count in durations.items() if count}))

    @property
    def requests(self) -> int:
        """How many there are."""
        return self.figures["requests"]

    def told(self) -> dict[str, Any]:
        """As fields of `usage.Spent`."""
        taken = percentiles(self.durations)
        return {
            **{name: self.figures[name] for name in _FIGURES},
            "duration_p50_ms": taken.p50,
            "duration_p95_ms": taken.p95,
            "duration_p99_ms": taken.p99,
        }
