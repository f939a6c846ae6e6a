"""Computing sessions anew: for recovery, and for whatever else takes back or changes what was counted."""

from collections.abc import Collection
from uuid import UUID

from aibridge.store.connections import Connection
from aibridge.store.sql import sql

SessionKey = tuple[str, UUID]
"""Session id and initiator: two people may use one session id and never share a session."""

_HOLD = sql("hold_sessions")
_RECOMPUTE = sql("recompute_sessions")


async def recompute(connection: Connection, keys: Collection[SessionKey]) -> None:
    """Rebuilds roll-ups and facets of these sessions from their ended interceptions; an empty one disappears.

    To be called inside a transaction (READ COMMITTED) that has already changed the interceptions: the sessions' rows
    are held until it ends, and finishes that come meanwhile wait and add to the result.
    """
    session_ids, initiators = [key[0] for key in keys], [key[1] for key in keys]
    await connection.execute(_HOLD, session_ids, initiators)
    await connection.execute(_RECOMPUTE, session_ids, initiators)
