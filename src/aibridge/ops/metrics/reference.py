"""The page `docs/metrics.md`, made from the catalogue. `python -m aibridge.ops.metrics.reference` prints it."""

from collections.abc import Iterable

from aibridge.ops.metrics.catalogue import COUNTED, KNOWN, Across, Family

_HEAD = """\
# Metrics

<!-- Made by `python -m aibridge.ops.metrics.reference`; a test compares it with the code. -->

`GET /metrics` uses Prometheus's text format and needs no token: restrict access to it. One scrape covers all workers
of an `aibridge serve`, whichever of them answers; scrape each replica. Counters survive the death of a worker, and
start at zero with `aibridge serve`.
"""

_LABELS = """
## Labels

`provider` is the name of a configured instance, `route` an entry in the table of routes, `client` one of the known
clients. Values that clients or providers choose freely are bounded: a model appears under its name once a provider has
answered to it, up to a number of models per worker, and each family has a limited number of series (the column *at
most*). Whatever exceeds these limits is counted under `other`, so sums are always right. Values are cut at 120
characters.

No label names a person or holds an id. Who used what is a question for the record, which has rules about who may read
what; a system that scrapes metrics has none.
"""

_OTHERS = """
There are also the usual `process_*` metrics: sums over the workers, and for `process_start_time_seconds` the first
worker's.

## For those who come from Coder's AI Bridge

The names are those of AI Bridge, with the prefix `aibridge_`; adapt dashboards to the prefix and to the missing
`initiator_id`. The differences:

- There is no `initiator_id`, see above.
- `status` of `aibridge_interceptions_total` has five values. What AI Bridge calls `failed` is everything but
  `completed`.
- `aibridge_interceptions_duration_seconds` has three more buckets: 0.1, 300 and 600 seconds.
- `type` of `aibridge_tokens_total` leaves out provider-specific counters: they are on the record.
- Tools are never injected, so there is no `injected_tool_invocations_total`. There is no circuit breaker, no key pool
  and no reloading of providers, so there are no series about them; `aibridge_provider_info` exists.
"""


def reference() -> str:
    """The page."""
    return "".join((_HEAD, "\n## Series\n", _table((*COUNTED, *KNOWN)), _LABELS, _OTHERS))


def _table(families: Iterable[Family]) -> str:
    rows = (
        f"| `{family.shown}` | {family.kind.value} | {_labels(family)} | {_bound(family)} | {_about(family)} |"
        for family in families
    )
    return "\n".join(("", "| name | kind | labels | at most | |", "|---|---|---|---|---|", *rows, ""))


def _labels(family: Family) -> str:
    return ", ".join(f"`{label}`" for label in family.labels) or "-"


def _bound(family: Family) -> str:
    return f"{family.limit:,}" if family.open else "-"


def _about(family: Family) -> str:
    more = [f"Buckets: {', '.join(f'{bound:g}' for bound in family.bounds)}."] if family.bounds else []
    match family.across:
        case Across.LEAST:
            more.append("The lowest value of all workers.")
        case Across.GREATEST:
            more.append("The highest value of all workers.")
        case Across.SUM:
            pass
    return " ".join((family.about, *more))


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - a page is made
