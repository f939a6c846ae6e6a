"""Repricing what is on record, by the prices of now as of each usage's own moment."""

import asyncio
from collections.abc import AsyncIterator

from aibridge.ops.prices.costs import pricing_by
from aibridge.pricing import PriceBook
from aibridge.store.repricing import Place, Repriced, Repricing, Window

PAUSE = 0.05
"""Seconds after a batch that changed something: those who write come first."""


async def reprice(
    repricing: Repricing, book: PriceBook, window: Window, *, dry_run: bool = False
) -> AsyncIterator[tuple[Repriced, Place]]:
    """Price the window, oldest first; tells after each batch what it came to, and up to where everything is done.

    What is done when it is interrupted stays done; done again, it changes nothing. Raises `StoreUnavailable`.
    """
    after: Place | None = None
    while True:
        done, place = await repricing.batch(window, pricing_by(book), after=after, dry_run=dry_run)
        if place is None:
            return
        after = place
        yield done, place
        if done.changed and not dry_run:
            await asyncio.sleep(PAUSE)
