"""Counters for Prometheus. An object of the composition root's, no global registry.

Labels are closed sets: configured provider names, outcomes, reasons of refusal. Never a user, a model or a path: a
client chooses those, and each new value would be kept for ever.
"""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from aibridge.records import Outcome

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Upper bounds: models take from a tenth of a second to ten minutes."""


class Refusal(StrEnum):
    """Why a request was refused before anything was sent upstream."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    ROUTE = "route"
    REQUEST = "request"
    TOO_LARGE = "too_large"
    SLOW = "slow"
    BUSY = "busy"
    RECORD = "record"
    """The start could not be recorded."""


class Metrics:
    """Everything this process counts. `provider` gives ready-made counters for the path of a request."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        counter, by_provider = self._counter, ("provider_name",)
        self._interceptions = counter("interceptions", "Interceptions that ended.", ("provider_name", "outcome"))
        self._pass_throughs = counter("pass_throughs", "Requests passed through without a record.", by_provider)
        self._retries = counter("upstream_retries", "Requests repeated on a fresh upstream connection.", by_provider)
        self._notes = counter("listener_notes", "Notes that listeners and taps left on records.", by_provider)
        self._refusals = counter("refusals", "Requests refused before anything was sent upstream.", ("reason",))
        self._in_flight = Gauge(
            "aibridge_in_flight", "Requests being carried right now.", by_provider, registry=self.registry
        )
        self._first_byte = self._histogram("time_to_first_byte", "From arrival to the provider's first body byte.")
        self._duration = self._histogram("duration", "From arrival to the last byte.")
        self.begin_failures = counter("begin_failures", "Starts of interceptions that could not be recorded.")
        self.finish_failures = counter("finish_failures", "Ends of interceptions that could not be recorded in time.")
        self._refused = {reason: self._refusals.labels(reason.value) for reason in Refusal}
        self._providers: dict[str, ProviderMetrics] = {}
        ProcessCollector(registry=self.registry)

    def provider(self, provider_name: str) -> "ProviderMetrics":
        """The counters of one configured provider instance, made once."""
        known = self._providers.get(provider_name)
        if known is None:
            known = self._providers[provider_name] = self._of(provider_name)
        return known

    def refused(self, reason: Refusal) -> None:
        """A request was refused before anything was sent upstream."""
        self._refused[reason].inc()

    def render(self) -> tuple[bytes, str]:
        """The page that Prometheus reads: body and content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _of(self, name: str) -> "ProviderMetrics":
        return ProviderMetrics(
            ended={outcome: self._interceptions.labels(name, outcome.value) for outcome in Outcome},
            passed_through=self._pass_throughs.labels(name),
            retries=self._retries.labels(name),
            notes=self._notes.labels(name),
            in_flight=self._in_flight.labels(name),
            first_byte=self._first_byte.labels(name),
            duration=self._duration.labels(name),
        )

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"aibridge_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"aibridge_{name}_seconds", text, ("provider_name",), buckets=_SECONDS, registry=self.registry)


class ProviderMetrics:
    """The counters of one provider instance, their labels already resolved: under a microsecond each."""

    __slots__ = ("_ended", "duration", "first_byte", "in_flight", "notes", "passed_through", "retries")

    def __init__(
        self,
        *,
        ended: dict[Outcome, Counter],
        passed_through: Counter,
        retries: Counter,
        notes: Counter,
        in_flight: Gauge,
        first_byte: Histogram,
        duration: Histogram,
    ) -> None:
        self._ended = ended
        self.passed_through = passed_through
        self.retries = retries
        self.notes = notes
        self.in_flight = in_flight
        self.first_byte = first_byte
        """Seconds."""
        self.duration = duration
        """Seconds."""

    def ended(self, outcome: Outcome) -> None:
        """An interception ended."""
        self._ended[outcome].inc()
