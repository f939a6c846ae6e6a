"""Writes the list of prices that comes with aibridge, from the data of the installed genai-prices.

`make prices` after that package was updated in the locks; a test says so when it is due.
"""

from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

import msgspec
from genai_prices import types
from genai_prices.data import providers

from aibridge.pricing.matching import Clause
from aibridge.pricing.rates import MILLION, Rates
from aibridge.pricing.shipped import Dated, Model, PriceList, Shipped

TARGET = Path(__file__).parents[1] / "src" / "aibridge" / "pricing" / "genai_prices.json"
SELLERS = ("anthropic", "aws", "azure", "github-copilot", "google", "openai")
"""The types of providers, and the houses that sell their models."""

PRICED = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
FEES = {"web_searches_kcount", "storage_searches_kcount"}
"""Of tools that run at the provider; they come on top of the tokens and are not part of their price."""

Prices = dict[str, types.TieredPrices]


def shipped() -> Shipped:
    """All lists, as the installed package has them."""
    found = {provider.id: provider for provider in providers}
    return Shipped(f"genai-prices {version('genai-prices')}", {each: price_list(found[each]) for each in SELLERS})


def written(lists: Shipped) -> bytes:
    """The content of the file: a line for each model, so that a change of prices can be read in its diff."""
    return msgspec.json.encode(lists).replace(b'{"model":', b'\n{"model":') + b"\n"


def price_list(provider: types.Provider) -> PriceList:
    """One seller's models in their order, which decides what a name means."""
    falls_back_on = tuple(each for each in provider.fallback_model_providers or () if each in SELLERS)
    return PriceList(tuple(Model(each.id, clause(each.match), dated(each)) for each in provider.models), falls_back_on)


def clause(found: types.MatchLogic) -> Clause:
    """A condition on a name, all in lower case as names are when they are compared."""
    [(kind, said)] = vars(found).items()
    if isinstance(said, str):
        return msgspec.convert({kind: said if kind == "regex" else said.lower()}, Clause)
    parts = tuple(clause(each) for each in said)
    return Clause(any_of=parts) if kind == "or_" else Clause(all_of=parts)


def dated(model: types.ModelInfo) -> tuple[Dated, ...]:
    """A model's prices. None at all if one cannot be told by tokens and a date: unpriced is seen, wrong is not."""
    if isinstance(model.prices, types.ModelPrice):
        conditional = [types.ConditionalPrice(prices=model.prices)]
    else:
        conditional = model.prices
    if any(isinstance(each.constraint, types.TimeOfDateConstraint) for each in conditional):
        return ()
    found = [(start(each), by_kind(each.prices)) for each in conditional]
    if any(prices is None for _, prices in found):
        return ()
    return tuple(Dated(tuple(rates(prices)), since) for since, prices in found if prices is not None)


def start(price: types.ConditionalPrice) -> date | None:
    """The day on which a price begins, UTC."""
    return price.constraint.start_date if isinstance(price.constraint, types.StartDateConstraint) else None


def by_kind(price: types.ModelPrice) -> Prices | None:
    """A price for each kind of token. None if something else is billed.

    A cache without a price of its own is billed as what it is part of: written for an hour as written, and both reads
    and writes as input.
    """
    given = {key: found for key, found in vars(price).items() if found is not None and key not in FEES}
    if set(given) - set(PRICED.values()):
        return None
    prices = {kind: tiered(given[key]) for kind, key in PRICED.items() if key in given}
    for kind in ("cache_read", "cache_write"):
        if kind not in prices and "input" in prices:
            prices[kind] = prices["input"]
    return prices


def tiered(price: object) -> types.TieredPrices:
    """A flat price is one without tiers."""
    if isinstance(price, types.TieredPrices):
        return price
    return types.TieredPrices(base=price, tiers=[])  # type: ignore[arg-type]  # it is a Decimal


def rates(prices: Prices) -> Iterator[Rates]:
    """Yield what holds above each threshold that any kind of token has."""
    for above in sorted({0} | {tier.start for price in prices.values() for tier in price.tiers}):
        yield Rates(above=above, **{kind: micros(price, above) for kind, price in prices.items()})


def micros(price: types.TieredPrices, above: int) -> int:
    """Micro-dollars for a million tokens."""
    dollars = next((tier.price for tier in reversed(price.tiers) if tier.start <= above), price.base)
    exact = dollars * MILLION
    assert exact == int(exact), f"{dollars} dollars are no whole number of micro-dollars"
    return int(exact)


if __name__ == "__main__":
    TARGET.write_bytes(written(shipped()))
