"""What Prometheus reads."""

from prometheus_client.parser import text_string_to_metric_families

from aibridge.ops.metrics import Metrics, Refusal
from aibridge.records import Outcome


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_every_counter_reaches_the_page() -> None:
    metrics = Metrics()
    anthropic = metrics.provider("anthropic")
    anthropic.ended(Outcome.COMPLETED)
    anthropic.ended(Outcome.COMPLETED)
    anthropic.ended(Outcome.CANCELLED)
    anthropic.passed_through.inc()
    anthropic.retries.inc()
    anthropic.notes.inc(3)
    anthropic.in_flight.inc()
    anthropic.first_byte.observe(0.2)
    anthropic.duration.observe(7)
    metrics.begin_failures.inc()
    metrics.finish_failures.inc()
    metrics.refused(Refusal.FORBIDDEN)
    found = samples(metrics)
    expected = {
        ("aibridge_interceptions_total", ("completed", "anthropic")): 2,
        ("aibridge_interceptions_total", ("cancelled", "anthropic")): 1,
        ("aibridge_interceptions_total", ("failed", "anthropic")): 0,
        ("aibridge_pass_throughs_total", ("anthropic",)): 1,
        ("aibridge_upstream_retries_total", ("anthropic",)): 1,
        ("aibridge_listener_notes_total", ("anthropic",)): 3,
        ("aibridge_in_flight", ("anthropic",)): 1,
        ("aibridge_time_to_first_byte_seconds_bucket", ("0.25", "anthropic")): 1,
        ("aibridge_duration_seconds_sum", ("anthropic",)): 7,
        ("aibridge_begin_failures_total", ()): 1,
        ("aibridge_finish_failures_total", ()): 1,
        ("aibridge_refusals_total", ("forbidden",)): 1,
        ("aibridge_refusals_total", ("busy",)): 0,
    }
    assert expected.items() <= found.items()


def test_two_processes_worth_of_metrics_share_nothing() -> None:
    """No global registry: each composition root counts for itself."""
    one, other = Metrics(), Metrics()
    one.begin_failures.inc()
    assert samples(other)["aibridge_begin_failures_total", ()] == 0


def test_a_providers_counters_are_made_once() -> None:
    metrics = Metrics()
    assert metrics.provider("copilot") is metrics.provider("copilot")
