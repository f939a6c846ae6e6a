"""Reading the record back: interceptions with their children, in the shapes that the API shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aibridge.filters import EVERYTHING, Filter
from aibridge.store import interception_list, session_list
from aibridge.store.activity import Menu, MenuValue, Steps, menu_values
from aibridge.store.captured import ReadModelAnswer, ReadToolResult
from aibridge.store.connections import Pool, PooledConnection
from aibridge.store.exchanged import Exchanged, exchanged
from aibridge.store.failures import mapped
from aibridge.store.matches import ReadMatches, search, search_session
from aibridge.store.neighbours import interception_beside, session_beside
from aibridge.store.newcomers import newcomers
from aibridge.store.people_shown import Person, person
from aibridge.store.request_log import RequestLog, request_log
from aibridge.store.session_detail import ReadSessionDetail, session_detail
from aibridge.store.session_pulse import Pulse, session_pulses
from aibridge.store.sql import sql
from aibridge.store.step_place import StepPlace, step_place
from aibridge.store.steps import ReadToolUsage
from aibridge.store.text import shown_hint
from aibridge.store.timeline import ReadTimeline, timeline
from aibridge.store.token_sums import sum_known
from aibridge.store.usage import By, Ranked, ReadUsage, UsageAsked
from aibridge.store.usage_reading import ranking, usage
from aibridge.store.values import Kind, values
from aibridge.texts import Text

JSONObject = dict[str, Any]


class ReadTokenUsage(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_token_usages`; None is unknown."""

    id: UUID
    interception_id: UUID
    provider_response_id: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_write_input_tokens: int | None
    cost_micros: int | None
    """Micro-dollars; None: unpriced."""
    cost_lower_bound: bool
    """It cost at least this."""
    input_price_micros: int | None
    """Micro-dollars for a million tokens, as they were used; so are the other rates. None costs nothing."""
    output_price_micros: int | None
    cache_read_price_micros: int | None
    cache_write_price_micros: int | None
    cache_write_1h_price_micros: int | None
    """None: as `cache_write`."""
    price_source: str | None
    """`own`, or the list that came with aibridge; None: no price was known."""
    price_listed_as: str | None
    price_since: datetime | None
    """None: nothing earlier was known."""
    partial: bool
    metadata: JSONObject
    created_at: datetime


class ReadUserPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_user_prompts`; the response id is that of its interception."""

    id: UUID
    interception_id: UUID
    provider_response_id: str
    prompt: str
    metadata: JSONObject
    created_at: datetime


class ReadModelThought(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_model_thoughts`."""

    id: UUID
    interception_id: UUID
    source: str
    content: str
    metadata: JSONObject
    created_at: datetime


class ReadInterception(msgspec.Struct, frozen=True, kw_only=True):
    """An ended interception with its children, each kind by (created_at, id)."""

    id: UUID
    api_key_id: str
    """The id of the aibridge token; the API's established name for it."""
    initiator: Person
    provider: str
    provider_name: str
    endpoint: str
    model: str
    response_model: str
    provider_response_id: str
    client: str
    streaming: bool
    session_id: str
    client_session_id: str | None
    thread_parent_id: UUID | None
    thread_root_id: UUID | None
    correlating_tool_call_id: str | None
    agent_id: str | None
    parent_agent_id: str | None
    side_request: bool
    gateway_id: UUID
    credential_kind: str
    credential_type: str
    credential_hint: str
    started_at: datetime
    ended_at: datetime
    time_to_first_byte_us: int | None
    outcome: str
    status_code: int | None
    error_type: str | None
    error_message: str | None
    partial: bool
    unread: bool
    mutations: list[str]
    notes: list[str]
    not_captured: list[str]
    body_sha256_received: str | None
    """Hex."""
    body_sha256_sent: str | None
    """Hex."""
    metadata: JSONObject
    cost_micros: int | None
    """The sum of its token usages; None: nothing that it used has a price."""
    token_usages: list[ReadTokenUsage]
    user_prompts: list[ReadUserPrompt]
    tool_usages: list[ReadToolUsage]
    model_thoughts: list[ReadModelThought]
    model_answers: list[ReadModelAnswer]
    tool_results: list[ReadToolResult]


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
    ) -> RequestLog:
        """A page in few words, newest first, with its exact total; see `request_log.request_log`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await request_log(connection, viewer, filter_, limit=limit, offset=offset, steps=steps)

    async def interception_beside(self, viewer: UUID | None, filter_: Filter, of: UUID, *, newer: bool) -> UUID | None:
        """What stands next to one in a list; see `neighbours.interception_beside`."""
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
                those = await interception_list.matching(connection, viewer, filter_)
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
    ) -> tuple[list[session_list.ReadSession], int]:
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

    async def timeline(
        self, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
    ) -> ReadTimeline | None:
        """All of a session in thin rows; None when there is no such session that the viewer may see.

        `initiator` picks one of the sessions of that id; without it, it is the one that was last active.
        """
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await timeline(connection, session_id, viewer, initiator=initiator)

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
                found = await _with_exchanged(connection, rows[0])
        return (*found, place) if place is not None else None

    async def request(self, interception_id: UUID, viewer: UUID | None) -> tuple[ReadInterception, Exchanged] | None:
        """The same as `interception`, with what came back for its calls and the calls for which it brought results."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                row = await connection.fetchrow(sql("interception"), interception_id, viewer)
                return await _with_exchanged(connection, row) if row is not None else None

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

    async def ranking(self, viewer: UUID | None, asked: UsageAsked, *kinds: By) -> dict[By, list[Ranked]]:
        """The groups of each kind with the most of something; see `usage_reading.ranking`."""
        with mapped():
            async with self._pool.acquire() as connection, one_snapshot(connection):
                return await ranking(connection, viewer, asked, kinds)

    async def owns_response(self, initiator_id: UUID, response_id: str) -> bool:
        """Tell whether a provider's stored response came from a request of this user."""
        with mapped():
            return bool(await self._pool.fetchval(sql("owns_response"), initiator_id, response_id))


def one_snapshot(connection: PooledConnection) -> asyncpg.transaction.Transaction:
    """A transaction that sees one moment, and changes nothing."""
    return connection.transaction(isolation="repeatable_read", readonly=True)


CHILDREN = ("token_usages", "user_prompts", "tool_usages", "model_thoughts", "model_answers", "tool_results")
"""What belongs to an interception; each has a query of its name."""
_Children = Mapping[UUID, list[JSONObject]]


async def _children(connection: PooledConnection, query: str, ids: Sequence[UUID]) -> _Children:
    found: dict[UUID, list[JSONObject]] = defaultdict(list)
    for row in await connection.fetch(sql(query), ids):
        found[row["interception_id"]].append(dict(row))
    return found


async def _with_exchanged(connection: PooledConnection, row: asyncpg.Record) -> tuple[ReadInterception, Exchanged]:
    (found,) = await with_children(connection, [row])
    called = [call.provider_tool_call_id for call in found.tool_usages if call.provider_tool_call_id]
    brought = [result.provider_tool_call_id for result in found.tool_results if result.provider_tool_call_id]
    return found, await exchanged(connection, row, called, brought)


async def with_children(connection: PooledConnection, rows: Sequence[asyncpg.Record]) -> list[ReadInterception]:
    """One query for each kind of children, however many rows."""
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    children = {kind: await _children(connection, f"{kind}_of", ids) for kind in CHILDREN}
    return [_assembled(row, {kind: found.get(row["id"], []) for kind, found in children.items()}) for row in rows]


def _assembled(row: asyncpg.Record, children: dict[str, list[JSONObject]]) -> ReadInterception:
    for prompt in children["user_prompts"]:
        prompt["provider_response_id"] = row["provider_response_id"]
    fields = dict(row) | children
    fields["api_key_id"] = row["api_token_id"]
    fields["cost_micros"] = sum_known(usage["cost_micros"] for usage in children["token_usages"])
    fields["credential_hint"] = shown_hint(row["credential_hint"])
    fields["initiator"] = person(row)
    for digest in ("body_sha256_received", "body_sha256_sent"):
        fields[digest] = row[digest].hex() if row[digest] is not None else None
    return msgspec.convert(fields, ReadInterception)
