"""Every family of series there is, as data: what it counts, by what, and how many series it may grow to.

Names and labels are those of Coder's AI Bridge where it counts the same. Labels whose values clients choose are open:
see `Family.limit`. Nobody's name and no id is a label.
"""

from enum import Enum

import msgspec

PREFIX = "aibridge_"
OTHER = "other"
"""What an open label reads beyond its family's limit."""


class Kind(Enum):
    """Prometheus's."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Across(Enum):
    """What one figure is made of those of all workers."""

    SUM = "sum"
    LEAST = "least"
    GREATEST = "greatest"


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the catalogue."""

    name: str
    """Without the prefix, and without a counter's `_total`."""
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    open: frozenset[str] = frozenset()
    """Labels whose values come from outside."""
    limit: int = 500
    """Series with values of their own in open labels, per worker; in all later ones these read `other`."""
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, without the last, which has none."""
    across: Across = Across.SUM

    @property
    def width(self) -> int:
        """Numbers of one series: of a histogram its buckets and the sum."""
        return len(self.bounds) + 2 if self.kind is Kind.HISTOGRAM else 1

    @property
    def shown(self) -> str:
        """Its name as Prometheus knows it."""
        return f"{PREFIX}{self.name}" + ("_total" if self.kind is Kind.COUNTER else "")


def _counter(name: str, about: str, labels: str = "", *, open: str = "", limit: int = 500) -> Family:  # noqa: A002
    return Family(
        name=name,
        kind=Kind.COUNTER,
        about=about,
        labels=tuple(labels.split()),
        open=frozenset(open.split()),
        limit=limit,
    )


def _gauge(name: str, about: str, labels: str = "", *, open: str = "", across: Across = Across.SUM) -> Family:  # noqa: A002
    return Family(
        name=name,
        kind=Kind.GAUGE,
        about=about,
        labels=tuple(labels.split()),
        open=frozenset(open.split()),
        across=across,
    )


def _histogram(name: str, about: str, labels: str, bounds: tuple[float, ...], *, open: str = "") -> Family:  # noqa: A002
    return Family(
        name=name,
        kind=Kind.HISTOGRAM,
        about=about,
        labels=tuple(labels.split()),
        open=frozenset(open.split()),
        bounds=bounds,
    )


_ANSWER_SECONDS = (0.1, 0.5, 2, 5, 15, 30, 60, 120, 300, 600)
"""Models take from a tenth of a second to ten minutes; the seven bounds of Coder's AI Bridge are among these."""
_COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

INTERCEPTIONS = _counter(
    "interceptions",
    "Interceptions that ended. `status` is `completed`, `failed`, `cancelled`, `truncated` or `interrupted`.",
    "provider model client status route method",
    open="model client",
    limit=2000,
)
IN_FLIGHT = _gauge("interceptions_inflight", "Interceptions in flight.", "provider model route", open="model")
DURATION = _histogram(
    "interceptions_duration_seconds",
    "Time from a request's arrival to the last byte of its answer, most of it the provider's.",
    "provider model",
    _ANSWER_SECONDS,
    open="model",
)
FIRST_BYTE = _histogram(
    "time_to_first_byte_seconds",
    "Time from a request's arrival to the first body byte of the provider's answer.",
    "provider model",
    _ANSWER_SECONDS,
    open="model",
)
PROMPTS = _counter("prompts", "Prompts that people wrote.", "provider model client", open="model client")
TOKENS = _counter(
    "tokens",
    "Tokens. `type` is `input` (excluding the caches), `output`, `cache_read_input_tokens` or "
    "`cache_write_input_tokens`.",
    "provider model client type",
    open="model client",
    limit=2000,
)
TOOLS = _counter(
    "non_injected_tool_selections",
    "Tool calls that models made, whether run by the client or hosted by the provider.",
    "provider model name",
    open="model name",
    limit=2000,
)
UNPRICED = _counter(
    "unpriced_token_usages",
    "Answers with token counts but no known cost, usually because their model has no price.",
    "provider model",
    open="model",
)
PASSED = _counter("passthrough", "Requests that were passed through without a record.", "provider route method")
RETRIES = _counter("upstream_retries", "Requests that were sent again on a fresh connection.", "provider")
NOTES = _counter("listener_notes", "Notes on records about what could not be read as expected.", "provider")
REFUSALS = _counter("refusals", "Requests that were refused before anything was sent upstream.", "reason")
BEGIN_FAILURES = _counter("begin_failures", "Starts of interceptions that could not be recorded in time.")
FINISH_FAILURES = _counter("finish_failures", "Ends of interceptions that could not be recorded in time.")
BATCH_ROWS = _histogram("record_batch_rows", "Rows written by one commit.", "kind", _BATCH_ROWS)
COMMIT_SECONDS = _histogram("record_commit_seconds", "How long one commit took.", "kind", _COMMIT_SECONDS)
QUEUED = _gauge("record_queue_rows", "Rows that wait for the current commit.", "kind")
LOST_TRIES = _counter(
    "record_lost_tries", "Commits that failed because the database could not be reached; they are retried.", "kind"
)
REDUCED = _counter(
    "record_reduced_rows", "Rows that the database refused and that were then written without their texts.", "kind"
)
STORE_UP = _gauge("store_up", "1 while every worker reaches the database.", across=Across.LEAST)
UPKEEP_RUNS = _counter("upkeep_runs", "Runs of periodic work. `result` is `done` or `failed`.", "work result")
UPKEEP_AT = _gauge(
    "upkeep_last_done_timestamp_seconds",
    "When periodic work last succeeded, as Unix time.",
    "work",
    across=Across.GREATEST,
)
WORKERS = _gauge("workers", "Worker processes.")
BUILD = _gauge("build_info", "Always 1.", "version python")
PROVIDER = _gauge(
    "provider_info",
    "Always 1, for every configured provider. `status` is `enabled`.",
    "provider_name provider_type status",
)

COUNTED: tuple[Family, ...] = (
    INTERCEPTIONS,
    IN_FLIGHT,
    DURATION,
    FIRST_BYTE,
    PROMPTS,
    TOKENS,
    TOOLS,
    UNPRICED,
    PASSED,
    RETRIES,
    NOTES,
    REFUSALS,
    BEGIN_FAILURES,
    FINISH_FAILURES,
    BATCH_ROWS,
    COMMIT_SECONDS,
    QUEUED,
    LOST_TRIES,
    REDUCED,
    STORE_UP,
    UPKEEP_RUNS,
    UPKEEP_AT,
)
"""What workers write to their seats."""
KNOWN: tuple[Family, ...] = (WORKERS, BUILD, PROVIDER)
"""What whoever is asked knows by itself."""
