"""Histograms of durations: digits of a number that adds up, and percentiles that lie where they should."""

import random
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

import pytest

from aibridge.store.durations import BOUNDS, DIGITS, Percentiles, percentiles, steps
from aibridge.store.sql import sql


def number(micros: list[int]) -> str:
    """The histogram of these durations, as the database makes it."""
    return str(sum(10 ** (DIGITS * bisect_right(BOUNDS, each)) for each in micros))


def test_no_step_is_wider_than_a_seventh_of_its_beginning() -> None:
    assert max((high - low) * 7 / low for low, high in pairwise(BOUNDS)) == 1
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_the_database_has_the_same_steps() -> None:
    """The bounds stand in the statements that write."""
    bounds = f"'{{{','.join(map(str, BOUNDS))}}}'"
    for name in ("write_finished", "enter_usage", "fill_usage"):
        assert bounds in "".join(sql(name).split())
        assert f"'1e'||{DIGITS}*width_bucket" in "".join(sql(name).split())


def test_steps_are_read_back() -> None:
    micros = [0, 999, 1000, 1000, 1119, 10**10 - 1, 10**10, 10**15]
    assert steps(number(micros)) == Counter({0: 2, 1: 3, len(BOUNDS) - 1: 1, len(BOUNDS): 2})
    assert steps("0") == Counter()


def test_histograms_add_up_as_numbers_do() -> None:
    one, other = [5_000, 9_000, 2_000_000], [5_001, 70_000]
    assert steps(str(int(number(one)) + int(number(other)))) == steps(number(one + other))


def test_a_million_million_in_one_step_stay_there() -> None:
    full = 10**DIGITS - 1
    assert steps(str(full * 10**DIGITS + full)) == Counter({0: full, 1: full})


@pytest.mark.parametrize("seed", range(20))
def test_percentiles_lie_in_the_step_of_the_true_ones(seed: int) -> None:
    """And so differ by less than a seventh, or by less than a millisecond."""
    chance = random.Random(seed)
    micros = sorted(
        int(chance.lognormvariate(15, chance.choice((0.1, 1, 3)))) for _ in range(chance.choice((1, 2, 99, 500)))
    )
    told = percentiles(steps(number(micros)))
    for share, millis in ((50, told.p50), (95, told.p95), (99, told.p99)):
        true = micros[-(-len(micros) * share // 100) - 1]
        assert millis is not None
        if true < BOUNDS[-1]:
            assert abs(millis * 1000 - true) < max(true / 7, 1000) + 50, "told to a tenth of a millisecond"


def test_of_nothing_there_is_none() -> None:
    assert percentiles(Counter()) == Percentiles()


def test_what_takes_longer_than_the_scale_counts_as_its_end() -> None:
    assert percentiles(steps(number([10**12]))).p50 == 10**7
