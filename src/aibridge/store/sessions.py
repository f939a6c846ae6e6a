"""Computing sessions anew: for recovery, and for whatever else takes back or changes what was counted."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

import asyncpg

from aibridge.store.connections import Connection
from aibridge.store.sql import sql

SessionKey = tuple[str, UUID]
"""Session id and initiator: two people may use one session id and never share a session."""

_HOLD = sql("hold_sessions")
_RECOMPUTE = sql("recompute_sessions")
_NAME = sql("name_combinations")
_COUNT = sql("change_counts")


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


async def count(connection: Connection, interception_ids: Sequence[UUID], sign: Literal[1, -1]) -> None:
    """Adds ended interceptions to the counts (1), or takes them away (-1): before they are removed or opened again.

    To be called inside a transaction that holds their rows and those of their sessions: whoever waits for a count must
    hold no session that another one waits for. `write_finished` counts by itself.
    """
    await connection.execute(_COUNT, interception_ids, sign)


async def add(connection: Connection, ended: Sequence[asyncpg.Record]) -> None:
    """Enters interceptions that this transaction has ended: `id`, `session_id` and `initiator_id` of each."""
    ids = [row["id"] for row in ended]
    await connection.execute(_NAME, ids)
    await recompute(connection, {(row["session_id"], row["initiator_id"]) for row in ended})
    await count(connection, ids, 1)
