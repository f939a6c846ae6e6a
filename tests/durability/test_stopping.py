"""SIGTERM and Ctrl-C: running answers end, everything is on record, and nothing is left running."""

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack

import pytest

from aibridge.store.embedded import open_embedded
from support.life.crowd import crowd
from support.life.errand import Errand
from support.life.ledger import kept, token_of_someone
from support.life.processes import Home, Served, provider
from support.life.proxy import database_proxy
from support.psql import looking
from support.raw_client import RawClient, connect

pytestmark = pytest.mark.slow

STREAM = Errand(number=4, dialect="messages", streams=True, session="long")
PLAIN = Errand(number=9, dialect="messages", streams=False, session="long")
GONE_WITHIN = 25.0
"""Seconds, by the promise; a test gives a slow machine as much again."""

every_signal = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


async def listening_stream(stack: AsyncExitStack, served: Served, token: str) -> RawClient:
    """A client that has seen the beginning of an answer."""
    client = await stack.enter_async_context(connect(served.port, within=2 * GONE_WITHIN))
    await client.send(STREAM.request(token))
    await client.reader.readuntil(b"content_block_start")
    return client


async def outcomes(home: Home) -> list[tuple[str, bool]]:
    """How the interceptions ended, and whether partially, after everything has gone."""
    async with open_embedded(home.root / "data") as server, looking(server.dsn) as psql:
        return [tuple(row) for row in await psql.fetch("SELECT outcome, partial FROM aibridge_interceptions")]


@every_signal
async def test_at_random_moments_under_load(home: Home, upstream: str, rounds: int, number: signal.Signals) -> None:
    """Trap 12. Who was answered before the end is on record; whoever comes later is refused at the door."""
    rng = random.Random()
    served = await home.serving(upstream)
    token = await token_of_someone(home.dsn)
    async with crowd(lambda: served.url, token, seed=rng.randrange(10**9)) as people:
        for _ in range((rounds + 2) // 3):
            await people.answers(rng.randrange(20, 100))
            await asyncio.sleep(rng.uniform(0, 0.3))  # at a random moment
            served.send(number)
            assert await served.ended(within=19) == 0, "it waited for somebody who asked nothing"
            await home.empty(within=10)
            served.url = ""
            served = await home.serving(upstream)
        await people.answers(20)
    assert not people.refused
    async with looking(home.dsn) as psql:
        await kept(psql, people.answered)
        assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE outcome = 'interrupted'") == 0


async def test_a_running_stream_ends_by_itself(home: Home) -> None:
    async with provider(pause=1.0) as upstream, AsyncExitStack() as stack:
        served = await home.serving(upstream)
        client = await listening_stream(stack, served, await token_of_someone(home.dsn))
        served.send(signal.SIGTERM)
        assert b"event: message_stop" in await client.rest()
        assert await served.ended() == 0
    await home.empty()
    assert await outcomes(home) == [("completed", False)]


async def test_a_stream_that_goes_on_for_too_long_is_interrupted(home: Home, rounds: int) -> None:
    if rounds < 20:
        pytest.skip("takes twenty seconds: set AIBRIDGE_TEST_ROUNDS=20")
    async with provider(pause=100.0) as upstream, AsyncExitStack() as stack:
        served = await home.serving(upstream)
        client = await listening_stream(stack, served, await token_of_someone(home.dsn))
        asked_at = time.monotonic()
        served.send(signal.SIGTERM)
        assert b"event: message_stop" not in await client.rest()
        assert await served.ended() == 0
        await home.empty(within=10)
        assert 19 < time.monotonic() - asked_at < 2 * GONE_WITHIN
    assert await outcomes(home) == [("interrupted", True)]


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_asked_twice_it_ends_at_once(home: Home, workers: str) -> None:
    """Streams are broken off, who has nothing yet is told to try again, and what is known is recorded."""
    async with provider(pause=100.0) as upstream, AsyncExitStack() as stack:
        served = await home.serving(upstream, AIBRIDGE_WORKERS=workers)
        token = await token_of_someone(home.dsn)
        client = await listening_stream(stack, served, token)
        waiting = await stack.enter_async_context(connect(served.port))
        await waiting.send(PLAIN.request(token))
        arriving = await stack.enter_async_context(connect(served.port))
        await arriving.send(PLAIN.request(token)[:-1])
        await begun(home, 2)
        asked_at = time.monotonic()
        served.send(signal.SIGINT)
        await refusing(served)
        served.send(signal.SIGINT)
        assert b"event: message_stop" not in await client.rest()
        for client in (waiting, arriving):
            answer = await client.answer()
            assert (answer.status, b"was stopped" in answer.body) == (503, True)
        assert await served.ended() == 0
        await home.empty(within=10)
        assert time.monotonic() - asked_at < 19, "it waited for the stream"
    assert await outcomes(home) == [("interrupted", True), ("interrupted", True)]
    assert "Traceback" not in served.log.read_text()


async def begun(home: Home, count: int) -> None:
    """Wait until so many starts are durable."""
    async with asyncio.timeout(30), looking(home.dsn) as psql:
        while await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") < count:
            await asyncio.sleep(0.02)


async def refusing(served: Served) -> None:
    """Wait until nobody is let in any more: the first word was heard."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.02)


@every_signal
async def test_while_it_starts(home: Home, upstream: str, rounds: int, number: signal.Signals) -> None:
    """At any moment of it, the first start included: no PostgreSQL without anybody who would stop it."""
    rng = random.Random()
    for _ in range(rounds):
        served = home.start(upstream, AIBRIDGE_WORKERS=rng.choice("12"))
        await asyncio.sleep(rng.uniform(0.0, 2.5))  # at a random moment
        served.send(number)
        status = await served.ended()
        assert status in {0, 128 + number, 130, -number}, served.log.read_text()
        await home.empty(within=10)


async def test_a_database_that_hangs_does_not_hold_up_the_end(home: Home, upstream: str, database: str) -> None:
    async with database_proxy(database) as proxy:
        served = await home.serving(upstream, AIBRIDGE_DATABASE_URL=proxy.dsn)
        token = await token_of_someone(database)
        async with crowd(lambda: served.url, token, seed=1) as people:
            await people.answers(20)
            proxy.stall()
            people.rest()
            served.send(signal.SIGTERM)
            assert await served.ended(within=2 * GONE_WITHIN) == 0
        await home.empty(within=10)
        proxy.flow()
    async with looking(database) as psql:  # the next one closes what this one could not, without waiting
        await psql.execute("UPDATE aibridge_gateways SET heartbeat_at = now() - interval '1 hour'")
        following = await home.serving(upstream, AIBRIDGE_DATABASE_URL=database)
        await kept(psql, people.answered)
        assert following.process.poll() is None
    os.kill(following.process.pid, signal.SIGTERM)
    assert await following.ended() == 0
