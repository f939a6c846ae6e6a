"""One interception with its children, in the shapes that the API shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.captured import ReadModelAnswer, ReadToolResult
from aibridge.store.connections import PooledConnection
from aibridge.store.exchanged import Exchanged, exchanged
from aibridge.store.people_shown import Person, person
from aibridge.store.sql import sql
from aibridge.store.steps import ReadToolUsage
from aibridge.store.text import shown_hint
from aibridge.store.token_sums import sum_known

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
    api_key_id: str | None
    """The id of the aibridge token; the API's established name for it. None: imported from before it was recorded."""
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


CHILDREN = ("token_usages", "user_prompts", "tool_usages", "model_thoughts", "model_answers", "tool_results")
"""What belongs to an interception; each has a query of its name."""
_Children = Mapping[UUID, list[JSONObject]]


async def _children(connection: PooledConnection, query: str, ids: Sequence[UUID]) -> _Children:
    found: dict[UUID, list[JSONObject]] = defaultdict(list)
    for row in await connection.fetch(sql(query), ids):
        found[row["interception_id"]].append(dict(row))
    return found


async def with_exchanged(connection: PooledConnection, row: asyncpg.Record) -> tuple[ReadInterception, Exchanged]:
    """One, with what came back for its calls and the calls for which it brought results."""
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
    fields["api_key_id"] = row["api_token_id"] or None
    fields["cost_micros"] = sum_known(usage["cost_micros"] for usage in children["token_usages"])
    fields["credential_hint"] = shown_hint(row["credential_hint"])
    fields["initiator"] = person(row)
    for digest in ("body_sha256_received", "body_sha256_sent"):
        fields[digest] = row[digest].hex() if row[digest] is not None else None
    return msgspec.convert(fields, ReadInterception)
