"""Pages of interceptions under a filter, with their exact totals."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching
from aibridge.store.connections import PooledConnection
from aibridge.store.filtering import FEW, Asked, resolved
from aibridge.store.sql import sql


async def interceptions_page(
    connection: PooledConnection,
    viewer: UUID | None,
    filter_: Filter,
    *,
    limit: int,
    offset: int = 0,
    after: UUID | None = None,
) -> tuple[Sequence[asyncpg.Record], int]:
    """Rows of a page of interceptions, newest first, and how many match. Raises `CursorUnknown`."""
    cursor = await place_of(connection, viewer, after)
    those = await matching(connection, viewer, filter_)
    if those is None or not those.total:
        return [], 0
    on_page = await those.on_page(connection, cursor=cursor, limit=limit, offset=offset)
    return await connection.fetch(sql("interceptions_page"), *on_page), those.total


async def place_of(connection: PooledConnection, viewer: UUID | None, id_: UUID | None) -> searching.Cursor:
    """The position of an interception in the order of lists; None: before all. Raises `CursorUnknown`."""
    if id_ is None:
        return None, None
    found = await connection.fetchrow(sql("interception"), id_, viewer)
    if found is None:
        raise CursorUnknown
    return found["started_at"], found["id"]


class Matching(msgspec.Struct, frozen=True):
    """Which interceptions match a filter. What begins with an underscore is how they are found."""

    total: int
    """How many; where there are `more`, at least so many."""
    _conditions: tuple[object, ...] = ()
    _found: searching.Found | None = None

    @property
    def more(self) -> bool:
        """Nobody counted all of them."""
        return self._found is not None and self._found.more

    async def again(self, connection: PooledConnection) -> None:
        """Let the plans of a further transaction walk as those of the one in which it was made."""
        await connection.execute(sql("read_by_index" if self._found is None else "read_by_words"))

    async def conditions(self, connection: PooledConnection) -> tuple[object, ...]:
        """The parameters of the fragment `interceptions_matching`, then the tools, or None. All must be counted."""
        if self._found is None:
            return self._conditions
        assert not self.more
        return *_ANY, await searching.page(connection, self._found, limit=self.total), None

    async def on_page(
        self, connection: PooledConnection, *, cursor: searching.Cursor = (None, None), limit: int, offset: int = 0
    ) -> tuple[object, ...]:
        """The parameters of the fragment `interceptions_on_page`; `cursor`: start and id of the one before the page."""
        if self._found is None:
            return *self._conditions, *cursor, limit, offset
        ids = await self.ids(connection, cursor=cursor, limit=limit, offset=offset)
        return *_ANY, ids, None, None, None, limit, 0

    async def ids(
        self, connection: PooledConnection, *, cursor: searching.Cursor, limit: int, offset: int = 0
    ) -> list[UUID]:
        """The ids of a page of what was found by a text, newest first."""
        assert self._found is not None
        return await searching.page(connection, self._found, cursor=cursor, limit=limit, offset=offset)

    async def newest(self, connection: PooledConnection, limit: int) -> "Matching":
        """Only the newest of them, found once for all that is asked about them."""
        if self._found is None:
            rows = await connection.fetch(sql("ids_on_page"), *(await self.on_page(connection, limit=limit)))
            ids = [row["id"] for row in rows]
        else:
            ids = await self.ids(connection, cursor=(None, None), limit=limit)
        return Matching(len(ids), _conditions=(*_ANY, ids, None))


async def matching(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter, *, up_to: int | None = None
) -> Matching | None:
    """How to find the interceptions that match, and how many they are; None when nothing can.

    With `up_to`, those that hold a text are counted no further than that. From here on the transaction's plans walk
    through indexes.
    """
    what = await resolved(connection, viewer, filter_)
    if what is None:
        return None
    await connection.execute(sql("read_by_index"))
    if filter_.text:
        found = await searching.find(connection, filter_.text, what.bounds, up_to=up_to)
        return Matching(found.total, _found=found)
    few = await calling_few(connection, what)
    if few is not None or what.initiator or what.initiators or what.session_ids:
        total = await _one_by_one(connection, what, few)
    else:
        total = await _total(connection, what)
    return Matching(total, _conditions=(*_conditions(what, few), what.tools))


async def parameters(connection: PooledConnection, viewer: UUID | None, filter_: Filter) -> tuple[object, ...] | None:
    """The parameters of the fragment `interceptions_matching_calling`, of all but the text; None: nothing can match."""
    what = await resolved(connection, viewer, filter_)
    return None if what is None else (*_conditions(what, None), what.tools)


_ANY = (None, None, None, None, None, None)
"""No condition beside the ids, as parameters of the fragment `interceptions_matching`."""


async def calling_few(connection: PooledConnection, what: Asked) -> list[UUID] | None:
    """The interceptions that called seldom used tools; None when they are many, or when no tool is asked for."""
    if what.tools is None:
        return None
    rows = await connection.fetch(sql("calling"), what.tools, what.initiator, FEW + 1)
    return [row["interception_id"] for row in rows] if len(rows) <= FEW else None


def _conditions(what: Asked, few: Sequence[UUID] | None) -> tuple[object, ...]:
    return *what.whose, what.combinations, what.after, what.before, few


async def _one_by_one(connection: PooledConnection, what: Asked, few: Sequence[UUID] | None = None) -> int:
    query, tools = ("count_calling", (what.tools,)) if what.tools and few is None else ("count_interceptions", ())
    total: int = await connection.fetchval(sql(query), *_conditions(what, few), *tools)
    return total


_DAY = timedelta(days=1)


async def _total(connection: PooledConnection, what: Asked) -> int:
    """How many of everyone's match: whole days are counted already, the ends of the window are not."""
    first = _midnight(what.after) + _DAY if what.after else None
    end = _midnight(what.before) if what.before else None
    if first and end and first > end:
        return await _one_by_one(connection, what)
    days = (first.date() if first else None, (end - _DAY).date() if end else None)
    total = await counted(connection, what.tools, what.combinations, *days)
    if first:
        total += await _between(connection, what, what.after, first - _TICK)
    if end:
        total += await _between(connection, what, end, what.before)
    return total


_TICK = timedelta(microseconds=1)
"""PostgreSQL's resolution."""


async def counted(
    connection: PooledConnection,
    tools: Sequence[str] | None,
    combinations: Sequence[int] | None,
    first: date | None = None,
    last: date | None = None,
) -> int:
    """How many of everyone's match, from the counts of whole days, both included; None: no bound."""
    total: int = await connection.fetchval(sql("sum_interceptions"), tools, combinations, first, last)
    return total


async def _between(connection: PooledConnection, what: Asked, after: datetime | None, before: datetime | None) -> int:
    return await _one_by_one(connection, msgspec.structs.replace(what, after=after, before=before))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
