"""A session as list and detail show it, made of its roll-up."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from aibridge.store.people_shown import Person, person
from aibridge.store.token_sums import TokenSums

JSONObject = dict[str, Any]


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
