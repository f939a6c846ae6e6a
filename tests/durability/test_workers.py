"""Several workers on one port: each with a sign of life of its own, replaced when it dies, gone with its parent."""

import asyncio
import signal

import pytest

from aibridge.store.connections import Connection
from support.life.crowd import crowd
from support.life.ledger import kept, silent_for_a_minute, token_of_someone
from support.life.processes import PATIENCE, Home, Served, eventually, kill, processes
from support.psql import looking

pytestmark = pytest.mark.slow

KUBERNETES = {
    "AIBRIDGE_SERVICE_HOST": "10.0.0.7",
    "AIBRIDGE_SERVICE_PORT": "4180",
    "AIBRIDGE_PORT": "tcp://10.0.0.7:4180",
    "AIBRIDGE_PORT_4180_TCP": "tcp://10.0.0.7:4180",
    "AIBRIDGE_PORT_4180_TCP_PROTO": "tcp",
    "AIBRIDGE_PORT_4180_TCP_PORT": "4180",
    "AIBRIDGE_PORT_4180_TCP_ADDR": "10.0.0.7",
}
"""What it injects for a Service named aibridge: trap 32."""


SERVING = """
SELECT DISTINCT g.pid FROM aibridge_gateways AS g JOIN aibridge_interceptions AS i ON i.gateway_id = g.id
WHERE i.ended_at IS NOT NULL
"""


async def both(served: Served) -> set[int]:
    """Its two workers, once they are there."""
    return await eventually(lambda: found if len(found := served.workers()) == 2 else None)


async def all_serving(psql: Connection, workers: set[int]) -> None:
    """Wait until each of them has carried something."""
    async with asyncio.timeout(PATIENCE):
        while not workers <= {row["pid"] for row in await psql.fetch(SERVING)}:
            await asyncio.sleep(0.05)


async def test_two_workers_and_the_death_of_one(home: Home, upstream: str) -> None:
    """Traps 29 and 32: its rows are closed, those of the other one are left alone, and another takes its place."""
    served = await home.serving(upstream, AIBRIDGE_WORKERS="2", **KUBERNETES)
    token = await token_of_someone(home.dsn)
    async with looking(home.dsn) as psql:
        async with crowd(lambda: served.url, token, seed=1, keeps=False) as people:
            first = await both(served)
            await all_serving(psql, first)
            dead = min(first)
            kill(dead)
            await eventually(lambda: dead not in served.workers())
            await all_serving(psql, await both(served))
            await silent_for_a_minute(psql, dead)
        await kept(psql, people.answered)
    served.send(signal.SIGTERM)
    assert await served.ended() == 0
    await home.empty(within=10)


async def test_workers_die_with_their_parent(home: Home, upstream: str) -> None:
    """However it died: their standard input ends with it."""
    served = await home.serving(upstream, AIBRIDGE_WORKERS="2")
    workers = await both(served)
    await served.kill()
    await eventually(lambda: not workers & set(processes()))
