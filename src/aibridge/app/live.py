"""Word of what was recorded, from the writers of every replica to the pages that are open at this one."""

import asyncio

import structlog

from aibridge.errors import StoreError
from aibridge.store.announcing import PAUSE, RECORD_CHANNEL, TOO_MUCH, Announcer, decoded
from aibridge.store.listening import Hearing, listen
from aibridge.web.live import Live

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


async def hear_record(live: Live, dsn: str) -> None:
    """Tell the open pages; whoever may have missed something is told to look."""
    async for event in listen(dsn, RECORD_CHANNEL):
        if event is Hearing.CONNECTED:
            live.hear(TOO_MUCH)
        elif isinstance(event, str):
            live.hear(decoded(event))
