"""The cost of a token usage as the record keeps it."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files

from aibridge.pricing import (
    OWN,
    STANDARD,
    Cost,
    Price,
    PriceBook,
    Shipped,
    Terms,
    Tokens,
    cost_of,
    is_of_a_fallback,
    one_hour_writes,
    terms_of,
)
from aibridge.records import TokenUsageRow, UsageCost


@cache
def shipped() -> Shipped:
    """The lists that come with aibridge."""
    return Shipped.read(files("aibridge.pricing").joinpath("genai_prices.json").read_bytes())


Told = tuple[UsageCost | None, tuple[str, ...]]
"""A cost, None where nobody has said a price; and notes for the record."""


def pricing_by(book: PriceBook) -> Callable[..., Told]:
    """`price_of` by this book."""
    return partial(price_of, book)


def price_of(
    book: PriceBook, usage: TokenUsageRow, /, *, provider: str, provider_name: str, model: str, response_model: str
) -> Told:
    """The cost of a usage by the book, at the usage's own moment, and notes; None where nobody has said a price.

    What was requested decides: that is what the provider bills, and what own prices of deployments are for. Only where
    that has no price, an alias of a deployment for example, the model is priced that the answer names: and first of all
    where that model stepped in for one that declined. Terms that no list prices (fast modes, tiers) are named in a
    note; own prices are taken as they are.
    """
    names = (model,) if model == response_model else (model, response_model)
    for name in reversed(names) if is_of_a_fallback(usage.metadata) else names:
        if name and (
            price := book.find(provider=provider, provider_name=provider_name, model=name, at=usage.created_at)
        ):
            found = cost_of(_tokens(usage), price)
            terms = STANDARD if price.source == OWN or found.micros is None else terms_of(provider, usage.metadata)
            return _kept(found, price, terms), found.notes + terms.notes
    return None, ()


def _tokens(usage: TokenUsageRow) -> Tokens:
    return Tokens(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_write_input_tokens,
        cache_write_1h=one_hour_writes(usage.metadata) if usage.cache_write_input_tokens else 0,
        partial=usage.partial,
    )


def _kept(cost: Cost, price: Price, terms: Terms) -> UsageCost:
    return UsageCost(
        micros=cost.micros,
        lower_bound=cost.lower_bound or terms.dearer,
        input_price_micros=cost.rates.input,
        output_price_micros=cost.rates.output,
        cache_read_price_micros=cost.rates.cache_read,
        cache_write_price_micros=cost.rates.cache_write,
        cache_write_1h_price_micros=cost.rates.cache_write_1h,
        price_source=price.source,
        price_listed_as=price.listed_as,
        price_since=price.since,
    )
