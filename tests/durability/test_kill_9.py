"""Trap 12: whatever dies at whatever moment, an answer that was seen to its end is on record, once and in full."""

import asyncio
import random
import signal

import pytest

from support.life.crowd import crowd
from support.life.ledger import kept, settled, silent_for_a_minute, token_of_someone
from support.life.processes import Home, eventually, kill
from support.psql import looking

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("everything", [False, True], ids=["alone", "with its PostgreSQL"])
async def test_the_gateway_is_killed(home: Home, upstream: str, rounds: int, *, everything: bool) -> None:
    rng = random.Random()
    served = await home.serving(upstream)
    token = await token_of_someone(home.dsn)
    async with crowd(lambda: served.url, token, seed=rng.randrange(10**9)) as people:
        for _ in range(rounds):
            await people.answers(rng.randrange(20, 150))
            doomed = {served.process.pid} | (await asyncio.to_thread(home.postgres) if everything else set())
            await asyncio.sleep(rng.uniform(0, 0.3))  # at a random moment, with nothing left to find out
            for pid in doomed:
                kill(pid)
            dead, served.url = await served.ended(), ""
            assert dead == -signal.SIGKILL
            served = await home.serving(upstream)
            async with looking(home.dsn) as psql:
                await silent_for_a_minute(psql, *(former.process.pid for former in home.served[:-1]))
        await people.answers(50)
    async with looking(home.dsn) as psql:
        await kept(psql, people.answered)
        assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE outcome = 'interrupted'") > 0


@pytest.mark.parametrize("whom", ["all of it", "the postmaster alone", "one of its children"])
async def test_postgresql_is_killed(home: Home, upstream: str, rounds: int, whom: str) -> None:
    """A backend whose postmaster died may still commit what it is at: nobody may start again before it has ended.

    A postmaster that loses a child ends all others, and starts them again by itself.
    """
    rng = random.Random()
    served = await home.serving(upstream)
    token = await token_of_someone(home.dsn)
    async with crowd(lambda: served.url, token, seed=rng.randrange(10**9)) as people:
        for _ in range(rounds):
            await people.answers(rng.randrange(20, 150))
            everyone = await eventually(home.postgres)
            postmaster = everyone & {home.postmaster}
            doomed = {
                "all of it": everyone,
                "the postmaster alone": postmaster,
                "one of its children": set(rng.sample(sorted(everyone - postmaster), 1)),
            }
            await asyncio.sleep(rng.uniform(0, 0.3))
            for pid in doomed[whom]:
                kill(pid)
        await people.answers(50)
    async with looking(home.dsn) as psql:
        await kept(psql, people.answered)


async def test_postgresql_is_stopped_and_goes_on(home: Home, upstream: str) -> None:
    """Nobody waits for ever; what it was at may be committed when it goes on, beside its own repetition."""
    served = await home.serving(upstream, AIBRIDGE_BEGIN_TIMEOUT="1s", AIBRIDGE_FINISH_TIMEOUT="2s")
    async with crowd(lambda: served.url, await token_of_someone(home.dsn), seed=1) as people:
        await people.answers(50)
        paused = sorted(home.postgres())
        for pid in paused:
            kill(pid, signal.SIGSTOP)
        await eventually(lambda: people.refused >= 20)
        for pid in paused:
            kill(pid, signal.SIGCONT)
        await people.answers(50)
    async with looking(home.dsn) as psql:
        await kept(psql, people.answered)


async def test_rows_of_the_dead_are_closed_within_about_a_minute(home: Home, upstream: str, rounds: int) -> None:
    """The one test that really waits, and only when there is time for it."""
    if rounds < 20:
        pytest.skip("takes a minute: set AIBRIDGE_TEST_ROUNDS=20")
    served = await home.serving(upstream)
    async with crowd(lambda: served.url, await token_of_someone(home.dsn), seed=1) as people:
        await people.answers(100)
        await served.kill()
        served.url = ""
        people.rest()
    served = await home.serving(upstream)
    async with looking(home.dsn) as psql:
        await settled(psql, within=90)
        await kept(psql, people.answered)
    served.send(signal.SIGTERM)
    assert await served.ended() == 0
