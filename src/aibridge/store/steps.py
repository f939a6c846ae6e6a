"""The steps of a session: interceptions with what was asked, thought and done in each."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.captured import ReadModelAnswer, ReadToolResult
from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql
from aibridge.store.text import shown_hint
from aibridge.store.token_sums import UNTOLD, StepTokens, Sums, sum_known

JSONObject = dict[str, Any]


class Thought(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something the model said about why it acts."""

    id: UUID
    source: str
    text: str
    created_at: datetime


class ReadToolUsage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of `aibridge_tool_usages`: a tool the model chose to call."""

    id: UUID
    interception_id: UUID
    provider_response_id: str
    provider_tool_call_id: str | None
    provider_item_id: str | None
    server_url: str
    """Empty: the client's own tool."""
    tool: str
    input: str
    injected: bool
    invocation_error: str
    """Empty: none, or not invoked by the gateway."""
    metadata: JSONObject
    created_at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One ended interception."""

    id: UUID
    thread_parent_id: UUID | None
    side_request: bool
    provider: str
    provider_name: str
    endpoint: str
    model: str
    response_model: str
    client: str
    agent_id: str | None
    parent_agent_id: str | None
    credential_kind: str
    credential_type: str
    credential_hint: str
    started_at: datetime
    ended_at: datetime
    duration_us: int
    """Microseconds, as is the next."""
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
    prompt: str | None
    """The first, where there are several."""
    token_usage: StepTokens
    cost_micros: int | None
    """Micro-dollars; None: it used no tokens, or nothing that it used has a price."""
    unpriced: bool
    """It used tokens that have no price."""
    thinking: list[Thought]
    """By (created_at, id), as are the tool calls."""
    tool_calls: list[ReadToolUsage]
    model_answers: list[ReadModelAnswer]
    tool_results: list[ReadToolResult]
    """What this step brought back for the calls of earlier ones."""


async def steps_of(connection: PooledConnection, ids: Sequence[UUID]) -> dict[UUID, Step]:
    """These interceptions with their children, by id. One query for each kind of children, however many there are."""
    usages = await connection.fetch(sql("step_tokens"), ids)
    tokens, costs = _tokens(usages), _grouped(usages, itemgetter("cost_micros"))
    thoughts = _grouped(await connection.fetch(sql("step_thoughts"), ids), _thought)
    calls = _grouped(await connection.fetch(sql("tool_usages_of"), ids), _tool_call)
    answers = _grouped(await connection.fetch(sql("model_answers_of"), ids), _answer)
    results = _grouped(await connection.fetch(sql("tool_results_of"), ids), _result)
    prompts = await first_prompts(connection, ids)
    return {
        row["id"]: Step(
            **dict(row) | {"credential_hint": shown_hint(row["credential_hint"])},
            prompt=prompts.get(row["id"]),
            token_usage=tokens.get(row["id"], UNTOLD),
            cost_micros=sum_known(costs.get(row["id"], ())),
            unpriced=None in costs.get(row["id"], ()),
            thinking=thoughts.get(row["id"], []),
            tool_calls=calls.get(row["id"], []),
            model_answers=answers.get(row["id"], []),
            tool_results=results.get(row["id"], []),
        )
        for row in await connection.fetch(sql("session_steps"), ids)
    }


async def first_prompts(connection: PooledConnection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The first prompt of each of these interceptions that has one."""
    return {id_: prompt for id_, prompt in await connection.fetch(sql("first_prompts"), ids)}  # noqa: C416 - records


_Child = TypeVar("_Child")


def _grouped(rows: Sequence[asyncpg.Record], made: Callable[[asyncpg.Record], _Child]) -> Mapping[UUID, list[_Child]]:
    found: dict[UUID, list[_Child]] = defaultdict(list)
    for row in rows:
        found[row["interception_id"]].append(made(row))
    return found


def _thought(row: asyncpg.Record) -> Thought:
    return Thought(id=row["id"], source=row["source"], text=row["text"], created_at=row["created_at"])


def _tool_call(row: asyncpg.Record) -> ReadToolUsage:
    return ReadToolUsage(**row)


def _answer(row: asyncpg.Record) -> ReadModelAnswer:
    return ReadModelAnswer(**row)


def _result(row: asyncpg.Record) -> ReadToolResult:
    return ReadToolResult(**row)


def _tokens(rows: Sequence[asyncpg.Record]) -> dict[UUID, StepTokens]:
    sums: dict[UUID, Sums] = defaultdict(Sums)
    for interception_id, input_, output, read, written, _cost, metadata in rows:
        sums[interception_id].count((input_, output, read, written))
        sums[interception_id].tell(metadata)
    return {interception_id: found.step() for interception_id, found in sums.items()}
