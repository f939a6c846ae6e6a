"""The deployment's own prices."""

from datetime import datetime

import asyncpg
import msgspec

from aibridge.errors import NotFound
from aibridge.pricing import OwnPrice
from aibridge.store.connections import Connection, Pool
from aibridge.store.failures import mapped
from aibridge.store.sql import sql

PRICES_CHANNEL = "aibridge_prices"
"""Where it is told that a price was set or removed."""


class SetPrice(msgspec.Struct, frozen=True, kw_only=True):
    """An own price, and who set it."""

    price: OwnPrice
    """Its model in lower case."""
    set_by: str
    """A user's name, or account and host of the command."""
    set_at: datetime


class Prices:
    """Reads and changes own prices. Every change is announced on `PRICES_CHANNEL`. Raises `StoreUnavailable`."""

    def __init__(self, pool: "Pool | Connection") -> None:
        self._pool = pool

    async def all(self) -> list[SetPrice]:
        """All of them, by model, then by what they are for, then from the earliest to the latest.

        Raises `msgspec.ValidationError` where somebody has put something else into the table.
        """
        with mapped():
            return [_price(row) for row in await self._pool.fetch(sql("own_prices"))]

    async def own(self) -> list[OwnPrice]:
        """The same without who set them."""
        return [each.price for each in await self.all()]

    async def set(self, price: OwnPrice, *, by: str) -> SetPrice:
        """Set a price, over one for the same from the same moment on. Raises `RowsRefused`."""
        rates = msgspec.to_builtins(price.rates)
        with mapped():
            row = await self._pool.fetchrow(sql("set_price"), *_key(price), rates, by)
        assert row is not None
        return _price(row)

    async def remove(self, price: OwnPrice) -> None:
        """Remove the price for this from this moment on, whatever its rates. Raises `NotFound`."""
        with mapped():
            gone = await self._pool.fetchval(sql("remove_price"), *_key(price))
        if gone is None:
            raise NotFound("There is no such price.")


def _key(price: OwnPrice) -> tuple[str, str, str, datetime | None]:
    return price.provider, price.provider_name, price.model.lower(), price.since


def _price(row: asyncpg.Record) -> SetPrice:
    fields = dict(row)
    set_by, set_at = fields.pop("set_by"), fields.pop("set_at")
    return SetPrice(price=msgspec.convert(fields, OwnPrice), set_by=set_by, set_at=set_at)
