"""Retention: what began too long ago is removed, a little at a time, by whichever replica comes first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import msgspec
import structlog

from aibridge.store.keeping import Keeping, Removed

RETENTION_SECONDS = 600.0
"""Between looks for what has grown old."""

PAUSE = 0.05
"""Seconds after a batch: those who write come first."""

_log = structlog.get_logger("aibridge.retention")


async def batches(remove: Callable[[], Awaitable[Removed]]) -> AsyncIterator[Removed]:
    """What each batch took, with a pause after it, until one finds nothing left."""
    while removed := await remove():
        yield removed
        await asyncio.sleep(PAUSE)


async def remove_aged(keeping: Keeping, retention: timedelta) -> Removed:
    """Remove everything that has grown old, and log how much.

    What is done when it is interrupted stays done, and is logged as well. Raises the errors of `Keeping`.
    """
    removed = Removed()
    try:
        async for batch in batches(lambda: keeping.remove_aged(retention)):
            removed += batch
    finally:
        if removed:
            _log.info("removed what has grown old", retention=str(retention), **msgspec.structs.asdict(removed))
    return removed
