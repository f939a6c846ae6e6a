"""One session as an auditor reads it: its threads, a page at a time, each with its steps.

The marks of all its interceptions are read first; threads, their order and the page are told from these (`threads`),
and so is who started subagents (`origins`). Only what is on the page is then read in full.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from aibridge.errors import CursorUnknown
from aibridge.store.agents import started_by
from aibridge.store.connections import PooledConnection
from aibridge.store.origins import StartedBy, subagent_threads
from aibridge.store.session_list import session_of
from aibridge.store.session_shown import SessionHead
from aibridge.store.sql import sql
from aibridge.store.steps import Step, steps_of
from aibridge.store.threads import Mark, ThreadMarks, page_of, threads_of
from aibridge.store.token_sums import Sums, TokenSums, TokenSumsInDetail

FAILURES = frozenset({"failed", "truncated", "interrupted"})
"""Outcomes that count as failures; who cancels has not failed."""


class ThreadHead(msgspec.Struct, frozen=True, kw_only=True):
    """A root and what answers to it. From `prompt` to `parent_agent_id` all is that of the root, or what stands in."""

    id: UUID
    prompt: str | None
    model: str
    provider: str
    provider_name: str
    client: str
    credential_kind: str
    credential_type: str
    credential_hint: str
    outcome: str
    error_type: str | None
    error_message: str | None
    agent_id: str | None
    parent_agent_id: str | None
    started_by: StartedBy | None
    started_at: datetime
    """The earliest of the steps; the order of threads is that of their roots."""
    ended_at: datetime
    interceptions: int
    tool_calls: int
    failures: int
    token_usage: TokenSumsInDetail
    cost_micros: int
    """Micro-dollars, of what has a price."""
    unpriced: int
    """Steps with token usage that has none."""


class Thread(ThreadHead, frozen=True, kw_only=True):
    """A thread with its steps."""

    steps: list[Step]
    """By (started_at, id)."""


class ReadSessionDetail(SessionHead, frozen=True, kw_only=True):
    """A session, and a page of its threads in order of their starts. All but the page is of the whole session."""

    thread_count: int
    """As many as a walk through all pages meets: also those whose root is not on record."""
    token_usage_summary: TokenSumsInDetail
    page_started_at: datetime | None
    """The earliest of the page's steps; None on an empty page, as is the end of the last one."""
    page_ended_at: datetime | None
    threads: list[Thread]


async def session_detail(
    connection: PooledConnection,
    session_id: str,
    viewer: UUID | None,
    *,
    initiator: UUID | None = None,
    limit: int,
    after: UUID | None = None,
    before: UUID | None = None,
) -> ReadSessionDetail | None:
    """See `api.parts.Records.session`; to be called in one snapshot. Raises `CursorUnknown`."""
    session = await session_of(connection, session_id, viewer, initiator=initiator)
    if session is None:
        return None
    marks = [Mark(*row) for row in await connection.fetch(sql("session_marks"), session_id, session.initiator.id)]
    reading = _Reading(connection, session_id, viewer, marks)
    page = page_of(
        reading.threads,
        limit=limit,
        after=await reading.cursor("after_id", after),
        before=await reading.cursor("before_id", before),
    )
    threads = await reading.read(page)
    spent = TokenSumsInDetail(
        **fields_of(session.token_usage_summary, TokenSums), metadata=await reading.token_metadata(threads)
    )
    return ReadSessionDetail(
        **fields_of(session, SessionHead),
        thread_count=len(reading.threads),
        token_usage_summary=spent,
        page_started_at=min((thread.started_at for thread in threads), default=None),
        page_ended_at=max((thread.ended_at for thread in threads), default=None),
        threads=threads,
    )


def fields_of(of: msgspec.Struct, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The values that `of` has for the fields of `kind`."""
    return {name: getattr(of, name) for name in kind.__struct_fields__}


class _Reading:
    """What is read of one session for one page."""

    def __init__(
        self, connection: PooledConnection, session_id: str, viewer: UUID | None, marks: Sequence[Mark]
    ) -> None:
        self.threads = threads_of(marks)
        self._connection = connection
        self._session_id = session_id
        self._viewer = viewer
        self._marks = {mark.id: mark for mark in marks}

    async def cursor(self, parameter: str, id_: UUID | None) -> Mark | None:
        """The interception that the page is to begin after or end before. Raises `CursorUnknown`."""
        if id_ is None:
            return None
        if id_ in self._marks:
            return self._marks[id_]
        elsewhere = await self._connection.fetchrow(sql("interception"), id_, self._viewer)
        wrong = f"does not belong to session {self._session_id}" if elsewhere else "not found"
        raise CursorUnknown(f"{parameter}: interception {id_} {wrong}: invalid pagination cursor")

    async def read(self, page: Sequence[ThreadMarks]) -> list[Thread]:
        """The threads of the page in full."""
        if not page:
            return []
        steps = await steps_of(self._connection, [row.id for thread in page for row in thread.rows])
        started_by = await self._origins(page)
        return [
            _thread(steps[thread.head.id], [steps[row.id] for row in thread.rows], started_by.get(thread.head.id))
            for thread in page
        ]

    async def _origins(self, page: Sequence[ThreadMarks]) -> dict[UUID, StartedBy]:
        """Who started the page's subagents: told by all threads, since each call starts one agent."""
        begun = subagent_threads(self.threads)
        if not {thread.head.id for thread in page}.intersection(thread.head.id for thread in begun):
            return {}
        return await started_by(self._connection, self.threads)

    async def token_metadata(self, threads: Iterable[Thread]) -> dict[str, int]:
        """Summed over the whole session; what is on the page was read already."""
        sums = Sums()
        rest = set(self._marks)
        for thread in threads:
            sums.tell(thread.token_usage.metadata)
            rest.difference_update(step.id for step in thread.steps)
        if rest:
            for metadata in msgspec.json.decode(await self._connection.fetchval(sql("token_metadata"), list(rest))):
                sums.tell(metadata)
        return sums.metadata


def _thread(head: Step, steps: list[Step], started_by: StartedBy | None) -> Thread:
    sums = Sums()
    for step in steps:
        sums.count(step.token_usage.counts)
        sums.tell(step.token_usage.metadata)
    return Thread(
        id=head.id,
        prompt=head.prompt,
        model=head.model,
        provider=head.provider,
        provider_name=head.provider_name,
        client=head.client,
        credential_kind=head.credential_kind,
        credential_type=head.credential_type,
        credential_hint=head.credential_hint,
        outcome=head.outcome,
        error_type=head.error_type,
        error_message=head.error_message,
        agent_id=head.agent_id,
        parent_agent_id=head.parent_agent_id,
        started_by=started_by,
        started_at=min(step.started_at for step in steps),
        ended_at=max(step.ended_at for step in steps),
        interceptions=len(steps),
        tool_calls=sum(len(step.tool_calls) for step in steps),
        failures=sum(step.outcome in FAILURES for step in steps),
        token_usage=sums.whole(),
        cost_micros=sum(step.cost_micros or 0 for step in steps),
        unpriced=sum(step.unpriced for step in steps),
        steps=steps,
    )
