"""Replicas share nothing but the database."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.script import Answer, Gate, Hold, Text
from aibridge.store.pool import open_store
from support.life.crowd import crowd
from support.life.errand import Errand
from support.life.ledger import kept, silent_for_a_minute, token_of_someone
from support.life.processes import Home, Served
from support.psql import looking
from support.raw_client import connect

pytestmark = pytest.mark.slow


async def test_only_the_rows_of_the_dead_are_closed(home: Home) -> None:
    """Trap 29: the living one's stream stays open meanwhile, and ends `completed`."""
    gate = Gate()
    said = Answer(parts=[Text("It begins. "), Hold(gate), Text("It ends.")])
    async with serve_provider(Provider(says=said)) as upstream, AsyncExitStack() as stack:
        doomed, living = await home.serving(upstream), await home.serving(upstream)
        token = await token_of_someone(home.dsn)

        async def listening(served: Served, number: int) -> asyncio.StreamReader:
            client = await stack.enter_async_context(connect(served.port))
            errand = Errand(number=number, dialect="messages", streams=True, session=f"session {number}")
            await client.send(errand.request(token))
            await client.reader.readuntil(b"It begins")
            return client.reader

        await listening(doomed, 1)
        stream = await listening(living, 2)
        psql = await stack.enter_async_context(looking(home.dsn))
        await doomed.kill()
        await silent_for_a_minute(psql, doomed.process.pid)
        async with open_store(home.dsn) as third:  # a replica spares its own in any case: somebody else has to look
            await third.recovery.recover(uuid4())
        async with asyncio.timeout(60):
            while not (ended := await psql.fetch(ENDED)):
                await asyncio.sleep(0.05)
        assert [tuple(row) for row in ended] == [("session 1", "interrupted", True)]
        gate.open()
        await stream.readuntil(b"message_stop")
        assert [tuple(row) for row in await psql.fetch(ENDED)] == [
            ("session 1", "interrupted", True),
            ("session 2", "completed", False),
        ]


ENDED = """
SELECT session_id, outcome, partial FROM aibridge_interceptions WHERE ended_at IS NOT NULL ORDER BY session_id
"""


async def test_forty_sessions_shared_by_two(home: Home, upstream: str) -> None:
    """Trap 28: both write to the same roll-ups all the time, and neither waits for the other for ever."""
    pair = [await home.serving(upstream), await home.serving(upstream)]
    turns = itertools.cycle(pair)
    token = await token_of_someone(home.dsn)
    async with crowd(lambda: next(turns).url, token, seed=1, clients=40, sessions=40) as people:
        await people.answers(600)
    assert not people.refused
    async with looking(home.dsn) as psql:
        await kept(psql, people.answered)
    for served in pair:
        said = [line for line in served.said() if line["logger"] != "aibridge.prices"]  # the provider's model has none
        assert all(line["level"] == "info" for line in said), served.log.read_text()
