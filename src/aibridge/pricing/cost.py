"""The sum, and what it was made of."""

from collections.abc import Mapping
from typing import Any

import msgspec

from aibridge.pricing.rates import MILLION, Price, Rates

MAX_TOKENS = 10**12
"""Of one kind in one answer. More is a broken figure, not usage."""
MAX_MICROS = 10**13
"""Ten million dollars for one answer is a broken price or a broken figure."""

UNKNOWN = "no token figure is known, so there is no cost"
OUT_OF_RANGE = "a token figure is out of range, so there is no cost"
TOO_DEAR = "the cost is out of range and left out"
TOO_MANY_1H = "more tokens were written for an hour than were written at all; the rest is left out"


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one answer. None is unknown, zero is zero; input excludes what caches gave and took."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    """All that was written, whatever its lifetime."""
    cache_write_1h: int = 0
    """How many of those were written for an hour; see `one_hour_writes`."""
    partial: bool = False
    """The figures are known to be incomplete."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer cost, by which price: enough to do the sum again."""

    micros: int | None
    """Micro-dollars. None when the figures give no sum; a note then says why."""
    lower_bound: bool
    """It cost at least this: a figure that every answer has was missing, or the answer was cut off."""
    rates: Rates
    """The rates of this request's size of context, as they were used."""
    price: Price
    notes: tuple[str, ...] = ()


def cost_of(tokens: Tokens, price: Price) -> Cost:
    """Each kind of token at its own rate, each truncated to whole micro-dollars on its own, then added.

    An unknown figure counts nothing. Of input and output that makes the sum a lower bound; figures of caches are absent
    wherever a provider does not tell them, and their tokens are then in its input. Nothing known at all is no sum.
    """
    rates = price.at((tokens.input or 0) + (tokens.cache_read or 0) + (tokens.cache_write or 0))
    micros, notes = _sum(tokens, rates)
    missing = tokens.partial or tokens.input is None or tokens.output is None
    return Cost(micros=micros, lower_bound=missing and micros is not None, rates=rates, price=price, notes=notes)


def one_hour_writes(metadata: Mapping[str, Any]) -> int:
    """How many tokens an answer of Anthropic says were written for an hour: they cost more than those for five minutes.

    Read from the metadata of a token usage, under Anthropic's name, or under the one of imported rows. Zero when it
    is not told. https://docs.claude.com/en/docs/build-with-claude/prompt-caching#1-hour-cache-duration
    """
    split = metadata.get("cache_creation")
    told = split.get("ephemeral_1h_input_tokens") if isinstance(split, dict) else None
    figure = metadata.get("cache_ephemeral_1h_input") if told is None else told
    return figure if isinstance(figure, int) and not isinstance(figure, bool) and figure > 0 else 0


def _sum(tokens: Tokens, rates: Rates) -> tuple[int | None, tuple[str, ...]]:
    if tokens.input is tokens.output is tokens.cache_read is tokens.cache_write is None:
        return None, (UNKNOWN,)
    taken, given = tokens.input or 0, tokens.output or 0
    read, written, for_an_hour = tokens.cache_read or 0, tokens.cache_write or 0, tokens.cache_write_1h
    figures = taken, given, read, written, for_an_hour
    if min(figures) < 0 or max(figures) > MAX_TOKENS:
        return None, (OUT_OF_RANGE,)
    micros = (
        taken * (rates.input or 0) // MILLION
        + given * (rates.output or 0) // MILLION
        + read * (rates.cache_read or 0) // MILLION
        + _writes(written, min(for_an_hour, written), rates)
    )
    if micros > MAX_MICROS:
        return None, (TOO_DEAR,)
    return micros, (TOO_MANY_1H,) if for_an_hour > written else ()


def _writes(written: int, for_an_hour: int, rates: Rates) -> int:
    """One kind of token at two rates is truncated once."""
    short = rates.cache_write or 0
    long = short if rates.cache_write_1h is None else rates.cache_write_1h
    return ((written - for_an_hour) * short + for_an_hour * long) // MILLION
