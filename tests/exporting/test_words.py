"""Figures in words."""

from datetime import timedelta

import pytest

from aibridge.exporting.words import cost, counted, dollars, duration


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=-1), "0 ms"),
        (timedelta(milliseconds=12), "12 ms"),
        (timedelta(seconds=1.25), "1.25 s"),
        (timedelta(seconds=63), "1 min 3 s"),
        (timedelta(hours=1, minutes=5, seconds=9), "1 h 5 min"),
        (timedelta(days=60), "1,440 h 0 min"),
    ],
)
def test_durations(length: timedelta, said: str) -> None:
    assert duration(length) == said


def test_money_is_exact() -> None:
    """To the micro-dollar, and never whole where something has no price."""
    assert dollars(1_234_001_555) == "1,234.001555 USD"
    assert cost(0, 0) == "0.000000 USD"
    assert cost(5, 1) == "at least 0.000005 USD; 1 step has no known cost"
    assert cost(0, 2000) == "unpriced; 2,000 steps have no known cost"


def test_counts() -> None:
    assert (counted(1, "step", "steps"), counted(2000, "step", "steps")) == ("1 step", "2,000 steps")
