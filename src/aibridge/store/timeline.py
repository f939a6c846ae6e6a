"""A whole session in thin rows: enough to draw its map and its timeline, however much was said in it.

`session_detail` reads pages of threads in full; this reads every step, each in a few words. What the rows of a page say
beside that is in `step_texts`; one step in full is an interception like any other.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.agents import started_by
from aibridge.store.connections import PooledConnection
from aibridge.store.exchanged import FailedCalls, failed_calls
from aibridge.store.origins import StartedBy, subagent_threads
from aibridge.store.session_list import session_of
from aibridge.store.session_shown import ReadSession
from aibridge.store.sql import sql
from aibridge.store.threads import Mark, threads_of

MOST_OF_A_START = 20_000
"""Characters of the arguments of a call that started a subagent: its name comes after its orders."""
MOST_OF_A_TEXT = 300
"""Characters of a prompt or an error: what fits two lines of the widest screen."""


class TimelineStep(msgspec.Struct, frozen=True, gc=False):
    """One ended interception in a few words; every text is cut.

    A page has thousands, made by position: the fields are in the order of the columns of `timeline_steps`.
    """

    id: UUID
    started_at: datetime
    side_request: bool
    ended_at: datetime
    time_to_first_byte_us: int | None
    model: str
    outcome: str
    error_type: str | None
    error_message: str | None
    side_prompt: str | None
    """What a side request asked."""
    prompt: str | None
    """What the person asked: of a thread's first step, or said in between."""
    tool_calls: int
    failed_calls: int
    """Those that came back with an error. Where results of tools are not kept, only what the gateway invoked itself."""
    call_error: str | None
    """What the first of these told."""
    tool: str | None
    """The first that the model called."""
    thoughts: int
    input_tokens: int | None
    """Excludes cache reads and writes; None is unknown, as in the next three."""
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_write_input_tokens: int | None
    cost_micros: int | None
    """Micro-dollars; None: nothing that it used has a price."""
    unpriced: bool
    """It used tokens that have no price."""


class TimelineThread(msgspec.Struct, frozen=True, kw_only=True):
    """A root and what answers to it; see `threads`."""

    id: UUID
    agent_id: str | None
    subagent: bool
    """A subagent began it, whether or not it is known which call started that."""
    started_by: StartedBy | None
    call: str | None
    """The beginning of the arguments of the call that started it."""
    steps: list[TimelineStep]
    """With side requests, by (started_at, id)."""


class ReadTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """A session with all of its steps."""

    session: ReadSession
    in_flight: int
    """Requests under way, which show nowhere else."""
    threads: list[TimelineThread]
    """In order of their starts, those of subagents among the others."""


async def timeline(
    connection: PooledConnection, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
) -> ReadTimeline | None:
    """See `Reader.timeline`; to be called in one snapshot."""
    session = await session_of(connection, session_id, viewer, initiator=initiator)
    if session is None:
        return None
    key = session_id, session.initiator.id
    rows = await connection.fetch(sql("timeline_steps"), *key, MOST_OF_A_TEXT)
    threads = threads_of([Mark._make(row[:_MARKS]) for row in rows])
    agents = {thread.head.id for thread in subagent_threads(threads)}
    started = await started_by(connection, threads) if agents else {}
    calls = await _calls(connection, started)
    failed = await failed_calls(connection, *key, most=MOST_OF_A_TEXT)
    steps = {row["id"]: _step(row, failed.get(row["id"])) for row in rows}
    return ReadTimeline(
        session=session,
        in_flight=await connection.fetchval(sql("session_in_flight"), *key),
        threads=[
            TimelineThread(
                id=thread.head.id,
                agent_id=thread.head.agent_id,
                subagent=thread.head.id in agents,
                started_by=started.get(thread.head.id),
                call=calls.get(thread.head.id),
                steps=[steps[row.id] for row in thread.rows],
            )
            for thread in threads
        ],
    )


_MARKS, _SUMS = len(Mark._fields), -6


def _step(row: asyncpg.Record, failed: FailedCalls | None) -> TimelineStep:
    """Sums come as digits: that of bigints has no greatest value."""
    sums = [None if digits is None else int(digits) for digits in row[_SUMS:-1]]
    step = TimelineStep(*(row[0], row[2], row[3], *row[_MARKS:_SUMS], *sums, row[-1]))
    if failed is None:
        return step
    return msgspec.structs.replace(
        step, failed_calls=step.failed_calls + failed.calls, call_error=step.call_error or failed.said
    )


async def _calls(connection: PooledConnection, started: Mapping[UUID, StartedBy]) -> dict[UUID, str]:
    """The arguments of the calls that started these threads."""
    if not started:
        return {}
    asked = [one.interception_id for one in started.values()], [one.tool_usage_id for one in started.values()]
    rows = await connection.fetch(sql("calls_begun"), *asked, MOST_OF_A_START)
    inputs: dict[UUID | None, str] = {row["id"]: row["input"] for row in rows}
    return {thread_id: inputs[one.tool_usage_id] for thread_id, one in started.items() if one.tool_usage_id in inputs}
