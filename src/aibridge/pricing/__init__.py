"""Usage times dated prices gives micro-dollars. Nothing here reads a clock, a file or a setting.

A `PriceBook` is built once, from the list of prices that comes with aibridge and from the house's own prices. Asked
with the moment of a usage it gives the `Price` of then, or None: what has no price is unknown, never free. `cost_of`
does the sum and says what it was made of, so that the record can keep it.
"""

from aibridge.pricing.book import PriceBook
from aibridge.pricing.cost import Cost, Tokens, cost_of, one_hour_writes
from aibridge.pricing.own import OwnPrice
from aibridge.pricing.rates import Price, Rates
from aibridge.pricing.shipped import Shipped

__all__ = ["Cost", "OwnPrice", "Price", "PriceBook", "Rates", "Shipped", "Tokens", "cost_of", "one_hour_writes"]
