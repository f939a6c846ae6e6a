"""Which price holds: the deployment's own, else the shipped one, of the moment of the usage."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from aibridge.pricing.own import OwnPrice, OwnPrices
from aibridge.pricing.rates import Price
from aibridge.pricing.shipped import Model, Shipped, midnight, price_at

MAX_NAME = 512
"""Characters of a model's name; the record keeps no more. A longer one is no model's, and is not remembered."""
REMEMBERED = 2048
"""Names of models. Clients choose them, so their number is bounded; a few dozen are in use at a time."""
ALWAYS = datetime.min.replace(tzinfo=UTC)
"""When what has no beginning began."""

_OF_TYPE = {"anthropic": "anthropic", "openai": "openai", "copilot": "github-copilot"}
_OF_HOST = {
    "azure": "azure",
    "foundry": "azure",
    "bedrock": "aws",
    "aws": "aws",
    "vertex": "google",
    "google": "google",
    "gemini": "google",
}
"""Houses that sell others' models through others' APIs, by a word in the name of the instance."""


class PriceBook:
    """All prices that hold, at any moment. It never changes: for other prices make another one.

    Raises:
        ValueError: two own prices are for the same model from the same moment on.

    """

    def __init__(self, shipped: Shipped, own: Iterable[OwnPrice] = ()) -> None:
        self._shipped = shipped
        self._own = OwnPrices(own := tuple(own))
        self._find = lru_cache(REMEMBERED)(shipped.find)
        self._beginnings = sorted({ALWAYS, *_beginnings(shipped), *(price.since for price in own if price.since)})
        """Between two of them every price stays what it is, so that it is looked up once."""
        self._since = lru_cache(REMEMBERED)(self._found)

    def find(self, *, provider: str, provider_name: str, model: str, at: datetime) -> Price | None:
        """The price of a model, or None when nobody has said one: its cost is then unknown, not zero.

        Own prices win, those for the instance over those for the provider type. `at` is the moment of the usage, with
        a time zone.
        """
        if len(model) > MAX_NAME:
            return None
        began = self._beginnings[bisect_right(self._beginnings, at) - 1]
        return self._since(provider, provider_name, model, began)

    def _found(self, provider: str, provider_name: str, model: str, at: datetime) -> Price | None:
        seller = self._seller(provider, provider_name)
        found = self._find(seller, model) if seller else None
        names = (model, found[1].model) if found else (model,)
        return self._own.find(provider, provider_name, names, at) or (self._listed(*found, at) if found else None)

    def _listed(self, seller: str, model: Model, at: datetime) -> Price | None:
        return price_at(self._shipped.source, f"{seller}/{model.model}", model.prices, at)

    def _seller(self, provider: str, provider_name: str) -> str | None:
        """Whose list an instance is billed by: `azure-eu` speaks OpenAI's API and sends Microsoft's bill."""
        words = re.findall("[a-z]+", provider_name.lower())
        seller = next((_OF_HOST[word] for word in words if word in _OF_HOST), _OF_TYPE.get(provider))
        return seller if seller in self._shipped.lists else None


def _beginnings(shipped: Shipped) -> Iterator[datetime]:
    """When any price of the lists begins."""
    for each in shipped.lists.values():
        for model in each.models:
            yield from (since for price in model.prices if (since := midnight(price.since)) is not None)
