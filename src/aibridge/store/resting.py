"""Pauses of work that can wait, beside those who wait for an answer."""

import asyncio
import time

LONGEST_SECONDS = 1.0


async def rest(began: float) -> None:
    """Sleep as long as a batch took that began then (`time.monotonic()`), and no longer than `LONGEST_SECONDS`.

    Whoever waits for an answer needs the same cores and the same write-ahead log: half of them is left.
    """
    await asyncio.sleep(min(time.monotonic() - began, LONGEST_SECONDS))
