"""Memory does not grow with what is exported: a process of its own takes it all."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from uuid import UUID

import pytest

from aibridge.store import sessions
from aibridge.store.connections import Connection
from exporting import reading_process

MIB = 2**20

RECORD = """
WITH interceptions AS (
    INSERT INTO aibridge_interceptions (
        id, initiator_id, gateway_id, started_at, ended_at, outcome, streaming, side_request, unread, provider,
        provider_name, endpoint, model, client, client_session_id, api_token_id, credential_kind, credential_type,
        credential_hint, mutations, notes, metadata
    )
    SELECT
        gen_random_uuid(), $1, gen_random_uuid(), now() - n * interval '1 s', now(), 'completed', true, false, false,
        'anthropic', 'anthropic', '/v1/messages', 'claude-test', 'Claude Code', $4, 't', 'byok', 'api_key', '',
        '{}', '{}', '{}'
    FROM generate_series(1, $2) AS n
    RETURNING id, started_at
), prompts AS (
    INSERT INTO aibridge_user_prompts (interception_id, id, initiator_id, created_at, prompt, metadata)
    SELECT id, gen_random_uuid(), $1, started_at, repeat('Why is the build red? ', 100), '{}' FROM interceptions
)
INSERT INTO aibridge_tool_usages (
    interception_id, id, initiator_id, created_at, provider_response_id, tool, input, injected, metadata
)
SELECT id, gen_random_uuid(), $1, started_at, 'msg', 'Write', repeat('x', $3), false, '{}' FROM interceptions
"""


async def record(psql: Connection, initiator: UUID, count: int, size: int, session: str | None = None) -> None:
    """So many interceptions of one initiator, each with a call of so many characters."""
    await psql.execute(RECORD, initiator, count, size, session)


async def read_by_a_process(database: str, user: UUID, what: str, format_: str) -> dict[str, int]:
    arguments = [str(Path(reading_process.__file__)), database, str(user), what, format_]
    running = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
    told, _ = await running.communicate()
    assert running.returncode == 0
    found: dict[str, int] = json.loads(told)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("format_", "least"), [("jsonl", 90 * MIB), ("csv", 12 * MIB)])
async def test_interceptions(database: str, psql: Connection, alice: UUID, format_: str, least: int) -> None:
    """20,000 small ones and 40 with a call of a MiB come in pieces of a few MiB."""
    await record(psql, alice, 20_000, 50)
    await record(psql, alice, 40, MIB)
    found = await read_by_a_process(database, alice, "interceptions", format_)
    assert found["taken"] > least
    assert found["grown"] < 24 * MIB


@pytest.mark.slow
@pytest.mark.parametrize(("format_", "least"), [("json", 200 * MIB), ("markdown", 14 * MIB)])
async def test_one_session(database: str, psql: Connection, alice: UUID, format_: str, least: int) -> None:
    """5,000 threads of a step, 200 of them with a call of a MiB: only figures are held of all."""
    await record(psql, alice, 4800, 50, "s")
    await record(psql, alice, 200, MIB, "s")
    async with psql.transaction():
        await sessions.recompute(psql, [("s", alice)])
    found = await read_by_a_process(database, alice, "session", format_)
    assert found["taken"] > least
    assert found["grown"] < 24 * MIB
