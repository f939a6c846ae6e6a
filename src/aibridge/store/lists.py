"""Pages of sessions and of interceptions under a filter, with their exact totals.

A filter's values become the few combinations that have them, and those the sets of combinations that hold one; what is
then asked of the large tables is a handful of hashes that stand in the indexes which order them.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import CursorAmbiguous, CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching
from aibridge.store.connections import PooledConnection
from aibridge.store.people_shown import Person, person
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored
from aibridge.store.token_sums import TokenSums

JSONObject = dict[str, Any]

FEW = 10_000
"""Interceptions that are sooner looked up one by one than met on the way through the newest."""


class SessionHead(msgspec.Struct, frozen=True, kw_only=True):
    """What list and detail show of a session: everything is of the whole session, of one initiator."""

    id: str
    initiator: Person
    providers: list[str]
    provider_names: list[str]
    models: list[str]
    client: str
    """Of the first interception, as is the metadata."""
    metadata: JSONObject
    started_at: datetime
    ended_at: datetime
    last_active_at: datetime
    """The latest prompt, else the first start."""
    interceptions: int
    tool_calls: int
    failures: int
    cost_micros: int
    """Micro-dollars, of what has a price."""
    unpriced: int
    """Interceptions with token usage that has no price: what they cost is not in `cost_micros`."""
    first_prompt: str | None
    """Cut at 500 characters, as is the last."""
    last_prompt: str | None


class ReadSession(SessionHead, frozen=True, kw_only=True):
    """A session as the list shows it."""

    threads: int
    token_usage_summary: TokenSums


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as parameters of the queries: None is no condition."""

    initiator: UUID | None
    initiators: list[UUID] | None
    session_ids: list[str] | None
    combinations: list[int] | None
    tools: list[str] | None
    after: datetime | None
    before: datetime | None


async def _asked(connection: PooledConnection, viewer: UUID | None, filter_: Filter) -> _Asked | None:
    """Resolve a filter for one viewer (None: may read everyone's); None when nothing can match."""
    initiators = filter_.initiator_ids
    if viewer is not None:
        initiators = frozenset([viewer]) if initiators is None else initiators & {viewer}
    combinations = await combinations_of(connection, filter_)
    if combinations == [] or (initiators is not None and not initiators):
        return None
    one = next(iter(initiators)) if initiators is not None and len(initiators) == 1 else None
    return _Asked(
        initiator=one,
        initiators=None if one or initiators is None else sorted(initiators),
        session_ids=_given(filter_.session_ids),
        combinations=combinations,
        tools=_given(filter_.tools),
        after=filter_.started_after,
        before=filter_.started_before,
    )


async def combinations_of(connection: PooledConnection, filter_: Filter) -> list[int] | None:
    """The ids of the combinations that have the values of a filter; None when it names none."""
    values = (
        filter_.providers,
        filter_.provider_names,
        filter_.models,
        filter_.clients,
        filter_.outcomes,
        filter_.error_types,
        filter_.credential_kinds,
        filter_.credential_types,
    )
    if not any(values):
        return None
    rows = await connection.fetch(sql("combinations_matching"), *map(_given, values))
    return [row["id"] for row in rows]


def _given(values: Collection[str]) -> list[str] | None:
    return sorted(values) if values else None


# ------------------------------------------------------------------ sessions


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
    cursor: tuple[object, ...] = (None, None, None)
    if after_session is not None:
        cursor = await _session_cursor(connection, viewer, after_session, after_initiator)
    those = await sessions_matching(connection, viewer, filter_)
    if those is None:
        return [], 0
    *conditions, among = those
    if among is not None and not any(conditions):
        total = len(among)
    else:
        total = await connection.fetchval(sql("count_sessions"), *those)
    rows = await connection.fetch(sql("sessions_page"), *conditions, *cursor, limit, offset, among) if total else []
    return [session_shown(row) for row in rows], total


async def sessions_matching(
    connection: PooledConnection, viewer: UUID | None, filter_: Filter
) -> tuple[Any, ...] | None:
    """The parameters of the fragment `sessions_matching`, then the hashes of the only sessions, or None.

    None when nothing can match. From here on the transaction's plans walk through indexes.
    """
    what = await _asked(connection, viewer, filter_)
    if what is None:
        return None
    among = None
    if filter_.text:
        whose = msgspec.structs.replace(_bounds(what), tools=None, combinations=None, after=None, before=None)
        among, few = await searching.sessions(connection, filter_.text, whose)
        what = what if few is None else msgspec.structs.replace(what, session_ids=few)
    await connection.execute(sql("read_by_index"))
    what = await _narrowed(connection, what)
    return *_whose(what), what.combinations, what.tools, what.after, what.before, among


async def _narrowed(connection: PooledConnection, what: _Asked) -> _Asked:
    """With a filter that few interceptions match, only their sessions need to be looked at."""
    if what.initiator or what.session_ids is not None:
        return what
    calling = await _calling_few(connection, what)
    if calling is not None:
        few = await connection.fetch(sql("sessions_of"), None, calling)
    elif what.combinations and await _sum(connection, None, what.combinations) <= FEW:
        few = await connection.fetch(sql("sessions_of"), what.combinations, None)
    else:
        return what
    return msgspec.structs.replace(what, session_ids=[row["session_id"] for row in few])


async def _session_cursor(
    connection: PooledConnection, viewer: UUID | None, session_id: str, initiator: UUID | None
) -> tuple[object, ...]:
    if (viewer is not None and initiator not in {None, viewer}) or not can_be_stored(session_id):
        raise CursorUnknown
    found = await connection.fetch(sql("sessions_named"), session_id, initiator or viewer)
    if not found:
        raise CursorUnknown
    if len(found) > 1:
        raise CursorAmbiguous
    return found[0]["last_active_at"], found[0]["session_id"], found[0]["initiator_id"]


async def session_of(
    connection: PooledConnection, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
) -> ReadSession | None:
    """The session of this id, of one initiator or the one that was last active; None: none that the viewer may see."""
    if (viewer is not None and initiator not in {None, viewer}) or not can_be_stored(session_id):
        return None
    found = await connection.fetchrow(sql("session_named"), session_id, initiator or viewer)
    return session_shown(found) if found is not None else None


def session_shown(row: asyncpg.Record) -> ReadSession:
    """A row with the columns of `session_shown`."""
    return ReadSession(
        id=row["session_id"],
        initiator=person(row),
        providers=row["providers"],
        provider_names=row["provider_names"],
        models=row["models"],
        client=row["client"] or "Unknown",
        metadata=row["metadata"] or {},
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        last_active_at=row["last_active_at"],
        threads=row["threads"],
        interceptions=row["interceptions"],
        tool_calls=row["tool_calls"],
        failures=row["failures"],
        cost_micros=int(row["cost_micros"]),
        unpriced=row["unpriced"],
        token_usage_summary=TokenSums(
            input_tokens=int(row["input_tokens"]),
            output_tokens=int(row["output_tokens"]),
            cache_read_input_tokens=int(row["cache_read_input_tokens"]),
            cache_write_input_tokens=int(row["cache_write_input_tokens"]),
        ),
        first_prompt=row["first_prompt"],
        last_prompt=row["last_prompt"],
    )


# ------------------------------------------------------------------ interceptions


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
    """Where an interception stands in the order of lists; None: before all. Raises `CursorUnknown`."""
    if id_ is None:
        return None, None
    found = await connection.fetchrow(sql("interception"), id_, viewer)
    if found is None:
        raise CursorUnknown
    return found["started_at"], found["id"]


def _bounds(what: _Asked) -> searching.Bounds:
    return searching.Bounds(
        initiators=[what.initiator] if what.initiator else what.initiators,
        session_ids=what.session_ids,
        tools=what.tools,
        combinations=what.combinations,
        after=what.after,
        before=what.before,
    )


class Matching(msgspec.Struct, frozen=True):
    """Which interceptions match a filter. What begins with an underscore is how they are found."""

    total: int
    _conditions: tuple[object, ...] = ()
    _found: searching.Found | None = None

    async def again(self, connection: PooledConnection) -> None:
        """Let the plans of a further transaction walk as those of the one in which it was made."""
        await connection.execute(sql("read_by_index" if self._found is None else "read_by_words"))

    async def conditions(self, connection: PooledConnection) -> tuple[object, ...]:
        """The parameters of the fragment `interceptions_matching`, then the tools, or None."""
        if self._found is None:
            return self._conditions
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


async def matching(connection: PooledConnection, viewer: UUID | None, filter_: Filter) -> Matching | None:
    """How to find the interceptions that match, and how many they are; None when nothing can.

    From here on the transaction's plans walk through indexes.
    """
    what = await _asked(connection, viewer, filter_)
    if what is None:
        return None
    await connection.execute(sql("read_by_index"))
    if filter_.text:
        found = await searching.find(connection, filter_.text, _bounds(what))
        return Matching(found.total, _found=found)
    few = await _calling_few(connection, what)
    if few is not None or what.initiator or what.initiators or what.session_ids:
        total = await _one_by_one(connection, what, few)
    else:
        total = await _counted(connection, what)
    return Matching(total, _conditions=(*_conditions(what, few), what.tools))


async def parameters(connection: PooledConnection, viewer: UUID | None, filter_: Filter) -> tuple[object, ...] | None:
    """The parameters of the fragment `interceptions_matching_calling`, of all but the text; None: nothing can match."""
    what = await _asked(connection, viewer, filter_)
    return None if what is None else (*_conditions(what, None), what.tools)


_ANY = (None, None, None, None, None, None)
"""No condition beside the ids, as parameters of the fragment `interceptions_matching`."""


async def _calling_few(connection: PooledConnection, what: _Asked) -> list[UUID] | None:
    """The interceptions that called seldom used tools; None when they are many, or when no tool is asked for."""
    if what.tools is None:
        return None
    rows = await connection.fetch(sql("calling"), what.tools, what.initiator, FEW + 1)
    return [row["interception_id"] for row in rows] if len(rows) <= FEW else None


def _whose(what: _Asked) -> tuple[object, ...]:
    return what.initiator, what.initiators, what.session_ids


def _conditions(what: _Asked, few: Sequence[UUID] | None) -> tuple[object, ...]:
    return *_whose(what), what.combinations, what.after, what.before, few


async def _one_by_one(connection: PooledConnection, what: _Asked, few: Sequence[UUID] | None = None) -> int:
    query, tools = ("count_calling", (what.tools,)) if what.tools and few is None else ("count_interceptions", ())
    total: int = await connection.fetchval(sql(query), *_conditions(what, few), *tools)
    return total


_DAY = timedelta(days=1)


async def _counted(connection: PooledConnection, what: _Asked) -> int:
    """How many of everyone's match: whole days are counted already, the ends of the window are not."""
    first = _midnight(what.after) + _DAY if what.after else None
    end = _midnight(what.before) if what.before else None
    if first and end and first > end:
        return await _one_by_one(connection, what)
    days = (first.date() if first else None, (end - _DAY).date() if end else None)
    total = await _sum(connection, what.tools, what.combinations, *days)
    if first:
        total += await _between(connection, what, what.after, first - _TICK)
    if end:
        total += await _between(connection, what, end, what.before)
    return total


_TICK = timedelta(microseconds=1)
"""PostgreSQL's resolution."""


async def _sum(
    connection: PooledConnection,
    tools: Sequence[str] | None,
    combinations: Sequence[int] | None,
    first: date | None = None,
    last: date | None = None,
) -> int:
    total: int = await connection.fetchval(sql("sum_interceptions"), tools, combinations, first, last)
    return total


async def _between(connection: PooledConnection, what: _Asked, after: datetime | None, before: datetime | None) -> int:
    return await _one_by_one(connection, msgspec.structs.replace(what, after=after, before=before))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
