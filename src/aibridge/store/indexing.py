"""Bringing what has ended into the index of words, a moment after its end and away from its path.

Whatever ends an interception puts it into a queue in the same transaction. Any replica takes from the queue, in
batches; what one holds the others skip. What was on record before there was an index is queued bit by bit, newest
first.
"""

import asyncio
from contextlib import suppress
from uuid import UUID

import msgspec

from aibridge.errors import RowsRefused
from aibridge.store.connections import Dial, Lane
from aibridge.store.sql import sql

BATCH = 100
"""Interceptions in one transaction: some 8 ms, during which whoever removes one of them waits, and whose share of the
write-ahead log the next durable commit has to wait for."""

TIMEOUT = 60.0
"""Seconds."""


class Indexed(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch came to."""

    interceptions: int
    refused: tuple[UUID, ...] = ()
    """Interceptions whose words the database refuses: they are indexed without words."""
    more: bool
    """There may be more to do just now."""


class Indexing:
    """Indexes what waits, on a connection of its own. Raises `StoreUnavailable`."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(
            dial,
            timeout=TIMEOUT,
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
            synchronous_commit="off",  # what a crash takes back is in the queue again, and nobody waits for the disk
        )
        self._some = asyncio.Event()
        self._some.set()  # there may be some from before

    def ended(self) -> None:
        """Note that something has ended here, so that it waits in the queue."""
        self._some.set()

    async def some(self, *, within: float) -> None:
        """Return when something has ended here since the last time; after so many seconds at the latest.

        What another replica left, or an import, is not announced.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._some.wait()
        self._some.clear()

    async def index_some(self) -> Indexed:
        """Index a batch of what has ended; when nothing waits, queue some that ended before there was an index."""
        try:
            done = await self._lane.fetchval(sql("index_queued"), BATCH)
        except RowsRefused:
            return await self._one_by_one()
        if done < BATCH:
            looked_at = await self._lane.fetchval(sql("queue_backlog"), BATCH)
            return Indexed(interceptions=done, more=bool(looked_at))
        return Indexed(interceptions=done, more=True)

    async def _one_by_one(self) -> Indexed:
        """After a batch was refused: all but those that are."""
        done, refused = 0, []
        for _ in range(BATCH):
            try:
                one = await self._lane.fetchval(sql("index_queued"), 1)
            except RowsRefused:
                blank = await self._blank()
                if blank is not None:
                    refused.append(blank)
            else:
                done += one
                if not one:
                    break
        return Indexed(interceptions=done, refused=tuple(refused), more=True)

    async def _blank(self) -> UUID | None:
        found: UUID | None = await self._lane.fetchval(sql("index_queued_blank"), 1)
        return found

    async def close(self) -> None:
        """Ends the connection."""
        await self._lane.close()
