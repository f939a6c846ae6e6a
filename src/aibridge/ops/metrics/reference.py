"""The page `docs/metrics.md`, made from the catalogue. `python -m aibridge.ops.metrics.reference` prints it."""

from collections.abc import Iterable

from aibridge.ops.metrics.catalogue import COUNTED, KNOWN, Across, Family

_HEAD = """\
# Metrics

<!-- Made by `python -m aibridge.ops.metrics.reference`; a test compares it with the code. -->

`GET /metrics`, in Prometheus's text format, without a token: keep it from those who should not see it. One scrape of
any worker's port tells of all workers of this `aibridge serve`; several replicas are scraped each. Counters survive
the death of a worker, and start at zero with `aibridge serve`.
"""

_LABELS = """
## Labels

`provider` is the name of a configured instance, `route` a line of the table of routes, `client` one of the clients
that are known. What clients or providers choose freely is bounded: a model is called by its name once a provider has
answered to it, and only so many per worker; a family takes only so many series (the column *at most*) with values of
their own. Whatever comes later is counted under `other`, so sums are always right. Values are cut at 120 characters.

No label names a person or holds an id. Who used what is a question for the record, where it is answered under the
rules of who may read what; a system that scrapes metrics has no such rules.
"""

_OTHERS = """
Besides, the usual `process_*`: sums over the workers, `process_start_time_seconds` that of the first.

## For those who come from Coder's AI Bridge

The names are its own, with the prefix `aibridge_`; dashboards need another prefix and no `initiator_id`. What
differs:

- There is no `initiator_id`, see above.
- `status` of `aibridge_interceptions_total` tells five outcomes. What AI Bridge calls `failed` is everything but
  `completed`.
- `aibridge_interceptions_duration_seconds` has three more buckets: 0.1, 300 and 600 seconds.
- `type` of `aibridge_tokens_total` has no provider's extra counters: they are on the record.
- Tools are never injected, so there is no `injected_tool_invocations_total`. There is no circuit breaker, no pool of
  keys and no reload of providers, so there are no series about them; `aibridge_provider_info` is there.
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
            more.append("The least of all workers' figures.")
        case Across.GREATEST:
            more.append("The greatest of all workers' figures.")
        case Across.SUM:
            pass
    return " ".join((family.about, *more))


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - a page is made
