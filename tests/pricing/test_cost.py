"""The sum of an answer: which figures count, at which rate, and when there is none."""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.pricing import Price, Rates, Tokens, cost_of, one_hour_writes
from aibridge.pricing.cost import MAX_MICROS, MAX_TOKENS, OUT_OF_RANGE, TOO_DEAR, TOO_MANY_1H, UNKNOWN

RATES = Rates(input=3_000_000, output=6_000_000, cache_read=300_000, cache_write=4_000_000)
TOKENS = Tokens(input=100, output=200, cache_read=50, cache_write=10)

KINDS = ("input", "output", "cache_read", "cache_write")

counts = st.integers(0, 10**7)
four_counts = st.tuples(counts, counts, counts, counts)
rates = st.none() | st.integers(0, 10**8)


def price(*steps: Rates) -> Price:
    return Price(source="test", listed_as="anthropic/model", since=None, rates=steps)


def tokens_of(figures: tuple[int, ...]) -> Tokens:
    """Figures in the order of the kinds."""
    given, taken, read, written = figures
    return Tokens(input=given, output=taken, cache_read=read, cache_write=written)


def micros(tokens: Tokens, *steps: Rates) -> int | None:
    return cost_of(tokens, price(*steps)).micros


def test_every_kind_has_its_rate() -> None:
    """300 + 1200 + 15 + 40, and what it was made of."""
    cost = cost_of(TOKENS, price(RATES))
    assert cost.micros == 1555
    assert cost.rates == RATES
    assert cost.price == price(RATES)
    assert not cost.lower_bound
    assert cost.notes == ()


def test_a_kind_is_truncated_on_its_own() -> None:
    """Four times almost one micro-dollar is nothing; added before it would be three."""
    almost_one = Rates(input=999_999, output=999_999, cache_read=999_999, cache_write=999_999)
    assert micros(Tokens(input=1, output=1, cache_read=1, cache_write=1), almost_one) == 0


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_rate_that_is_not_set_or_zero_costs_nothing(nothing: int | None) -> None:
    """Zero, not unknown: there is a price, and it says so."""
    assert micros(TOKENS, Rates(input=nothing, output=nothing, cache_read=nothing, cache_write=nothing)) == 0
    assert micros(TOKENS, Rates(input=3_000_000, output=nothing)) == 300


@pytest.mark.parametrize("kind", ["above", "input", "output", "cache_read", "cache_write", "cache_write_1h"])
def test_a_rate_is_never_negative(kind: str) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Rates(**{kind: -1})


class TestUnknownFigures:
    def test_count_nothing_and_make_a_lower_bound(self) -> None:
        """A stream that was cut tells its input and not its output."""
        cost = cost_of(Tokens(input=100, cache_read=50, cache_write=10), price(RATES))
        assert (cost.micros, cost.lower_bound) == (355, True)

    def test_of_input_are_a_lower_bound_too(self) -> None:
        cost = cost_of(Tokens(output=200), price(RATES))
        assert (cost.micros, cost.lower_bound) == (1200, True)

    def test_of_caches_are_in_the_input(self) -> None:
        """OpenAI tells no cache figures where there is no cache; nothing is missing then."""
        cost = cost_of(Tokens(input=100, output=200), price(RATES))
        assert (cost.micros, cost.lower_bound) == (1500, False)

    def test_that_are_known_to_be_incomplete_are_a_lower_bound(self) -> None:
        cost = cost_of(Tokens(input=100, output=200, partial=True), price(RATES))
        assert (cost.micros, cost.lower_bound) == (1500, True)

    def test_alone_are_no_cost(self) -> None:
        """A client that asked OpenAI for no usage was not served for nothing."""
        cost = cost_of(Tokens(), price(RATES))
        assert (cost.micros, cost.lower_bound, cost.notes) == (None, False, (UNKNOWN,))

    def test_are_not_zeros(self) -> None:
        cost = cost_of(Tokens(input=0, output=0), price(RATES))
        assert (cost.micros, cost.lower_bound, cost.notes) == (0, False, ())


class TestOutOfRange:
    @pytest.mark.parametrize("kind", [*KINDS, "cache_write_1h"])
    @pytest.mark.parametrize("figure", [-1, MAX_TOKENS + 1, 2**63])
    def test_figures_give_no_cost_and_keep_the_price(self, kind: str, figure: int) -> None:
        cost = cost_of(msgspec.structs.replace(TOKENS, **{kind: figure}), price(RATES))
        assert (cost.micros, cost.lower_bound, cost.notes) == (None, False, (OUT_OF_RANGE,))
        assert cost.rates == RATES

    def test_sums_give_no_cost_and_keep_the_price(self) -> None:
        """Both limits are still inside."""
        assert micros(Tokens(input=MAX_TOKENS, output=0), Rates(input=10_000_000)) == MAX_MICROS
        cost = cost_of(Tokens(input=MAX_TOKENS, output=0), price(Rates(input=10_000_001)))
        assert (cost.micros, cost.notes) == (None, (TOO_DEAR,))
        assert cost.rates.input == 10_000_001


class TestLongContext:
    SHORT = Rates(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
    LONG = Rates(above=200_000, input=6_000_000, output=22_500_000, cache_read=600_000, cache_write=7_500_000)

    def test_begins_above_its_threshold_and_holds_for_all_tokens(self) -> None:
        assert micros(Tokens(input=200_000, output=1000), self.SHORT, self.LONG) == 615_000
        assert micros(Tokens(input=200_001, output=1000), self.SHORT, self.LONG) == 1_222_506

    def test_is_a_matter_of_the_input_with_its_caches(self) -> None:
        """Output does not count towards it."""
        tokens = Tokens(input=1, output=1_000_000, cache_read=190_000, cache_write=10_000)
        cost = cost_of(tokens, price(self.SHORT, self.LONG))
        assert cost.rates == self.LONG
        assert cost.micros == 6 + 22_500_000 + 114_000 + 75_000
        assert cost_of(Tokens(input=1, output=200_001), price(self.SHORT, self.LONG)).rates == self.SHORT

    def test_is_not_reached_by_nothing(self) -> None:
        assert cost_of(Tokens(), price(self.SHORT, self.LONG)).rates == self.SHORT


class TestOneHourWrites:
    BOTH = Rates(cache_write=3_750_000, cache_write_1h=6_000_000)

    def test_have_a_rate_of_their_own(self) -> None:
        tokens = Tokens(input=0, output=0, cache_write=1000, cache_write_1h=600)
        assert micros(tokens, self.BOTH) == 400 * 3.75 + 600 * 6

    def test_without_a_rate_cost_what_writes_cost(self) -> None:
        tokens = Tokens(input=0, output=0, cache_write=1000, cache_write_1h=600)
        assert micros(tokens, Rates(cache_write=4_000_000)) == 4000

    def test_may_be_free(self) -> None:
        tokens = Tokens(input=0, output=0, cache_write=1000, cache_write_1h=600)
        assert micros(tokens, Rates(cache_write=4_000_000, cache_write_1h=0)) == 1600

    def test_are_truncated_with_the_others(self) -> None:
        """Writes are one kind: 2.25 and 1.75 micro-dollars are four, not three."""
        tokens = Tokens(input=0, output=0, cache_write=2, cache_write_1h=1)
        assert micros(tokens, Rates(cache_write=2_250_000, cache_write_1h=1_750_000)) == 4

    @pytest.mark.parametrize("written", [None, 0, 10])
    def test_are_never_more_than_what_was_written(self, written: int | None) -> None:
        cost = cost_of(Tokens(input=0, output=0, cache_write=written, cache_write_1h=600), price(self.BOTH))
        assert (cost.micros, cost.notes) == ((written or 0) * 6, (TOO_MANY_1H,))

    @pytest.mark.parametrize(
        ("metadata", "told"),
        [
            ({"cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6}}, 6),
            ({"cache_creation": {"ephemeral_5m_input_tokens": 4}}, 0),
            ({"cache_ephemeral_1h_input": 6, "cache_creation_input": 10}, 6),
            ({"cache_creation": {"ephemeral_1h_input_tokens": 0}, "cache_ephemeral_1h_input": 6}, 0),
            ({"cache_creation": [6]}, 0),
            ({"cache_creation": {"ephemeral_1h_input_tokens": "6"}}, 0),
            ({"cache_creation": {"ephemeral_1h_input_tokens": True}}, 0),
            ({"cache_creation": {"ephemeral_1h_input_tokens": -6}}, 0),
            ({"cache_creation": {"ephemeral_1h_input_tokens": 6.5}}, 0),
            ({}, 0),
        ],
    )
    def test_are_read_from_what_the_provider_told(self, metadata: Mapping[str, Any], told: int) -> None:
        assert one_hour_writes(metadata) == told


@given(four_counts, st.tuples(rates, rates, rates, rates))
def test_it_is_what_a_careful_person_adds_up(given: tuple[int, ...], per: tuple[int | None, ...]) -> None:
    """With decimals, kind by kind."""
    pairs = zip(given, per, strict=True)
    by_hand = sum((Decimal(n) * (rate or 0) / 10**6).to_integral_value(ROUND_FLOOR) for n, rate in pairs)
    rates_per_kind = msgspec.convert(dict(zip(KINDS, per, strict=True)), Rates)
    assert micros(tokens_of(given), rates_per_kind) == by_hand


@given(four_counts, four_counts)
def test_two_answers_cost_what_they_cost_together(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """But for what truncation leaves, which is less than a micro-dollar for each kind; more never costs less."""
    ones = [micros(tokens_of(each), RATES) or 0 for each in (a, b)]
    both = micros(tokens_of(tuple(map(sum, zip(a, b, strict=True)))), RATES)
    assert both is not None
    assert 0 <= both - sum(ones) <= len(KINDS)
    assert both >= max(ones)


@given(st.integers(0, 500_000), st.integers(0, 500_000))
def test_more_input_never_costs_less(less: int, more: int) -> None:
    """Over the threshold of long contexts, too."""
    steps = (TestLongContext.SHORT, TestLongContext.LONG)
    sums = [micros(Tokens(input=each, output=1000), *steps) or 0 for each in sorted((less, more))]
    assert sums == sorted(sums)
