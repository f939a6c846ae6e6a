"""Keeping usage as books are kept: entries in a journal, which are posted to a ledger every few seconds.

Whatever ends an interception, takes an end back or changes what it cost enters it in its own transaction, without a
lock on anything. Ledger and journal together are exact at any moment; removing interceptions changes neither.
"""

import time
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from aibridge.store.connections import Connection, Dial, Lane
from aibridge.store.resting import rest
from aibridge.store.sql import sql

BATCH = 5000
"""Entries posted in one transaction: some 60 ms of the server's, in which nobody waits for a lock."""

TIMEOUT = 60.0
"""Seconds."""

_ENTER = sql("enter_usage")
_ENTER_COSTS = sql("enter_costs")


async def enter(connection: Connection, interception_ids: Sequence[UUID], sign: Literal[1, -1]) -> None:
    """Enters the ended ones of these (1), or takes them back (-1): after they have ended, before they are reopened.

    `write_finished` enters by itself; what is only removed from the record stays in the books.
    """
    await connection.execute(_ENTER, interception_ids, sign)


async def enter_costs(
    connection: Connection, interception_ids: Sequence[UUID], cost_micros: Sequence[int], unpriced: Sequence[int]
) -> None:
    """Enters that these ended interceptions turned out to cost more, or less, than was entered; all in step.

    `cost_micros` and `unpriced` are differences; the latter is 1 for one whose price got lost, -1 for one that got its
    price. To be called in the transaction that changes the costs, which holds the interceptions.
    """
    await connection.execute(_ENTER_COSTS, interception_ids, cost_micros, unpriced)


class Bookkeeping:
    """Posting, on a connection of its own. Raises `StoreUnavailable`."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(
            dial,
            timeout=TIMEOUT,
            synchronous_commit="off",  # what a crash takes back is in the journal again
        )

    async def post(self, *, limit: int = BATCH) -> int:
        """Post what the journal holds; returns how many entries: none when another replica is at it just now."""
        posted = 0
        while True:
            begins = time.monotonic()
            count = await self._post_some(limit)
            posted += count
            if count < limit:
                return posted
            await rest(begins)

    async def _post_some(self, limit: int) -> int:
        async with self._lane.transaction() as connection:
            if not await connection.fetchval(sql("alone_at_posting")):
                return 0
            count: int = await connection.fetchval(sql("post_usage"), limit)
            return count

    async def close(self) -> None:
        """Ends the connection."""
        await self._lane.close()
