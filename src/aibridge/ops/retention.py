"""Retention: what began too long ago is removed, a little at a time, by whichever replica comes first."""

import asyncio
from datetime import timedelta

import msgspec
import structlog

from aibridge.store.keeping import Keeping, Removed

RETENTION_SECONDS = 600.0
"""Between looks for what has grown old."""

PAUSE = 0.05
"""Seconds between two batches: those who write come first."""

_log = structlog.get_logger("aibridge.retention")


async def remove_aged(keeping: Keeping, retention: timedelta) -> Removed:
    """Remove everything that has grown old, and log how much. What is done stays done when it is broken off."""
    removed = batch = await keeping.remove_aged(retention)
    while batch:
        await asyncio.sleep(PAUSE)
        batch = await keeping.remove_aged(retention)
        removed += batch
    if removed:
        _log.info("removed what has grown old", retention=str(retention), **msgspec.structs.asdict(removed))
    return removed
