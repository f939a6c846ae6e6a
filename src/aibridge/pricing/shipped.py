"""The list of prices that comes with aibridge, as its file has it: `genai_prices.json`, written by `make prices`."""

from datetime import UTC, date, datetime, time

import msgspec

from aibridge.pricing.matching import Clause, with_dashed_date
from aibridge.pricing.rates import Price, Rates


class Dated(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a model cost from a day on."""

    rates: tuple[Rates, ...]
    since: date | None = None
    """UTC. None for the first price that is known."""


class Model(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A model of a list, with its prices from the earliest to the latest."""

    model: str
    match: Clause
    prices: tuple[Dated, ...] = ()
    """Empty when it is billed by something else than tokens, or by the time of day: then it has no price here."""


class PriceList(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one seller charges. Of several models that match a name the first is meant."""

    models: tuple[Model, ...]
    falls_back_on: tuple[str, ...] = ()
    """Lists of those whose models it sells at their price."""

    def find(self, name: str) -> Model | None:
        """The model of a name in lower case."""
        return next((model for model in self.models if model.match.matches(name)), None)


class Shipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All lists, by the name of the seller."""

    source: str
    """Whose data it is, and of which version."""
    lists: dict[str, PriceList]

    @classmethod
    def read(cls, data: bytes) -> "Shipped":
        """Read the file's content.

        Raises:
            msgspec.DecodeError: it is not a list of prices.

        """
        return msgspec.json.decode(data, type=cls)

    def find(self, seller: str, name: str) -> tuple[str, Model] | None:
        """The list and the entry that mean a name; the seller's own list first, then those it falls back on."""
        lower = name.lower()
        for written in dict.fromkeys((lower, with_dashed_date(lower))):
            for each in (seller, *self.lists[seller].falls_back_on):
                if model := self.lists[each].find(written):
                    return each, model
        return None


def midnight(day: date | None) -> datetime | None:
    """When a day begins, UTC: so the lists mean their dates."""
    return None if day is None else datetime.combine(day, time(), UTC)


def price_at(source: str, listed_as: str, prices: tuple[Dated, ...], at: datetime) -> Price | None:
    """The latest price that had begun; before all of them the first. None when there are none."""
    begun = [each for each in prices if (since := midnight(each.since)) is None or since <= at]
    found = begun[-1:] or list(prices[:1])
    return (
        Price(source=source, listed_as=listed_as, since=midnight(found[0].since), rates=found[0].rates)
        if found
        else None
    )
