"""The time of a page: ranges that begin at full steps, and anything else that a link may say."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.datastructures import QueryParams

from aibridge.web.ranges import MOST_STEPS, RANGES, Window, window_of

NOW = datetime(2026, 6, 3, 14, 25, 36, 123, UTC)


def asked(query: str) -> Window:
    return window_of(QueryParams(query), NOW)


@pytest.mark.parametrize("key", RANGES)
def test_a_range_begins_at_a_full_step_and_covers_its_length(key: str) -> None:
    window = asked(f"range={key}")
    assert window.until_now
    assert RANGES[key].length <= NOW - window.start < RANGES[key].length + window.step
    assert window.starts[0] == window.start
    assert window.starts[-1] < NOW <= window.starts[-1] + window.step
    assert len(window.starts) <= MOST_STEPS
    assert window.is_hourly == (key not in {"1h", "6h"})


@pytest.mark.parametrize(
    "query",
    [
        "",
        "range=never",
        "from=yesterday",
        "from=2026-06-03T10:00:00",
        "from=2026-06-04T00:00:00Z",
        "to=2026-06-03T00:00:00Z",
        "from=2026-06-02T00:00:00Z&to=2026-06-01T00:00:00Z",
        "from=9999-12-31T23:59:59-23:59",
        "range=",
        "from=%00",
    ],
)
def test_what_cannot_be_read_is_the_last_day(query: str) -> None:
    assert asked(query).key == "24h"


def test_from_one_moment_to_another() -> None:
    window = asked("from=2026-06-01T10:00:00Z&to=2026-06-01T14:30:00%2B02:00")
    assert (window.start, window.end) == (
        datetime(2026, 6, 1, 10, tzinfo=UTC),
        datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
    )
    assert (window.step, window.until_now, window.is_hourly) == (timedelta(minutes=5), False, False)
    assert window.label == "01 Jun, 10:00 to 12:30 UTC"
    assert len(window.starts) == 30


def test_the_year_is_told_where_it_is_another() -> None:
    assert asked("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z").label == (
        "01 Jan 2020, 00:00 to 02 Jan 2020, 00:00 UTC"
    )
    assert asked("from=2025-12-31T00:00:00Z&to=2026-01-02T00:00:00Z").label == (
        "31 Dec 2025, 00:00 to 02 Jan, 00:00 UTC"
    )
    assert asked("from=2025-12-31T00:00:00Z").label == "Since 31 Dec 2025, 00:00 UTC"


def test_from_one_moment_on() -> None:
    window = asked("from=2026-06-01T00:00:00Z&to=2027-01-01T00:00:00Z")
    assert (window.end, window.until_now, window.is_hourly) == (NOW, True, True)
    assert asked("from=1970-01-01T00:00:00Z").step == timedelta(days=30)


def test_a_range_counts_before_two_moments() -> None:
    """A form that carries both says: somebody has just chosen a range."""
    assert asked("from=2026-06-01T00:00:00Z&range=6h").key == "6h"
