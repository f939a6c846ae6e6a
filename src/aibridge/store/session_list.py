"""Pages of sessions under a filter, with their exact total."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import CursorAmbiguous, CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching
from aibridge.store.connections import PooledConnection
from aibridge.store.filtering import FEW, Asked, resolved
from aibridge.store.interception_list import calling_few, counted
from aibridge.store.session_shown import ReadSession, session_shown
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored
from aibridge.texts import Text

Place = tuple[object, ...]
"""Last activity, id and initiator of a session, or three times None: before all."""
_FIRST: Place = (None, None, None)

SHORT_WALK = 1_000
"""Sessions that are sooner asked one by one whether they hold a common text than all with it are gathered: 50 ms."""


# ------------------------------------------------------------------ pages


async def sessions_page(
    connection: PooledConnection,
    viewer: UUID | None,
    filter_: Filter,
    *,
    limit: int,
    offset: int = 0,
    after_session: str | None = None,
    after_initiator: UUID | None = None,
) -> tuple[list[ReadSession], int]:
    """A page of sessions, last active first, and how many match. Raises `CursorUnknown` and `CursorAmbiguous`."""
    cursor = _FIRST
    if after_session is not None:
        cursor = await _session_cursor(connection, viewer, after_session, after_initiator)
    those = await sessions_matching(connection, viewer, filter_)
    if those is None:
        return [], 0
    rows, total = await those.page(connection, cursor=cursor, limit=limit, offset=offset)
    return [session_shown(row) for row in rows], total


class SessionLog(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list, last active first."""

    rows: list[ReadSession]
    total: int
    """Exact, unless there is a `reach`."""
    reach: int | None = None
    """At least `total` match, which was counted no further: the rows are known to reach this far."""


async def session_log(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter, *, limit: int, offset: int, up_to: int
) -> SessionLog:
    """A page of sessions. Those that hold a common text are counted no further than `up_to`."""
    what = await resolved(connection, viewer, filter_)
    if what is None:
        return SessionLog(rows=[], total=0)
    some = await searching.gathered(connection, filter_.text, what.bounds) if filter_.text else None
    those = await _matching(connection, what, filter_.text, some)
    rows, total, reach = await those.some(connection, some, limit=limit, offset=offset, up_to=up_to)
    return SessionLog(rows=[session_shown(row) for row in rows], total=total, reach=reach)


class MatchingSessions(msgspec.Struct, frozen=True):
    """Which sessions match a filter. What begins with an underscore is how they are found."""

    _conditions: tuple[object, ...]
    """The parameters of the fragment `sessions_matching`."""
    _found: tuple[object, ...] | None = None
    """Those of `search_found`, where many interceptions hold the text that is asked for."""
    _narrow: bool = False
    """Whether more than that text is asked for."""

    async def page(
        self, connection: PooledConnection, *, cursor: Place, limit: int, offset: int
    ) -> tuple[Sequence[asyncpg.Record], int]:
        """Rows of a page, and how many match."""
        if self._found is None:
            total = await connection.fetchval(sql("count_sessions"), *self._conditions)
            return await _page(connection, self._conditions, cursor, limit, offset) if total else [], total
        if offset + limit <= SHORT_WALK:
            keys = await self._walk(connection, cursor, limit, offset)
            if len(keys) == limit:
                return await _of_keys(connection, keys), await self._count(connection, self._found)
        keys = await connection.fetch(
            sql("sessions_found_page"), *self._conditions, *self._found, *cursor, limit, offset
        )
        return await _of_keys(connection, [key for key in keys if key["session_id"] is not None]), keys[0]["total"]

    async def some(
        self,
        connection: PooledConnection,
        gathered: searching.Gathered | None,
        *,
        limit: int,
        offset: int,
        up_to: int,
    ) -> tuple[Sequence[asyncpg.Record], int, int | None]:
        """Rows of a page, how many match, counted no further than `up_to`, and then how far rows are known to reach.

        `gathered`: of the same filter, where a text is asked for.
        """
        if self._found is not None and gathered is not None and offset + limit < SHORT_WALK:
            keys = await self._walk(connection, _FIRST, limit + 1, offset)
            if len(keys) > limit:
                total, more = await self._count_some(connection, self._found, gathered, up_to)
                rows, reach = await _of_keys(connection, keys[:limit]), offset + len(keys)
                return (rows, max(total, reach), reach) if more else (rows, total, None)
            total_of_few = await self._count_few(connection, self._found)
            if total_of_few is not None and (keys or not total_of_few):
                return await _of_keys(connection, keys), total_of_few, None
        return *await self.page(connection, cursor=_FIRST, limit=limit, offset=offset), None

    async def _count_some(
        self, connection: PooledConnection, found: tuple[object, ...], gathered: searching.Gathered, up_to: int
    ) -> tuple[int, bool]:
        """How many match, and whether there may be more.

        A session that has one interception that matches in all matches, but not only those: the text may be in another.
        """
        if gathered.sessions >= up_to:
            return up_to, True
        if gathered.more or (self._narrow and gathered.sessions >= SHORT_WALK):
            return gathered.sessions, True
        few = await self._count_few(connection, found) if self._narrow else None
        return (await self._count(connection, found) if few is None else few), False

    async def _count_few(self, connection: PooledConnection, found: tuple[object, ...]) -> int | None:
        """How many match, if there are few that match but for the text; else None."""
        counted = await connection.fetchrow(sql("sessions_walk_count"), *self._conditions, *found, SHORT_WALK)
        assert counted is not None
        return counted["held"] if counted["passed"] < SHORT_WALK else None

    async def older(self, connection: PooledConnection, place: Place) -> tuple[str, UUID] | None:
        """The next behind a place, as id and initiator."""
        if self._found is None:
            return _key(await _page(connection, self._conditions, place, 1, 0))
        near = await self._walk(connection, place, 1, 0)
        return _key(
            near or await connection.fetch(sql("sessions_found_page"), *self._conditions, *self._found, *place, 1, 0)
        )

    async def newer(self, connection: PooledConnection, place: Place) -> tuple[str, UUID] | None:
        """The last before a place."""
        if self._found is None:
            return _key(await connection.fetch(sql("session_newer"), *self._conditions, *place))
        those = (*self._conditions, *self._found, *place)
        near = await connection.fetch(sql("session_walk_newer"), *those, SHORT_WALK)
        return _key(near or await connection.fetch(sql("session_found_newer"), *those))

    async def _count(self, connection: PooledConnection, found: tuple[object, ...]) -> int:
        query, those = ("sessions_found_count", self._conditions) if self._narrow else ("search_count_sessions", ())
        total: int = await connection.fetchval(sql(query), *those, *found)
        return total

    async def _walk(
        self, connection: PooledConnection, cursor: Place, limit: int, offset: int
    ) -> Sequence[asyncpg.Record]:
        assert self._found is not None
        return await connection.fetch(
            sql("sessions_walk"), *self._conditions, *self._found, *cursor, limit, offset, SHORT_WALK
        )


async def sessions_matching(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter
) -> MatchingSessions | None:
    """How to find the sessions that match; None when nothing can.

    From here on the transaction's plans walk through indexes, but for a common text, which the index of words finds.
    """
    what = await resolved(connection, viewer, filter_)
    return None if what is None else await _matching(connection, what, filter_.text)


async def _matching(
    connection: PooledConnection, what: Asked, text: Sequence[Text], gathered: searching.Gathered | None = None
) -> MatchingSessions:
    """The same; `gathered`: what is known of the text already."""
    among = None
    if text:
        whose = msgspec.structs.replace(what.bounds, tools=None, combinations=None, after=None, before=None)
        if gathered is not None and gathered.is_common:
            common = await searching.uncounted(connection, text, whose)
            return MatchingSessions(_conditions(what, None), common, what.narrow)
        found = await searching.find(connection, text, whose, up_to=searching.COMMON)
        if found.more:
            return MatchingSessions(_conditions(what, None), found.conditions, what.narrow)
        among, few = await searching.sessions(connection, found)
        what = msgspec.structs.replace(what, session_ids=few)
    await connection.execute(sql("read_by_index"))
    return MatchingSessions(_conditions(await _narrowed(connection, what), among))


def _conditions(what: Asked, among: Sequence[int] | None) -> tuple[object, ...]:
    return *what.whose, what.combinations, what.tools, what.after, what.before, among


async def _narrowed(connection: PooledConnection, what: Asked) -> Asked:
    """With a filter that few interceptions match, only their sessions need to be looked at."""
    if what.initiator or what.session_ids is not None:
        return what
    calling = await calling_few(connection, what)
    if calling is not None:
        few = await connection.fetch(sql("sessions_of"), None, calling)
    elif what.combinations and await counted(connection, None, what.combinations) <= FEW:
        few = await connection.fetch(sql("sessions_of"), what.combinations, None)
    else:
        return what
    return msgspec.structs.replace(what, session_ids=[row["session_id"] for row in few])


async def _page(
    connection: PooledConnection, conditions: tuple[object, ...], cursor: Place, limit: int, offset: int
) -> Sequence[asyncpg.Record]:
    return await connection.fetch(sql("sessions_page"), *conditions, *cursor, limit, offset)


async def _of_keys(connection: PooledConnection, keys: Sequence[asyncpg.Record]) -> Sequence[asyncpg.Record]:
    ids, hashes = [key["session_id"] for key in keys], [key["session"] for key in keys]
    those = (None, None, ids, None, None, None, None, hashes)
    return await _page(connection, those, (None, None, None), len(keys), 0) if keys else []


def _key(rows: Sequence[asyncpg.Record]) -> tuple[str, UUID] | None:
    return (rows[0]["session_id"], rows[0]["initiator_id"]) if rows and rows[0]["session_id"] is not None else None


async def _session_cursor(
    connection: PooledConnection, viewer: UUID | None, session_id: str, initiator: UUID | None
) -> Place:
    if (viewer is not None and initiator not in {None, viewer}) or not can_be_stored(session_id):
        raise CursorUnknown
    found = await connection.fetch(sql("sessions_named"), session_id, initiator or viewer)
    if not found:
        raise CursorUnknown
    if len(found) > 1:
        raise CursorAmbiguous
    return found[0]["last_active_at"], found[0]["session_id"], found[0]["initiator_id"]


# ------------------------------------------------------------------ one of them


async def session_of(
    connection: PooledConnection, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
) -> ReadSession | None:
    """The session of this id, of one initiator or the one that was last active; None: none that the viewer may see."""
    if (viewer is not None and initiator not in {None, viewer}) or not can_be_stored(session_id):
        return None
    found = await connection.fetchrow(sql("session_named"), session_id, initiator or viewer)
    return session_shown(found) if found is not None else None
