"""Recomputing sessions: for recovery, and for whatever else takes back or changes what was counted."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

import asyncpg

from aibridge.store.bookkeeping import enter
from aibridge.store.connections import Connection
from aibridge.store.sql import sql

SessionKey = tuple[str, UUID]
"""Session id and initiator: two people may use one session id and never share a session."""

_HOLD = sql("hold_sessions")
_RECOMPUTE = sql("recompute_sessions")
_NAME = sql("name_combinations")
_COUNTED = sql("counted_of")
_COUNT = sql("change_counts")
_ENQUEUE = sql("enqueue_for_search")


async def hold(connection: Connection, keys: Collection[SessionKey]) -> None:
    """Holds the rows of these sessions until the transaction ends: before anything of them is counted or uncounted."""
    await connection.execute(_HOLD, [key[0] for key in keys], [key[1] for key in keys])


async def recompute(connection: Connection, keys: Collection[SessionKey]) -> None:
    """Rebuilds roll-ups and facets of these sessions from their ended interceptions; an empty one disappears.

    To be called inside a transaction (READ COMMITTED) that has already changed the interceptions: the sessions' rows
    are held until it ends, and finishes that come meanwhile wait and add to the result.
    """
    await hold(connection, keys)
    await connection.execute(_RECOMPUTE, [key[0] for key in keys], [key[1] for key in keys])


async def counted(connection: Connection, interception_ids: Sequence[UUID]) -> bytes:
    """What the ended ones of these are in the counts, for `count`; to be asked before they are removed or reopened."""
    found: bytes = await connection.fetchval(_COUNTED, interception_ids)
    return found


async def count(connection: Connection, what: bytes, sign: Literal[1, -1]) -> None:
    """Adds `what` (see `counted`) to the counts (1), or takes it away (-1). `write_finished` counts by itself.

    To be called last in a transaction that holds their sessions: whoever waits for a count must hold no session that
    another one waits for.
    """
    await connection.execute(_COUNT, what, sign)


async def add(connection: Connection, ended: Sequence[asyncpg.Record]) -> None:
    """Enters interceptions that this transaction has ended: `id`, `session_id` and `initiator_id` of each."""
    ids = [row["id"] for row in ended]
    await recompute(connection, {(row["session_id"], row["initiator_id"]) for row in ended})
    await connection.execute(_NAME, ids)
    await count(connection, await counted(connection, ids), 1)
    await connection.execute(_ENQUEUE, ids)
    await enter(connection, ids, 1)
