"""The request log: a page of requests in few words each, whatever size their prompts and arguments are.

What is shown of one request in full is an interception; see `reading.Reader.interception`.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
import msgspec

from aibridge.filters import Filter
from aibridge.store.activity import ActivityStep, Steps, activity, countable
from aibridge.store.connections import PooledConnection
from aibridge.store.interception_list import Matching, matching
from aibridge.store.people_shown import Person, person
from aibridge.store.sql import sql
from aibridge.store.token_sums import StepTokens

EXCERPT = 400
"""Characters of a prompt, an argument or an error that a row shows at most."""


class FirstCall(msgspec.Struct, frozen=True, kw_only=True):
    """The first tool that the model chose, and the beginning of what it gave to it."""

    tool: str
    input: str
    """At most `EXCERPT` characters."""
    whole: bool
    """Nothing was cut from the input."""


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An ended interception as a row of the request log."""

    id: UUID
    initiator: Person
    token_name: str
    """Of the API token that asked; empty when it is gone or has no name."""
    session_id: str
    started_at: datetime
    duration_us: int
    """Microseconds."""
    provider: str
    provider_name: str
    model: str
    client: str
    outcome: str
    status_code: int | None
    """What the client received; None: nothing."""
    error_type: str | None
    error_message: str | None
    """Cut at `EXCERPT` characters, as is the prompt."""
    side_request: bool
    prompt: str | None
    """The first; of a side request its text. None: the agent went on by itself."""
    first_call: FirstCall | None
    tool_calls: int
    tokens: StepTokens
    cost_micros: int | None
    """Micro-dollars; None: nothing that it used has a price."""
    unpriced: bool
    """It used tokens that have no price."""


class RequestLog(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the request log, newest first."""

    rows: list[ReadRequest]
    total: int
    """Exact, unless there is a `reach`."""
    reach: int | None = None
    """More than `total` match, which was counted no further: the rows are known to reach this far."""
    activity: list[ActivityStep]
    """See `activity.activity`; empty when it was not asked for."""
    counted: int
    """Requests that the activity tells of: all, or the newest where they are too many."""


async def request_log(
    connection: PooledConnection,
    viewer: UUID | None,
    filter_: Filter,
    *,
    limit: int,
    offset: int = 0,
    steps: Steps | None = None,
    up_to: int | None = None,
) -> RequestLog:
    """A page with the total, and with `steps` what the whole filter came to. `up_to`: see `interception_list.matching`.

    An offset beyond the end gives the last page: those who link to one see what became of it.
    """
    those = await matching(connection, viewer, filter_, up_to=up_to)
    if those is None or not those.total:
        return RequestLog(rows=[], total=0, activity=[], counted=0)
    if offset >= those.total and not those.more:
        offset = (those.total - 1) // limit * limit
    told = those if steps is None else await countable(connection, those)
    asked = limit + those.more  # one row more tells whether a page follows
    within = told if offset + asked <= told.total else those
    rows = await _rows(connection, within, asked, offset)
    if not rows:  # beyond the end, where nobody counted
        return await request_log(connection, viewer, filter_, limit=limit, offset=offset, steps=steps)
    return RequestLog(
        rows=rows[:limit],
        total=_counted(those, up_to),
        reach=offset + len(rows) if those.more else None,
        activity=[] if steps is None else await activity(connection, told, steps),
        counted=told.total,
    )


def _counted(those: Matching, up_to: int | None) -> int:
    return up_to if those.more and up_to is not None else those.total


async def _rows(connection: PooledConnection, those: Matching, limit: int, offset: int) -> list[ReadRequest]:
    on_page = await those.on_page(connection, limit=limit, offset=offset)
    rows = await connection.fetch(sql("request_log_page"), *on_page, EXCERPT)
    return [_request(row) for row in rows]


def _request(row: asyncpg.Record) -> ReadRequest:
    return ReadRequest(
        id=row["id"],
        initiator=person(row),
        token_name=row["token_name"],
        session_id=row["session_id"],
        started_at=row["started_at"],
        duration_us=row["duration_us"],
        provider=row["provider"],
        provider_name=row["provider_name"],
        model=row["model"],
        client=row["client"],
        outcome=row["outcome"],
        status_code=row["status_code"],
        error_type=row["error_type"],
        error_message=row["error_message"],
        side_request=row["side_request"],
        prompt=row["prompt"],
        first_call=_first_call(row),
        tool_calls=row["tool_calls"],
        tokens=StepTokens(
            input_tokens=_count(row["input_tokens"]),
            output_tokens=_count(row["output_tokens"]),
            cache_read_input_tokens=_count(row["cache_read_input_tokens"]),
            cache_write_input_tokens=_count(row["cache_write_input_tokens"]),
        ),
        cost_micros=_count(row["cost_micros"]),
        unpriced=row["unpriced"],
    )


def _first_call(row: asyncpg.Record) -> FirstCall | None:
    if row["tool"] is None:
        return None
    return FirstCall(tool=row["tool"], input=row["input"], whole=row["input_is_whole"])


def _count(value: Decimal | None) -> int | None:
    """A sum of bigints is a numeric."""
    return None if value is None else int(value)
