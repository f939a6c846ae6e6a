"""Word of what this worker recorded, to the pages that are open at any replica; `hearing` is the other end."""

import asyncio

import structlog

from aibridge.errors import StoreError
from aibridge.store.announcing import PAUSE, Announcer

AFTER_TROUBLE = 1.0
"""Seconds until the next announcement is tried."""

log = structlog.get_logger(__name__)


async def announce(announcer: Announcer) -> None:
    """Tell every replica what this one records, a few times a second at most. What cannot be told is not missed."""
    while True:
        try:
            await announcer.announce()
        except StoreError as problem:
            log.debug("what was recorded could not be announced", problem=str(problem))
            await asyncio.sleep(AFTER_TROUBLE)
        await asyncio.sleep(PAUSE)
