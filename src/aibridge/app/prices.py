"""The prices of a worker: read at the start, and again whenever somebody sets one."""

import asyncio

import structlog

from aibridge.errors import StoreError
from aibridge.ops.metrics import Metrics
from aibridge.ops.prices.desk import PriceDesk
from aibridge.store.pool import Store

RELOAD_SECONDS = 1.0
"""Between tries to read prices that have changed."""

_log = structlog.get_logger(__name__)


async def open_prices(store: Store, metrics: Metrics) -> PriceDesk:
    """The prices that hold now. Raises `StoreUnavailable`."""
    desk = PriceDesk(store.prices.own, metrics)
    await desk.reload()
    return desk


async def follow_prices(desk: PriceDesk, changed: asyncio.Event) -> None:
    """Read the deployment's own prices again whenever they may have changed."""
    while True:
        await changed.wait()
        changed.clear()
        await _reload(desk)


async def _reload(desk: PriceDesk) -> None:
    while True:
        try:
            await desk.reload()
        except StoreError as problem:
            _log.warning("the deployment's own prices cannot be read; those from before hold", problem=str(problem))
            await asyncio.sleep(RELOAD_SECONDS)
        else:
            return
