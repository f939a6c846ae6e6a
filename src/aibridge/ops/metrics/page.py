"""The page that Prometheus reads: the seats of all workers, put together by whoever is asked."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from aibridge import __version__
from aibridge.ops.metrics import catalogue
from aibridge.ops.metrics.board import Board, Seat
from aibridge.ops.metrics.catalogue import PREFIX, Across, Family, Kind
from aibridge.ops.metrics.processes import processes

Figures = dict[tuple[str, ...], list[float]]
"""The numbers of a family by labels."""


class Page(Collector):
    """Reads the board again at every scrape."""

    def __init__(self, board: Board, providers: Mapping[str, str]) -> None:
        self._board = board
        self._providers = providers
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def render(self) -> tuple[bytes, str]:
        """Body and content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def collect(self) -> Iterator[Metric]:
        """Every family with all its series."""
        found = _gathered(self._board.seats)
        for family in catalogue.COUNTED:
            yield _metric(family, found[family.name])
        pids = [seat.pid for seat in self._board.seats if seat.pid]
        yield _metric(catalogue.WORKERS, {(): [len(pids)]})
        yield _metric(catalogue.BUILD, {(__version__, platform.python_version()): [1]})
        yield _metric(catalogue.PROVIDER, {(name, kind, "enabled"): [1] for name, kind in self._providers.items()})
        yield from processes(pids)


def _gathered(seats: Iterable[Seat]) -> dict[str, Figures]:
    families = {family.name: family for family in catalogue.COUNTED}
    found: dict[str, Figures] = {name: {} for name in families}
    for seat in seats:
        for series in seat.series():
            family = families[series.family]
            if family.kind is Kind.GAUGE and not seat.pid:
                continue  # what was under way in a dead worker is over
            numbers = list(seat.values[series.first : series.first + series.width])
            before = found[family.name].get(series.labels)
            found[family.name][series.labels] = numbers if before is None else _joined(family.across, before, numbers)
    return found


def _joined(across: Across, one: list[float], other: list[float]) -> list[float]:
    match across:
        case Across.SUM:
            return [a + b for a, b in zip(one, other, strict=True)]
        case Across.LEAST:
            return min(one, other)
        case Across.GREATEST:
            return max(one, other)
        case _:
            assert_never(across)


def _metric(family: Family, figures: Figures) -> Metric:
    name = f"{PREFIX}{family.name}"
    match family.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(name, family.about, labels=family.labels)
            for labels, numbers in figures.items():
                counter.add_metric(labels, numbers[0])
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(name, family.about, labels=family.labels)
            for labels, numbers in figures.items():
                gauge.add_metric(labels, numbers[0])
            return gauge
        case Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(name, family.about, labels=family.labels)
            for labels, numbers in figures.items():
                histogram.add_metric(labels, _buckets(family, numbers), sum_value=numbers[-1])
            return histogram
        case _:
            assert_never(family.kind)


def _buckets(family: Family, numbers: list[float]) -> list[tuple[str, float]]:
    """Prometheus's are cumulative."""
    total, buckets = 0.0, []
    for bound, number in zip((*family.bounds, float("inf")), numbers, strict=False):
        total += number
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
    return buckets
