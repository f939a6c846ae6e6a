"""Removing from the record: what has grown old, and what a person wants erased.

In batches of one transaction each: rows are held and removed, then what shows them follows, sessions before counts.
Those who write to such a session wait for one batch at most, and a removal that is interrupted goes on where it ended.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.connections import Connection, Dial, Lane
from aibridge.store.failures import past_conflicts
from aibridge.store.sessions import count, counted, recompute
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored

BATCH = 250
"""Interceptions in one transaction. It takes 20 ms, and those who write to the same sessions wait for half of that."""

TIMEOUT = 120.0
"""Seconds. A preview reads everything that has grown old."""


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are gone, of each kind."""

    interceptions: int = 0
    token_usages: int = 0
    user_prompts: int = 0
    tool_usages: int = 0
    model_thoughts: int = 0
    model_answers: int = 0
    tool_results: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(**{name: getattr(self, name) + getattr(other, name) for name in Removed.__struct_fields__})

    def __bool__(self) -> bool:
        return self.interceptions > 0


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a retention would remove now."""

    cutoff: datetime
    interceptions: int
    token_usages: int
    user_prompts: int
    tool_usages: int
    model_thoughts: int
    model_answers: int
    tool_results: int
    sessions: int
    """That would go as a whole."""
    shortened_sessions: int
    """That would lose their beginning."""
    oldest: datetime | None
    """Start of the oldest ended interception on record."""
    kept: int
    """Interceptions that would stay."""


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of what has grown old."""

    cutoff: datetime
    interceptions: int
    """That would be removed now, counted no further than was asked for."""
    oldest: datetime | None
    """Start of the oldest ended interception on record."""


class Keeping:
    """Removal, on a connection of its own. Raises `StoreUnavailable`."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=TIMEOUT)

    async def remove_aged(self, retention: timedelta, *, limit: int = BATCH) -> Removed:
        """Remove up to `limit` interceptions that began longer ago than `retention`.

        Empty when there are none left, and when another replica is at it just now.
        """

        async def remove(connection: Connection) -> Removed:
            if not await connection.fetchval(sql("alone_at_removing")):
                return Removed()
            removed = await _remove(connection, await _held(connection, "hold_aged", retention, limit=limit))
            if not removed:
                await connection.execute(sql("forget_empty_counts"))
            return removed

        return await self._transaction(remove)

    async def preview(self, retention: timedelta) -> Preview:
        """What `remove_aged` would take in the end."""
        async with self._lane.hold() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            row = await connection.fetchrow(sql("preview_removal"), retention)
        assert row is not None
        return msgspec.convert(dict(row), Preview)

    async def glance(self, retention: timedelta, *, most: int) -> Glance:
        """Count up to `most` of what `preview` counts to the end."""
        async with self._lane.hold() as connection:
            row = await connection.fetchrow(sql("glance_at_aged"), retention, most)
        assert row is not None
        return msgspec.convert(dict(row), Glance)

    async def initiators(self, session_id: str, whose: UUID | None = None) -> list[UUID]:
        """Who has anything on record in a session of this id, were it a first request in flight."""
        if not can_be_stored(session_id):
            return []
        async with self._lane.hold() as connection:
            rows = await connection.fetch(sql("initiators_in_session"), session_id, whose)
        return [row["initiator_id"] for row in rows]

    async def begin_erasure(self, erasure_id: UUID, *, by: str, user_id: UUID, session_id: str | None = None) -> None:
        """Put on record that an erasure begins: of all of a user's record, or of one session."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("begin_erasure"), erasure_id, by, user_id, session_id)

    async def erase_of_user(self, erasure_id: UUID, user_id: UUID, *, limit: int = BATCH) -> Removed:
        """Remove up to `limit` interceptions of this user, in flight or not; empty when there are none left."""
        return await self._erase(erasure_id, "hold_of_user", user_id, limit=limit)

    async def erase_of_session(
        self, erasure_id: UUID, session_id: str, initiator_id: UUID, *, limit: int = BATCH
    ) -> Removed:
        """Remove up to `limit` interceptions of this session; empty when there are none left."""
        return await self._erase(erasure_id, "hold_of_session", session_id, initiator_id, limit=limit)

    async def end_erasure(self, erasure_id: UUID) -> None:
        """Put on record that an erasure is complete."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("end_erasure"), erasure_id)
            await connection.execute(sql("forget_empty_counts"))

    async def anonymise(self, user_id: UUID) -> None:
        """Take name, address and picture of a deleted user."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("anonymise_user"), user_id)

    async def _erase(self, erasure_id: UUID, query: str, *of: object, limit: int) -> Removed:
        async def erase(connection: Connection) -> Removed:
            removed = await _remove(connection, await _held(connection, query, *of, limit=limit))
            await connection.execute(sql("note_erased"), erasure_id, *msgspec.structs.astuple(removed))
            return removed

        return await self._transaction(erase)

    async def _transaction(self, work: Callable[[Connection], Awaitable[Removed]]) -> Removed:
        async def attempt() -> Removed:
            async with self._lane.transaction() as connection:
                return await work(connection)

        return await past_conflicts(attempt)

    async def close(self) -> None:
        """Ends the connection."""
        await self._lane.close()


async def _held(connection: Connection, query: str, *of: object, limit: int) -> Sequence[asyncpg.Record]:
    """Those in flight first: one that ends just now is found among the ended then, the other way round nowhere."""
    return await connection.fetch(sql(f"{query}_in_flight"), *of, limit) or await connection.fetch(
        sql(query), *of, limit
    )


async def _remove(connection: Connection, held: Sequence[asyncpg.Record]) -> Removed:
    if not held:
        return Removed()
    ids = [row["id"] for row in held]
    gone = await counted(connection, ids)
    row = await connection.fetchrow(sql("remove_interceptions"), ids)
    await recompute(connection, {(row["session_id"], row["initiator_id"]) for row in held})
    await count(connection, gone, -1)
    assert row is not None
    return Removed(**dict(row))
