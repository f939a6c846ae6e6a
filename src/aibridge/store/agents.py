"""Reads what tells which call started a session's subagents; `origins` has the rules."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from aibridge.store.connections import PooledConnection
from aibridge.store.origins import CALLING, AgentCall, StartedBy, origins, subagent_threads
from aibridge.store.sql import sql
from aibridge.store.steps import first_prompts
from aibridge.store.threads import ThreadMarks


async def started_by(connection: PooledConnection, threads: Sequence[ThreadMarks]) -> dict[UUID, StartedBy]:
    """What started the threads of subagents, by the threads' ids.

    `threads` are all of the session: each call starts one agent, so every agent has a say in whose it is.
    """
    asking = [row.id for thread in threads for row in thread.rows if not row.side_request]
    calls: dict[UUID, list[AgentCall]] = defaultdict(list)
    for interception_id, *call in await connection.fetch(sql("agent_calls"), asking, CALLING):
        calls[interception_id].append(AgentCall(*call))
    if not calls:
        return {}
    prompts = await first_prompts(connection, [thread.head.id for thread in subagent_threads(threads)])
    return origins(threads, calls, prompts)
