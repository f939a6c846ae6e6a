"""The prices that one worker uses: asked at the end of every request, rebuilt when own prices change."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec
import structlog

from aibridge.ops.prices.costs import price_of, shipped
from aibridge.pricing import OwnPrice, PriceBook
from aibridge.records import TokenUsageRow, UsageCost

MAX_MET = 1000
"""Unpriced models that a worker remembers having logged. Names come from clients; a few are in use at a time."""

_log = structlog.get_logger("aibridge.prices")


class Counts(Protocol):
    """Hears of usage that has no cost; `ops.metrics.Metrics` satisfies it."""

    def unpriced(self, provider_name: str, model: str) -> None:
        """One more."""
        ...


class PriceDesk:
    """Satisfies `recording.pricing.Pricing`. Until the first `reload` it knows the shipped prices only."""

    def __init__(self, own: Callable[[], Awaitable[Iterable[OwnPrice]]], counts: Counts) -> None:
        self._own = own
        self._counts = counts
        self._met: set[tuple[str, str]] = set()
        self.book = PriceBook(shipped())

    async def reload(self) -> None:
        """Take in the deployment's own prices as they are now.

        Raises the errors of the store. Prices that make no book are logged, and those from before go on to hold.
        """
        try:
            self.book = PriceBook(shipped(), await self._own())
        except (ValueError, msgspec.ValidationError) as problem:
            _log.error("the deployment's own prices cannot be used; those from before hold", problem=str(problem))
            return
        self._met.clear()

    def __call__(
        self, usage: TokenUsageRow, /, *, provider: str, provider_name: str, model: str, response_model: str
    ) -> tuple[UsageCost | None, tuple[str, ...]]:
        """The cost of a usage and notes for its record."""
        cost, notes = price_of(
            self.book,
            usage,
            provider=provider,
            provider_name=provider_name,
            model=model,
            response_model=response_model,
        )
        if cost is None or cost.micros is None:
            self._tell(provider_name, model, known=cost is not None)
        return cost, notes

    def _tell(self, provider_name: str, model: str, *, known: bool) -> None:
        self._counts.unpriced(provider_name, model)
        if not known and (provider_name, model) not in self._met and len(self._met) < MAX_MET:
            self._met.add((provider_name, model))
            _log.warning(
                "a model has no price: what it costs is unknown until someone sets one",
                provider_name=provider_name,
                model=model,
            )
