"""What must be on record, compared with what is: the promise, seen from the database."""

import asyncio
import time
from collections.abc import Iterable

import asyncpg

from aibridge.records import Role
from aibridge.store.connections import Connection
from aibridge.store.pool import open_store
from support.life import errand as errands
from support.life.crowd import Answered
from support.life.processes import PATIENCE
from support.rollups import exact
from support.tokens import token_of

OPEN = "SELECT id, started_at, endpoint, gateway_id FROM aibridge_interceptions WHERE ended_at IS NULL"
FACTS = """
SELECT i.id, i.outcome, i.error_type, i.partial, i.thread_parent_id, i.session_id, i.status_code, i.streaming,
    (SELECT jsonb_agg(prompt) FROM aibridge_user_prompts WHERE interception_id = i.id) AS prompts,
    (SELECT jsonb_agg(jsonb_build_array(input_tokens, output_tokens, cache_read_input_tokens, partial))
        FROM aibridge_token_usages WHERE interception_id = i.id) AS usages,
    (SELECT jsonb_agg(
            -- Of an answer that was cut, so may be the arguments.
            jsonb_build_array(provider_tool_call_id, tool, CASE WHEN NOT i.partial THEN input::json->>'errand' END)
            ORDER BY id
        ) FROM aibridge_tool_usages WHERE interception_id = i.id) AS calls,
    (SELECT jsonb_agg(content) FROM aibridge_model_thoughts WHERE interception_id = i.id) AS thoughts
FROM aibridge_interceptions AS i
"""
COPIES = """
SELECT interception_id, count(*) FROM aibridge_token_usages GROUP BY 1 HAVING count(*) > 1
UNION ALL SELECT interception_id, count(*) FROM aibridge_user_prompts GROUP BY 1 HAVING count(*) > 1
UNION ALL SELECT interception_id, count(*) FROM aibridge_tool_usages
    GROUP BY interception_id, provider_tool_call_id HAVING count(*) > 1
"""
AGE = """
UPDATE aibridge_gateways SET heartbeat_at = now() - interval '61 seconds'
WHERE retired_at IS NULL AND pid = ANY ($1::int[])
"""


async def token_of_someone(dsn: str, username: str = "olivia") -> str:
    """Make an owner and return a token of theirs."""
    async with open_store(dsn, pool_size=1) as store:
        return (await token_of(store.people, await store.people.create_user(username, role=Role.OWNER))).token


async def silent_for_a_minute(psql: Connection, *pids: int) -> None:
    """Let these processes have died a minute ago: by the database's clock, which nobody waits for."""
    await psql.execute(AGE, list(pids))


async def settled(psql: Connection, *, within: float = PATIENCE) -> None:
    """Wait until nothing is in flight."""
    deadline = time.monotonic() + within
    while left := await psql.fetch(OPEN):
        assert time.monotonic() < deadline, f"{len(left)} in flight for ever, such as {left[:3]}"
        await asyncio.sleep(0.05)


async def kept(psql: Connection, answered: Iterable[Answered]) -> None:
    """Assert that every answer whose end was seen is on record in full, that nothing is open, and no figure doubled."""
    await settled(psql)
    rows = {row["id"]: row for row in await psql.fetch(FACTS)}
    faults = [(one, fault) for one in answered for fault in _faults(one, rows.get(one.id))]
    assert not faults, f"{len(faults)} faults, such as {faults[:5]}"
    assert await psql.fetch(COPIES) == []
    await exact(psql)


def _faults(one: Answered, row: asyncpg.Record | None) -> list[str]:
    if row is None:
        return ["no row"]
    number, spent = one.errand.number, errands.usage(one.errand.number)
    expected = {
        "outcome": "completed",
        "error_type": None,
        "partial": False,
        "status_code": 200,
        "streaming": one.errand.streams,
        "thread_parent_id": one.parent,
        "session_id": one.errand.session,
        "prompts": None if one.errand.prompt is None else [one.errand.prompt],
        "usages": [[spent.input, spent.output, spent.cache_read, False]],
        "calls": [[call, "look", str(number)] for call in one.errand.calls] or None,
        "thoughts": [f"because of {number}"],
    }
    return [f"{name}: {row[name]} for {wanted}" for name, wanted in expected.items() if row[name] != wanted]
