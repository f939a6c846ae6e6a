"""The write path: a batch is one statement, one round trip, one durable commit.

`Writer` satisfies `recording.sink.Sink` by shape.
"""

from collections.abc import Sequence

import msgspec

from aibridge.records import Begun, Finished
from aibridge.store.bookkeeping import enter
from aibridge.store.connections import Connection, Dial, Lane
from aibridge.store.failures import encoding
from aibridge.store.sessions import count, counted, recompute
from aibridge.store.sql import sql

WRITE_TIMEOUT = 30.0
"""Seconds after which a write counts as lost; the recorder's own deadlines are shorter."""

_PLANS = {
    # One plan, kept for the life of the connection: planning these statements costs more than running them. It is made
    # when the tables may still be empty, so it is kept from scanning what will be large.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_mergejoin": "off",
}

_WRITE_BEGUN = sql("write_begun")
_WRITE_BEGUN_WITH_PARENTS = sql("write_begun_with_parents")
_WRITE_BEGUN_WITH_RESULTS = sql("write_begun_with_results")
_WRITE_FINISHED = {False: sql("write_finished"), True: sql("write_finished_with_answers")}
"""By whether any row of the batch has answers."""
_HOLD_INTERRUPTED = sql("hold_interrupted")
_REOPEN = sql("reopen_interrupted")


class Writer:
    """Writes starts and ends on a connection each, so that neither waits for the other's commit."""

    def __init__(self, dial: Dial) -> None:
        self._encoder = msgspec.json.Encoder()
        self._begin = Lane(dial, timeout=WRITE_TIMEOUT, **_PLANS)
        self._finish = Lane(dial, timeout=WRITE_TIMEOUT, **_PLANS)

    async def write_begun(self, batch: Sequence[Begun]) -> None:
        """Insert starts with their prompts, resolving lineage. A replay adds nothing."""
        with encoding():
            rows = self._encoder.encode(batch)
        await self._begin.fetchval(_beginning(batch), rows)

    async def write_finished(self, batch: Sequence[Finished]) -> None:
        """Insert facts, end the interceptions, and add to the roll-ups what was really ended here.

        What recovery had closed as `interrupted` is replaced; what is gone or had ended already is left alone.
        """
        with encoding():
            rows = self._encoder.encode(batch)
        if await self._finish.fetchval(_finishing(batch), rows) < len(batch):
            async with self._finish.hold() as connection:
                await _replace_interrupted(connection, batch, rows)

    async def close(self) -> None:
        """Ends both connections after what is under way."""
        await self._begin.close()
        await self._finish.close()


def _beginning(batch: Sequence[Begun]) -> str:
    """The least that does for every row of a batch."""
    if any(begun.tool_results for begun in batch):
        return _WRITE_BEGUN_WITH_RESULTS
    if any(begun.correlating_tool_call_id for begun in batch):
        return _WRITE_BEGUN_WITH_PARENTS
    return _WRITE_BEGUN


def _finishing(batch: Sequence[Finished]) -> str:
    return _WRITE_FINISHED[any(finished.model_answers for finished in batch)]


async def _replace_interrupted(connection: Connection, batch: Sequence[Finished], rows: bytes) -> None:
    """The rare way: some rows of the batch were not open. Takes back those that recovery closed and ends them again."""
    async with connection.transaction():
        held = await connection.fetch(_HOLD_INTERRUPTED, [finished.id for finished in batch])
        if held:
            ids, sessions = [row["id"] for row in held], {(row["session_id"], row["initiator_id"]) for row in held}
            taken_back = await counted(connection, ids)
            await enter(connection, ids, -1)
            await connection.execute(_REOPEN, ids)
            await recompute(connection, sessions)
            await count(connection, taken_back, -1)
            await connection.execute(_finishing(batch), rows)
