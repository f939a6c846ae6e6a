"""Reading the record out, however much it is: in pages, each in a short transaction of its own.

Nothing is held between two pages, neither a connection nor a snapshot, so whoever takes what is read may take their
time. What ends while an export goes on may be in it or not; nothing is in it twice, since it walks strictly downwards.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from aibridge.filters import EVERYTHING, Filter
from aibridge.store import interception_list
from aibridge.store.connections import Pool, PooledConnection
from aibridge.store.failures import mapped
from aibridge.store.interceptions import ReadInterception, with_children
from aibridge.store.reading import one_snapshot
from aibridge.store.session_outline import EXCERPT as PROMPT
from aibridge.store.session_outline import SessionOutline, ThreadOutline, session_outline
from aibridge.store.sql import sql
from aibridge.store.steps import Step, first_prompts, steps_of
from aibridge.store.token_sums import TokenSums

PAGE = 1000
"""Interceptions that are looked up at a time, each as its id and its size."""
PORTION = 100
"""Interceptions that are read whole at a time: the gateway's other work waits for about 10 ms."""
PORTION_BYTES = 2 * 2**20
"""Of texts that are read at a time; a larger interception comes alone."""
TABLE_PAGE = 250
"""Rows of a table that are read at a time."""
EXCERPT = 500
"""Characters of a prompt in a row."""
MOST_TOOLS = 20
"""Tools that a row names; how many calls there were is told beside them."""


class ReadRow(msgspec.Struct, frozen=True, kw_only=True):
    """An ended interception as a row of a table: nothing in it is large."""

    id: UUID
    started_at: datetime
    ended_at: datetime
    duration_us: int
    """Microseconds, as is the next."""
    time_to_first_byte_us: int | None
    initiator_id: UUID
    username: str
    api_token_id: str
    session_id: str
    thread_id: UUID
    agent_id: str | None
    side_request: bool
    provider: str
    provider_name: str
    endpoint: str
    model: str
    response_model: str
    client: str
    credential_kind: str
    credential_type: str
    outcome: str
    status_code: int | None
    error_type: str | None
    error_message: str | None
    input_tokens: int | None
    """Excludes cache reads and writes; None is unknown, as in the next three."""
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_write_input_tokens: int | None
    cost_micros: int | None
    """Micro-dollars, of what has a price; None: nothing has."""
    unpriced: bool
    """It used tokens that have no price."""
    tool_calls: int
    tools: list[str] | None
    """Each once, in order of their first calls; at most `MOST_TOOLS`. None: no calls."""
    thoughts: int
    prompt: str | None
    """Cut at `EXCERPT` characters; of a side request its text."""


class SessionExport:
    """One session, whose steps are read a portion at a time."""

    def __init__(self, exports: "Exports", outline: SessionOutline) -> None:
        self.outline = outline
        """All but the steps; what is told there of the session is of one moment."""
        self._exports = exports

    async def prompt(self, thread: ThreadOutline) -> str | None:
        """The whole prompt of a thread, whose outline has only the beginning of a long one."""
        if thread.prompt is None or len(thread.prompt) < PROMPT:
            return thread.prompt
        async with self._exports.snapshot() as connection:
            return (await first_prompts(connection, [thread.id])).get(thread.id)

    async def steps(self, sizes: Iterable[tuple[UUID, int]]) -> AsyncGenerator[Step | UUID, None]:
        """These steps, given with their bytes, in their order; a bare id for what was removed since the outline."""
        for ids in portions(sizes):
            async with self._exports.snapshot() as connection:
                found = await steps_of(connection, ids)
            for id_ in ids:
                yield found.pop(id_, id_)


class Exports:
    """Reads ended interceptions, page by page. Raises `StoreUnavailable`, also between two pages."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def interceptions(
        self, viewer: UUID | None, filter_: Filter = EVERYTHING, *, after: UUID | None = None
    ) -> AsyncGenerator[list[ReadInterception], None]:
        """Portions of the interceptions under a filter with their children, newest first, behind `after`.

        `viewer`: only this initiator's; None: everyone's. Raises `CursorUnknown`.
        """
        async for page in self._pages("export_page", PAGE, viewer, filter_, after):
            for ids in portions((row["id"], row["bytes"]) for row in page):
                async with self.snapshot() as connection:
                    found = await with_children(connection, await connection.fetch(sql("exported"), ids))
                if found:
                    yield found

    async def rows(
        self, viewer: UUID | None, filter_: Filter = EVERYTHING, *, after: UUID | None = None
    ) -> AsyncGenerator[list[ReadRow], None]:
        """The same as rows of a table."""
        async for page in self._pages("export_table", TABLE_PAGE, viewer, filter_, after, EXCERPT, MOST_TOOLS):
            yield [_row(row) for row in page]

    async def session(
        self, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
    ) -> SessionExport | None:
        """One session; None when there is none of this id that the viewer may see.

        `initiator` picks one of the sessions of that id; without it, it is the one that was last active.
        """
        async with self.snapshot() as connection:
            outline = await session_outline(connection, session_id, viewer, initiator=initiator)
        return SessionExport(self, outline) if outline is not None else None

    async def _pages(
        self, query: str, limit: int, viewer: UUID | None, filter_: Filter, after: UUID | None, *also: object
    ) -> AsyncIterator[list[asyncpg.Record]]:
        async with self.snapshot() as connection:
            place = await interception_list.place_of(connection, viewer, after)
            those = await interception_list.matching(connection, viewer, filter_)
        more = those is not None and those.total > 0
        while those is not None and more:
            async with self.snapshot() as connection:
                await those.again(connection)
                on_page = await those.on_page(connection, cursor=place, limit=limit)
                page = await connection.fetch(sql(query), *on_page, *also)
            if page:
                yield page
                place = page[-1]["started_at"], page[-1]["id"]
            more = len(page) == limit

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[PooledConnection]:
        """A connection that sees one moment."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                yield connection


_SUMS = (*TokenSums.__struct_fields__, "cost_micros")


def _row(row: asyncpg.Record) -> ReadRow:
    """A sum of bigints is a numeric."""
    sums = {name: None if row[name] is None else int(row[name]) for name in _SUMS}
    return ReadRow(**{**row, **sums})


def portions(sizes: Iterable[tuple[UUID, int]]) -> Iterator[list[UUID]]:
    """Ids with their bytes, cut into what is read at a time."""
    portion: list[UUID] = []
    held = 0
    for id_, size in sizes:
        if portion and (len(portion) >= PORTION or held + size > PORTION_BYTES):
            yield portion
            portion, held = [], 0
        portion.append(id_)
        held += size
    if portion:
        yield portion
