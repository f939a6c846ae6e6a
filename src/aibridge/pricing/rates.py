"""What a million tokens cost, and what a look-up finds."""

from datetime import datetime

import msgspec

MILLION = 1_000_000
"""Tokens that a rate is for; also micro-dollars in a dollar."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Micro-dollars for a million tokens of each kind: 3_000_000 is three dollars.

    Whole numbers can express every price that providers publish; the cheapest differ in the fourth decimal of a dollar.
    None means that tokens of that kind cost nothing. Only the deployment's own prices use it; shipped rates have a
    price for every kind that is billed.

    Raises:
        ValueError: a rate is negative.

    """

    above: int = 0
    """Tokens of context, caches included, beyond which these rates hold for all tokens of the request."""
    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    """If a provider distinguishes cache lifetimes, the rate of the short one."""
    cache_write_1h: int | None = None
    """The rate of what is written for an hour; None is the same as `cache_write`."""

    def __post_init__(self) -> None:
        rates = (self.above, self.input, self.output, self.cache_read, self.cache_write, self.cache_write_1h)
        if any(rate is not None and rate < 0 for rate in rates):
            raise ValueError("A price must not be negative.")


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A price of one model, as it was at the moment that was asked about."""

    source: str
    """`own`, or the shipped list by name and version, such as `genai-prices 0.2.3`."""
    listed_as: str
    """Its place there: provider or instance, then model, such as `anthropic/claude-sonnet-4-5`."""
    since: datetime | None
    """When it began. None when nothing earlier is known: it holds for all time before, too."""
    rates: tuple[Rates, ...]
    """By context, the smallest first. Most have one."""

    def at(self, context: int) -> Rates:
        """The rates of a request with so many tokens of context: its input and what it read from and wrote to caches.

        Above a threshold the higher rates hold for the whole request, not for the tokens above it; exactly at it they
        do not yet. https://docs.claude.com/en/docs/about-claude/pricing#long-context-pricing
        """
        for rates in reversed(self.rates):
            if context > rates.above:
                return rates
        return self.rates[0]
