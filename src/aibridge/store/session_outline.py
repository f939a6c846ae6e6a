"""A whole session in figures: its threads, what each comes to, and which steps it has, whose texts are not read."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.agents import started_by
from aibridge.store.connections import PooledConnection
from aibridge.store.origins import StartedBy, subagent_threads
from aibridge.store.session_detail import FAILURES, ThreadHead, fields_of
from aibridge.store.session_list import session_of
from aibridge.store.session_shown import SessionHead
from aibridge.store.sql import sql
from aibridge.store.text import shown_hint
from aibridge.store.threads import Mark, ThreadMarks, threads_of
from aibridge.store.token_sums import Sums, TokenSums, TokenSumsInDetail

EXCERPT = 500
"""Characters of a thread's prompt."""
MOST_TOOLS = 50
"""Tools of which the calls are told."""


class ThreadOutline(ThreadHead, frozen=True, kw_only=True):
    """A thread without its steps; its prompt is cut at `EXCERPT` characters."""

    subagent: bool
    """A subagent began it, whether or not it is known which call started that."""
    steps: list[tuple[UUID, int]]
    """By (started_at, id): the id of each, and about how many bytes it takes."""


class SessionOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A session with its threads in order of their starts."""

    head: SessionHead
    token_usage_summary: TokenSumsInDetail
    tools: list[tuple[str, int]]
    """The tools that were called most, and how often; at most `MOST_TOOLS`."""
    threads: list[ThreadOutline]


async def session_outline(
    connection: PooledConnection, session_id: str, viewer: UUID | None, *, initiator: UUID | None = None
) -> SessionOutline | None:
    """See `exports.Exports.session`; to be called in one snapshot."""
    session = await session_of(connection, session_id, viewer, initiator=initiator)
    if session is None:
        return None
    reading = _Reading(await connection.fetch(sql("export_steps"), session_id, session.initiator.id))
    await reading.more(connection)
    spent = Sums()
    for row in reading.usages:
        spent.tell(row["metadata"])
    tools = await connection.fetch(sql("export_tools"), [*reading.rows], MOST_TOOLS)
    return SessionOutline(
        head=SessionHead(**fields_of(session, SessionHead)),
        token_usage_summary=TokenSumsInDetail(
            **fields_of(session.token_usage_summary, TokenSums), metadata=spent.metadata
        ),
        tools=[(row["tool"], row["calls"]) for row in tools],
        threads=[reading.thread(thread) for thread in reading.threads],
    )


class _Reading:
    """What is read of one session."""

    usages: Sequence[asyncpg.Record]
    _of_step: Mapping[UUID, list[asyncpg.Record]]
    _heads: Mapping[UUID, asyncpg.Record]
    _origins: Mapping[UUID, StartedBy]

    def __init__(self, rows: Sequence[asyncpg.Record]) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.threads = threads_of([Mark(*row[: len(Mark._fields)]) for row in rows])
        self._agents = {thread.head.id for thread in subagent_threads(self.threads)}

    async def more(self, connection: PooledConnection) -> None:
        """Read what is in other tables."""
        self.usages = await connection.fetch(sql("step_tokens"), [*self.rows])
        of_step: dict[UUID, list[asyncpg.Record]] = {}
        for usage in self.usages:
            of_step.setdefault(usage["interception_id"], []).append(usage)
        self._of_step = of_step
        heads = await connection.fetch(sql("export_heads"), [thread.head.id for thread in self.threads], EXCERPT)
        self._heads = {row["id"]: row for row in heads}
        self._origins = await started_by(connection, self.threads) if self._agents else {}

    def thread(self, marks: ThreadMarks) -> ThreadOutline:
        """One of the threads."""
        rows = [self.rows[mark.id] for mark in marks.rows]
        id_ = marks.head.id
        head = dict(self._heads[id_])
        head["credential_hint"] = shown_hint(head["credential_hint"])
        return ThreadOutline(
            **head,
            started_by=self._origins.get(id_),
            subagent=id_ in self._agents,
            started_at=min(row["started_at"] for row in rows),
            ended_at=max(row["ended_at"] for row in rows),
            interceptions=len(rows),
            tool_calls=sum(row["tool_calls"] for row in rows),
            failures=sum(row["outcome"] in FAILURES for row in rows),
            **self._spent([row["id"] for row in rows]),
            steps=[(row["id"], int(row["bytes"])) for row in rows],
        )

    def _spent(self, ids: Sequence[UUID]) -> dict[str, Any]:
        """The tokens and the cost of these steps."""
        sums, cost, unpriced = Sums(), 0, 0
        for id_ in ids:
            usages = self._of_step.get(id_, [])
            for _, input_, output, read, written, micros, metadata in usages:
                sums.count((input_, output, read, written))
                sums.tell(metadata)
                cost += micros or 0
            unpriced += any(usage["cost_micros"] is None for usage in usages)
        return {"token_usage": sums.whole(), "cost_micros": cost, "unpriced": unpriced}
