"""Whose row is it: workers that show they live, and closing what dead ones left open."""

from datetime import timedelta
from uuid import UUID

from aibridge.errors import StoreConflict
from aibridge.store.connections import Dial, Lane
from aibridge.store.sessions import add
from aibridge.store.sql import sql

SILENCE = timedelta(seconds=60)
"""A gateway that gave no sign of life for so long, by the database's clock, is dead. Heartbeats come every 10 s."""

BATCH = 100
"""Interceptions closed in one transaction, so that the sessions' rows are held for milliseconds."""

RECOVERY_TIMEOUT = 30.0
"""Seconds."""


class Recovery:
    """Heartbeats and recovery, on a connection of their own: a busy pool must not make a living worker look dead."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=RECOVERY_TIMEOUT)

    async def register_gateway(self, gateway_id: UUID, *, hostname: str, pid: int, version: str) -> None:
        """Announces a worker process; before its first interception begins."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("register_gateway"), gateway_id, hostname, pid, version)

    async def heartbeat(self, gateway_id: UUID) -> bool:
        """Shows that the worker lives. False: it is not on record (any more) and must be registered again."""
        async with self._lane.hold() as connection:
            return await connection.fetchval(sql("heartbeat"), gateway_id) is not None

    async def retire_gateway(self, gateway_id: UUID) -> None:
        """Says that the worker has ended in good order; what it left open is recovered without waiting."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("retire_gateway"), gateway_id)

    async def recover(self, gateway_id: UUID, *, silence: timedelta = SILENCE) -> int:
        """Ends the open interceptions of dead gateways as `interrupted`, never those of `gateway_id`; returns how many.

        Any number of replicas may do this at once. The sessions concerned are recomputed.
        """
        closed = 0
        while (count := await self._recover_some(gateway_id, silence)) != 0:
            closed += count or 0
        async with self._lane.hold() as connection:
            await connection.execute(sql("forget_gateways"))
        return closed

    async def _recover_some(self, gateway_id: UUID, silence: timedelta) -> int | None:
        """How many were ended; None when a finish was in the way and went first."""
        try:
            async with self._lane.transaction() as connection:
                rows = await connection.fetch(sql("close_orphans"), gateway_id, silence, BATCH)
                await add(connection, rows)
                return len(rows)
        except StoreConflict:
            return None

    async def close(self) -> None:
        """Ends the connection."""
        await self._lane.close()
