"""What the system says of the workers' processes, under the names that every Prometheus client uses."""

from collections.abc import Iterator, Sequence

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric

STARTED = "process_start_time_seconds"


def processes(pids: Sequence[int]) -> Iterator[Metric]:
    """The sums over these processes, and when the first of them started; nothing where there is no /proc."""
    found: dict[str, tuple[Metric, list[float]]] = {}
    for pid in pids:
        for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
            for sample in metric.samples:
                found.setdefault(sample.name, (metric, []))[1].append(sample.value)
    for name, (metric, values) in found.items():
        metric.samples.clear()
        metric.add_sample(name, {}, min(values) if name == STARTED else sum(values))
        yield metric
