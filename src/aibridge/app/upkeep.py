"""What a worker does again and again, beside the requests."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from aibridge import __version__
from aibridge.errors import StoreError
from aibridge.ops.metrics import Metrics
from aibridge.ops.retention import remove_aged
from aibridge.ops.telemetry import Reporter
from aibridge.store.pool import Store
from aibridge.store.resting import rest

HEARTBEAT_SECONDS = 10.0
RECOVERY_SECONDS = 5.0
"""Between looks for what dead workers left open; with their 60 s of silence, rows are closed within about a minute."""
PROBE_SECONDS = 5.0
"""Between checks of the database, so that `/metrics` is right even where nobody asks for `/readyz`."""
POSTING_SECONDS = 15.0
"""Between postings of what usage was entered since: the journal is read with every question about usage."""
INDEX_SECONDS = 1.0
"""Between an end and its place in the index of words, that several are indexed together: until then, each search looks
at it."""
LEFT_SECONDS = 15.0
"""Between looks for what others have left to be indexed, while nothing ends here."""
TELEMETRY_SECONDS = 60.0
"""Between looks for full hours that nobody has reported."""

Work = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(*works: Work) -> AsyncIterator[None]:
    """Run all of these during the block."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(_run(work)) for work in works]
        try:
            yield
        finally:
            for task in started:
                task.cancel()


async def _run(work: Work) -> None:
    await work()


class Upkeep:
    """Runs works in turns and counts how they went."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def every(self, seconds: float, name: str, work: Work) -> Work:
        """Return what does this work for ever, with a pause after each time; a database that is away is waited for."""

        async def again_and_again() -> None:
            while True:
                self._metrics.upkeep(name, done=await _tried(name, work))
                await asyncio.sleep(seconds)

        return again_and_again


async def _tried(name: str, work: Work) -> bool:
    try:
        await work()
    except StoreError as problem:
        log.warning("the database cannot be reached", work=name, problem=str(problem))
        return False
    return True


async def register(store: Store, gateway_id: UUID) -> None:
    """Put this worker on record."""
    await store.recovery.register_gateway(
        gateway_id, hostname=socket.gethostname(), pid=os.getpid(), version=__version__
    )


async def heartbeat(store: Store, gateway_id: UUID) -> None:
    """Show that this worker lives."""
    if not await store.recovery.heartbeat(gateway_id):
        await register(store, gateway_id)


async def recover(store: Store, gateway_id: UUID) -> None:
    """End what dead workers left open."""
    closed = await store.recovery.recover(gateway_id)
    if closed:
        log.warning("closed interceptions that a dead worker left open", count=closed)


async def index(store: Store) -> None:
    """Index the words of what has ended, as soon as there is any; half of the time is left to others."""
    await store.indexing.some(within=LEFT_SECONDS)
    while True:
        begins = time.monotonic()
        indexed = await store.indexing.index_some()
        if indexed.refused:
            refused = [str(id_) for id_ in indexed.refused]
            log.error("the words of interceptions cannot be indexed", interceptions=refused)
        if not indexed.more:
            return
        await rest(begins)


async def report(store: Store, reporter: Reporter | None) -> None:
    """Send the reports of hours that nobody has reported, if telemetry is on; drop what is older than a day."""
    await store.telemetry.forget(now=datetime.now(UTC))
    if reporter is not None:
        await reporter.report()


async def retain(store: Store, retention: timedelta | None) -> None:
    """Remove what began longer ago; None keeps everything for ever."""
    if retention is not None:
        await remove_aged(store.keeping, retention)
