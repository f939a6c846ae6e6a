"""The neighbours of an interception or a session in a list, whether or not it is itself in the list."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from aibridge.errors import CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching
from aibridge.store.connections import PooledConnection
from aibridge.store.interception_list import matching
from aibridge.store.session_list import session_of, sessions_matching
from aibridge.store.sql import sql

_WINDOWS = (timedelta(hours=1), timedelta(days=1))
"""In which one that holds a text is looked for first: common texts are near, rare ones are few in any time."""


async def interception_beside(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter, of: UUID, *, newer: bool
) -> UUID | None:
    """The next newer or older one that matches; None: there is none. Raises `CursorUnknown`."""
    one = await connection.fetchrow(sql("interception"), of, viewer)
    if one is None:
        raise CursorUnknown
    if newer:
        return await _newer(connection, viewer, filter_, one["started_at"], of)
    those = await matching(connection, viewer, filter_, up_to=searching.COMMON)
    if those is None or not those.total:
        return None
    on_page = await those.on_page(connection, cursor=(one["started_at"], of), limit=1)
    older: UUID | None = await connection.fetchval(sql("ids_on_page"), *on_page)
    return older


async def _newer(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter, started_at: datetime, of: UUID
) -> UUID | None:
    for within in _behind(filter_, started_at):
        those = await matching(connection, viewer, within)
        if those is not None and those.total:
            conditions = await those.conditions(connection)
            found: UUID | None = await connection.fetchval(sql("interception_newer"), *conditions, started_at, of)
            if found is not None:
                return found
    return None


def _behind(filter_: Filter, moment: datetime) -> Iterator[Filter]:
    """The filter with what began from this moment on; of words, in growing windows, since all that match are sorted."""
    begin = moment if filter_.started_after is None else max(moment, filter_.started_after)
    for window in _WINDOWS if filter_.text else ():
        end = moment + window
        if filter_.started_before is None or end < filter_.started_before:
            yield msgspec.structs.replace(filter_, started_after=begin, started_before=end)
    yield msgspec.structs.replace(filter_, started_after=begin)


async def session_beside(
    connection: PooledConnection,
    viewer: UUID | None,
    filter_: Filter,
    session_id: str,
    *,
    initiator: UUID | None,
    newer: bool,
) -> tuple[str, UUID] | None:
    """The session, as id and initiator, that was active next or last before this one; see `interception_beside`."""
    one = await session_of(connection, session_id, viewer, initiator=initiator)
    if one is None:
        raise CursorUnknown
    those = await sessions_matching(connection, viewer, filter_)
    if those is None:
        return None
    place = (one.last_active_at, one.id, one.initiator.id)
    return await (those.newer(connection, place) if newer else those.older(connection, place))
