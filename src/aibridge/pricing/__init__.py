"""Usage times dated prices gives micro-dollars. Nothing here reads a clock, a file or a setting.

A `PriceBook` is built once, from the price list that comes with aibridge and from the deployment's own prices. Given
the time of a usage it returns the `Price` at that time, or None: a missing price means unknown, never free. `cost_of`
computes the cost and says how, so that the record can keep it.
"""

from aibridge.pricing.book import PriceBook
from aibridge.pricing.cost import Cost, Tokens, cost_of, one_hour_writes
from aibridge.pricing.own import OWN, OwnPrice
from aibridge.pricing.rates import Price, Rates
from aibridge.pricing.shipped import Shipped
from aibridge.pricing.terms import STANDARD, Terms, is_of_a_fallback, terms_of

__all__ = [
    "OWN",
    "STANDARD",
    "Cost",
    "OwnPrice",
    "Price",
    "PriceBook",
    "Rates",
    "Shipped",
    "Terms",
    "Tokens",
    "cost_of",
    "is_of_a_fallback",
    "one_hour_writes",
    "terms_of",
]
