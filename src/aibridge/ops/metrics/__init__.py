"""What Prometheus reads. Counting takes a tenth of a microsecond; the page is the sum over all workers of a `serve`."""

from aibridge.ops.metrics.metrics import Metrics, Refusal

__all__ = ["Metrics", "Refusal"]
