"""Counters, gauges and histograms on a seat: their labels are resolved once, then each takes about a tenth of a µs."""

from bisect import bisect_left

from aibridge.ops.metrics.board import Seat
from aibridge.ops.metrics.catalogue import COUNTED, OTHER, Family, Kind
from aibridge.ops.scrub import scrub

MAX_LABEL = 120
"""Characters. Names of models may be longer, and nobody reads them in a legend."""

_GAUGES = frozenset(family.name for family in COUNTED if family.kind is Kind.GAUGE)


class Counter:
    """A number that grows."""

    __slots__ = ("_slot", "_values")

    def __init__(self, values: "memoryview[float]", slot: int) -> None:
        self._values = values
        self._slot = slot

    def inc(self, amount: float = 1.0) -> None:
        """Add to it."""
        self._values[self._slot] += amount


class Gauge(Counter):
    """A number that also falls."""

    __slots__ = ()

    def dec(self) -> None:
        """One less."""
        self._values[self._slot] -= 1.0

    def set(self, value: float) -> None:
        """It is this now."""
        self._values[self._slot] = value


class Histogram:
    """How often a figure was at most so large; each bucket holds what the one below does not."""

    __slots__ = ("_bounds", "_first", "_sum", "_values")

    def __init__(self, values: "memoryview[float]", first: int, bounds: tuple[float, ...]) -> None:
        self._values = values
        self._bounds = bounds
        self._first = first
        self._sum = first + len(bounds) + 1

    def observe(self, value: float) -> None:
        """Count one figure."""
        values = self._values
        values[self._first + bisect_left(self._bounds, value)] += 1.0
        values[self._sum] += value


class Meters:
    """Makes the series of one worker, each once, and keeps families within their limits."""

    def __init__(self, seat: Seat, *, pid: int) -> None:
        self._seat = seat
        self._slots: dict[tuple[str, tuple[str, ...]], int] = {}
        self._grown: dict[str, int] = {}
        for series in seat.series():  # whoever sat here before may have been killed
            self._slots[series.family, series.labels] = series.first
            self._grown[series.family] = self._grown.get(series.family, 0) + 1
            if series.family in _GAUGES:
                seat.values[series.first] = 0.0
        seat.take(pid)

    def counter(self, family: Family, *labels: str) -> Counter:
        """Return the counter with these labels."""
        return Counter(self._seat.values, self._slot(family, labels))

    def gauge(self, family: Family, *labels: str) -> Gauge:
        """Return the gauge with these labels."""
        return Gauge(self._seat.values, self._slot(family, labels))

    def histogram(self, family: Family, *labels: str) -> Histogram:
        """Return the histogram with these labels."""
        return Histogram(self._seat.values, self._slot(family, labels), family.bounds)

    def _slot(self, family: Family, labels: tuple[str, ...]) -> int:
        labels = tuple(scrub(label)[:MAX_LABEL] for label in labels)
        slot = self._slots.get((family.name, labels))
        if slot is None and self._grown.get(family.name, 0) >= family.limit:
            labels = self._closed(family, labels)
            slot = self._slots.get((family.name, labels))
        if slot is None:
            slot = self._slots[family.name, labels] = self._seat.add(family.name, labels, family.width)
            self._grown[family.name] = self._grown.get(family.name, 0) + 1
        return slot

    def _closed(self, family: Family, labels: tuple[str, ...]) -> tuple[str, ...]:
        names = zip(family.labels, labels, strict=True)
        return tuple(OTHER if name in family.open else label for name, label in names)
