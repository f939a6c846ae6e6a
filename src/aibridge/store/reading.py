"""Reading the record back: everything that pages and the API ask for, each in one snapshot."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from aibridge.filters import EVERYTHING, Filter
from aibridge.store import interception_list, session_list
from aibridge.store.activity import MOST, Menu, MenuValue, Steps, menu_values
from aibridge.store.connections import Pool, PooledConnection
from aibridge.store.exchanged import Exchanged
from aibridge.store.failures import mapped
from aibridge.store.interceptions import ReadInterception, with_children, with_exchanged
from aibridge.store.matches import Place, ReadMatches, places_in, search, search_session, steps_holding
from aibridge.store.neighbours import interception_beside, session_beside
from aibridge.store.newcomers import newcomers
from aibridge.store.request_log import RequestLog, request_log
from aibridge.store.session_detail import ReadSessionDetail, session_detail
from aibridge.store.session_pulse import Pulse, session_pulses
from aibridge.store.session_shown import ReadSession
from aibridge.store.sql import sql
from aibridge.store.step_place import StepPlace, step_place
from aibridge.store.step_texts import StepTexts, step_texts
from aibridge.store.timeline import ReadTimeline, timeline
from aibridge.store.usage import ActiveUsers, By, Ranked, ReadUsage, UsageAsked
from aibridge.store.usage_reading import active_users, ranking, usage
from aibridge.store.values import Kind, values
from aibridge.texts import Text


class Reader:
    """Reads ended interceptions; those in flight show nowhere. Raises `StoreUnavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def interceptions_page(
        self,
        viewer: UUID | None,
        filter_: Filter = EVERYTHING,
        *,
        limit: int,
        offset: int = 0,
        after: UUID | None = None,
    ) -> tuple[list[ReadInterception], int]:
        """A page, newest first, and the exact total; see `interception_list.interceptions_page`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                rows, total = await interception_list.interceptions_page(
                    connection, viewer, filter_, limit=limit, offset=offset, after=after
                )
                return await with_children(connection, rows), total

    async def request_log(
        self,
        viewer: UUID | None,
        filter_: Filter = EVERYTHING,
        *,
        limit: int,
        offset: int = 0,
        steps: Steps | None = None,
        up_to: int | None = None,
    ) -> RequestLog:
        """A page in few words, newest first, with its total; see `request_log.request_log`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await request_log(
                    connection, viewer, filter_, limit=limit, offset=offset, steps=steps, up_to=up_to
                )

    async def interception_beside(self, viewer: UUID | None, filter_: Filter, of: UUID, *, newer: bool) -> UUID | None:
        """The neighbours of one in a list; see `neighbours.interception_beside`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await interception_beside(connection, viewer, filter_, of, newer=newer)

    async def session_beside(
        self, viewer: UUID | None, filter_: Filter, session_id: str, *, initiator: UUID | None, newer: bool
    ) -> tuple[str, UUID] | None:
        """The same of a session; see `neighbours.session_beside`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await session_beside(connection, viewer, filter_, session_id, initiator=initiator, newer=newer)

    async def newcomers(self, viewer: UUID | None, filter_: Filter, since: datetime) -> int | None:
        """How many that match ended since this moment; see `newcomers.newcomers`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await newcomers(connection, viewer, filter_, since)

    async def menu(
        self, viewer: UUID | None, filter_: Filter, menu: Menu, find: str, *, limit: int, newest: bool = False
    ) -> list[MenuValue] | None:
        """The values of the requests that match, with how many have each; see `activity.menu_values`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                those = await interception_list.matching(connection, viewer, filter_, up_to=MOST)
                return await menu_values(connection, those, menu, find, limit, newest=newest)

    async def sessions_page(
        self,
        viewer: UUID | None,
        filter_: Filter = EVERYTHING,
        *,
        limit: int,
        offset: int = 0,
        after_session: str | None = None,
        after_initiator: UUID | None = None,
    ) -> tuple[list[ReadSession], int]:
        """A page, last active first, and the exact total; see `session_list.sessions_page`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await session_list.sessions_page(
                    connection,
                    viewer,
                    filter_,
                    limit=limit,
                    offset=offset,
                    after_session=after_session,
                    after_initiator=after_initiator,
                )

    async def session_log(
        self, viewer: UUID | None, filter_: Filter, *, limit: int, offset: int, up_to: int
    ) -> session_list.SessionLog:
        """A page, last active first, with a total that need not be exact; see `session_list.session_log`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await session_list.session_log(
                    connection, viewer, filter_, limit=limit, offset=offset, up_to=up_to
                )

    async def session(
        self,
        session_id: str,
        viewer: UUID | None,
        *,
        initiator: UUID | None = None,
        limit: int,
        after: UUID | None = None,
        before: UUID | None = None,
    ) -> ReadSessionDetail | None:
        """One session with a page of its threads; see `session_detail.session_detail`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await session_detail(
                    connection, session_id, viewer, initiator=initiator, limit=limit, after=after, before=before
                )

    async def session_pulses(self, sessions: Sequence[tuple[str, UUID]]) -> list[Pulse]:
        """How the steps of these sessions (id, initiator) lie in their time; for sessions the viewer may see."""
        with mapped():
            async with self._pool.acquire() as connection:
                return await session_pulses(connection, sessions)

    async def whose_session(self, session_id: str, viewer: UUID | None) -> UUID | None:
        """The initiator of the session of this id that was last active, of those that the viewer may see."""
        with mapped():
            async with self._pool.acquire() as connection:
                session = await session_list.session_of(connection, session_id, viewer)
                return None if session is None else session.initiator.id

    async def timeline(
        self, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
    ) -> ReadTimeline | None:
        """All of a session in thin rows; None when there is no such session that the viewer may see.

        `initiator` picks one of the sessions of that id; without it, it is the one that was last active.
        """
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await timeline(connection, session_id, viewer, initiator=initiator)

    async def steps_holding(
        self, session_id: str, initiator: UUID, viewer: UUID | None, text: Sequence[Text]
    ) -> list[UUID]:
        """The steps of a session that hold all of the text, oldest first; none of those that the viewer may not see."""
        if viewer not in {None, initiator}:
            return []
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await steps_holding(connection, session_id, initiator, text)

    async def step_texts(
        self, session_id: str, initiator: UUID, viewer: UUID | None, ids: Sequence[UUID], text: Sequence[Text] = ()
    ) -> tuple[Mapping[UUID, StepTexts], Mapping[UUID, Sequence[Place]]]:
        """What these steps of a session say, cut, and where they hold any of the text."""
        if viewer not in {None, initiator} or not ids:
            return {}, {}
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                texts = await step_texts(connection, session_id, initiator, ids)
                return texts, await places_in(connection, list(texts), text) if text else {}

    async def step(
        self, session_id: str, interception_id: UUID, viewer: UUID | None
    ) -> tuple[ReadInterception, Exchanged, StepPlace] | None:
        """The same as `request` for one of this session, with its place there; None where that gives None."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                rows = await connection.fetch(sql("interception"), interception_id, viewer)
                if not rows or rows[0]["session_id"] != session_id:
                    return None
                place = await step_place(connection, session_id, rows[0]["initiator_id"], interception_id)
                found = await with_exchanged(connection, rows[0])
        return (*found, place) if place is not None else None

    async def request(self, interception_id: UUID, viewer: UUID | None) -> tuple[ReadInterception, Exchanged] | None:
        """The same as `interception`, with what came back for its calls and the calls for which it brought results."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                row = await connection.fetchrow(sql("interception"), interception_id, viewer)
                return await with_exchanged(connection, row) if row is not None else None

    async def interception(self, interception_id: UUID, viewer_initiator: UUID | None) -> ReadInterception | None:
        """One, or None when it is missing, in flight, or of another initiator than the viewer may see."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                rows = await connection.fetch(sql("interception"), interception_id, viewer_initiator)
                found = await with_children(connection, rows)
        return found[0] if found else None

    async def search(
        self, viewer: UUID | None, filter_: Filter, *, limit: int, offset: int = 0, after: UUID | None = None
    ) -> ReadMatches:
        """What holds the filter's text, which is not empty, with excerpts, newest first; see `matches.search`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await search(connection, viewer, filter_, limit=limit, offset=offset, after=after)

    async def search_session(
        self,
        viewer: UUID | None,
        session_id: str,
        initiator: UUID | None,
        text: Sequence[Text],
        *,
        limit: int,
        after: UUID | None = None,
    ) -> ReadMatches | None:
        """The steps of a session that hold the text, which is not empty, oldest first; see `matches.search_session`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await search_session(connection, viewer, session_id, initiator, text, limit=limit, after=after)

    async def models(
        self, viewer: UUID | None, prefix: str, *, limit: int, offset: int, unpriced: bool = False
    ) -> list[str]:
        """The distinct models that begin with `prefix`, by code points; see `values.values`.

        `unpriced`: only those with token usage for which nobody has said a price.
        """
        return await self._values("unpriced_models" if unpriced else "models", viewer, prefix, limit, offset)

    async def clients(self, viewer: UUID | None, prefix: str, *, limit: int, offset: int) -> list[str]:
        """The same for clients."""
        return await self._values("clients", viewer, prefix, limit, offset)

    async def providers(self, viewer: UUID | None, prefix: str, *, limit: int, offset: int) -> list[str]:
        """The same for provider names."""
        return await self._values("providers", viewer, prefix, limit, offset)

    async def _values(self, kind: Kind, viewer: UUID | None, prefix: str, limit: int, offset: int) -> list[str]:
        with mapped():
            async with self._pool.acquire() as connection:
                return await values(connection, kind, viewer, prefix, limit=limit, offset=offset)

    async def usage(self, viewer: UUID | None, asked: UsageAsked) -> ReadUsage:
        """What was asked for and spent in a time; see `usage_reading.usage`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await usage(connection, viewer, asked)

    async def active_users(self, viewer: UUID | None, asked: UsageAsked) -> ActiveUsers:
        """How many users asked for something in a time; see `usage_reading.active_users`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await active_users(connection, viewer, asked)

    async def ranking(self, viewer: UUID | None, asked: UsageAsked, *kinds: By) -> dict[By, list[Ranked]]:
        """The groups of each kind with the most of something; see `usage_reading.ranking`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await ranking(connection, viewer, asked, kinds)

    async def owns_response(self, initiator_id: UUID, response_id: str) -> bool:
        """Return whether a provider's stored response came from a request of this user."""
        with mapped():
            return bool(await self._pool.fetchval(sql("owns_response"), initiator_id, response_id))


def one_snapshot(connection: PooledConnection) -> asyncpg.transaction.Transaction:
    """A transaction that sees one moment, and changes nothing."""
    return connection.transaction(isolation="repeatable_read", readonly=True)
