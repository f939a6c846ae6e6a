"""What an open page asks again and again: one row each, found by its key."""

from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.store.connections import Pool
from aibridge.store.failures import mapped
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A request that somebody has been waiting for."""

    id: UUID
    session_id: str
    client: str
    client_version: str
    """Empty when the client does not say."""


class Pulse:
    """Whether something has moved. Raises `StoreUnavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def session_steps(self, session_id: str, initiator: UUID) -> int:
        """How many interceptions of this session have ended; 0 when there is none such."""
        if not can_be_stored(session_id):
            return 0
        with mapped():
            steps: int | None = await self._pool.fetchval(sql("session_pulse"), session_id, initiator)
        return steps or 0

    async def first_arrival(self, initiator: UUID, since: datetime) -> Arrival | None:
        """What somebody sent first since this moment, and has ended."""
        with mapped():
            row = await self._pool.fetchrow(sql("first_arrival"), initiator, since)
        return msgspec.convert(dict(row), Arrival) if row else None
