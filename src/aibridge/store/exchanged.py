"""How the calls of one request and the results of another belong together, where results are kept.

A client brings what its tools returned with a later request: the call is on record here, its result there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for a call."""

    id: UUID
    interception_id: UUID
    """Of the request that brought it."""
    content: str
    is_error: bool | None
    """None: not said."""
    metadata: dict[str, Any]


class CallBefore(msgspec.Struct, frozen=True, kw_only=True):
    """The call that a result is of."""

    interception_id: UUID
    tool: str


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to one request; both by the provider's id of the call."""

    results: Mapping[str, CallResult]
    """Of its own calls."""
    calls: Mapping[str, CallBefore]
    """For which it brought results."""


class FailedCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one step that came back with an error."""

    calls: int
    said: str
    """The beginning of the first such result."""


async def exchanged(
    connection: PooledConnection, one: asyncpg.Record, called: list[str], brought: list[str]
) -> Exchanged:
    """`one`: the interception; `called` and `brought`: the ids of its calls, and of those whose results it carries."""
    whose: UUID = one["initiator_id"]
    started_at: datetime = one["started_at"]
    results = await connection.fetch(sql("results_of_calls"), one["session_id"], whose, called, started_at)
    calls = await connection.fetch(sql("calls_of_results"), whose, brought, started_at)
    return Exchanged(
        results={row["provider_tool_call_id"]: _result(row) for row in results},
        calls={
            row["provider_tool_call_id"]: CallBefore(interception_id=row["interception_id"], tool=row["tool"])
            for row in calls
        },
    )


def _result(row: asyncpg.Record) -> CallResult:
    return CallResult(**{name: row[name] for name in CallResult.__struct_fields__})


async def failed_calls(
    connection: PooledConnection, session_id: str, initiator: UUID, *, most: int
) -> dict[UUID, FailedCalls]:
    """Of the steps of a session those whose calls came back with an error. `most`: characters of what is told."""
    rows = await connection.fetch(sql("failed_results"), session_id, initiator, most)
    return {row["id"]: FailedCalls(calls=row["calls"], said=row["said"]) for row in rows}
