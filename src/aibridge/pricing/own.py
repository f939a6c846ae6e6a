"""The deployment's own prices."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

import msgspec

from aibridge.pricing.rates import Price, Rates

OWN = "own"
"""The source of a price that the deployment has set."""


class OwnPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployment says a model costs, at one configured instance or at all of a type.

    Raises:
        ValueError: it names both an instance and a type, or neither; its moment has no time zone; its rates do not
            begin with those of the smallest contexts.

    """

    provider: str = ""
    """A provider type: for all its instances."""
    provider_name: str = ""
    """A configured instance; it wins over a price for the type."""
    model: str
    """As requests name it, in any case. It also holds for the other names of the model of that name in the lists."""
    since: datetime | None = None
    """From when on. None is for all time."""
    rates: tuple[Rates, ...]
    """By context, the first above 0. Most have one."""

    def __post_init__(self) -> None:
        if bool(self.provider) == bool(self.provider_name):
            raise ValueError("A price is for a provider type or for one instance.")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError("The start of a price needs a time zone.")
        thresholds = [rates.above for rates in self.rates]
        if thresholds[:1] != [0] or any(above >= beyond for above, beyond in pairwise(thresholds)):
            raise ValueError("The rates of a price begin above 0, and each holds above more than the one before.")


class OwnPrices:
    """Own prices by what they are for."""

    def __init__(self, prices: Iterable[OwnPrice]) -> None:
        """Take them in.

        Raises:
            ValueError: two are for the same model from the same moment on.

        """
        self._prices: dict[tuple[str, str, str], dict[datetime | None, OwnPrice]] = {}
        for price in prices:
            dated = self._prices.setdefault((price.provider_name, price.provider, price.model.lower()), {})
            if price.since in dated:
                raise ValueError(f"Two prices for {price.model} begin at the same time.")
            dated[price.since] = price

    def find(self, provider: str, provider_name: str, names: Iterable[str], at: datetime) -> Price | None:
        """The most specific one that had begun: instance before type, then the names in their order."""
        for place in ((provider_name, ""), ("", provider)):
            for name in names:
                if price := _latest(self._prices.get((*place, name.lower()), {}), at):
                    where = price.provider_name or price.provider
                    return Price(source=OWN, listed_as=f"{where}/{price.model}", since=price.since, rates=price.rates)
        return None


def _latest(dated: dict[datetime | None, OwnPrice], at: datetime) -> OwnPrice | None:
    begun = [since for since in dated if since is not None and since <= at]
    return dated[max(begun)] if begun else dated.get(None)
