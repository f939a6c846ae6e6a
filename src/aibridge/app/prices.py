"""The prices of a worker: read at the start, and anew whenever somebody sets one."""

import asyncio

import structlog

from aibridge.errors import StoreError
from aibridge.ops.metrics import Metrics
from aibridge.ops.prices.desk import PriceDesk
from aibridge.store.listening import Hearing, listen
from aibridge.store.pool import Store
from aibridge.store.prices import PRICES_CHANNEL

RELOAD_SECONDS = 1.0
"""Between tries to read prices that have changed."""

_log = structlog.get_logger(__name__)


async def open_prices(store: Store, metrics: Metrics) -> PriceDesk:
    """The prices that hold now. Raises `StoreUnavailable`."""
    desk = PriceDesk(store.prices.own, metrics)
    await desk.reload()
    return desk


async def hear_prices(desk: PriceDesk, dsn: str) -> None:
    """Have the house's own prices hold as soon as they are set, and what was missed as soon as it can be known."""
    async for event in listen(dsn, PRICES_CHANNEL):
        if event is not Hearing.LOST:
            await _reload(desk)


async def _reload(desk: PriceDesk) -> None:
    while True:
        try:
            await desk.reload()
        except StoreError as problem:
            _log.warning("the house's own prices cannot be read; those from before hold", problem=str(problem))
            await asyncio.sleep(RELOAD_SECONDS)
        else:
            return
