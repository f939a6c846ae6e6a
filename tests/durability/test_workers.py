"""Several workers on one port: each with a sign of life of its own, replaced when it dies, gone with its parent."""

import signal

import pytest

from support.life.crowd import crowd
from support.life.ledger import kept, looking, silent_for_a_minute, token_of_someone
from support.life.processes import Home, eventually, kill, processes

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


async def test_two_workers_and_the_death_of_one(home: Home, upstream: str) -> None:
    """Trap 29: its rows are closed, those of the other one are left alone."""
    served = await home.serving(upstream, AIBRIDGE_WORKERS="2", **KUBERNETES)
    token = await token_of_someone(home.dsn)
    async with looking(home.dsn) as psql:
        async with crowd(lambda: served.url, token, seed=1) as people:
            await people.answers(100)
            first = served.workers()
            dead = min(first)
            kill(dead)
            await eventually(lambda: len(served.workers() - first) == 1)
            await silent_for_a_minute(psql, dead)
            await people.answers(100)
        await kept(psql, people.answered)
        pids = {
            row["pid"]
            for row in await psql.fetch(
                "SELECT pid FROM aibridge_gateways AS g WHERE EXISTS ("
                "SELECT FROM aibridge_interceptions AS i WHERE i.gateway_id = g.id)"
            )
        }
        assert first <= pids
    served.send(signal.SIGTERM)
    assert await served.ended() == 0
    await home.empty(within=1)


async def test_workers_die_with_their_parent(home: Home, upstream: str) -> None:
    """However it died: their standard input ends with it."""
    served = await home.serving(upstream, AIBRIDGE_WORKERS="2")
    workers = await eventually(lambda: found if len(found := served.workers()) == 2 else None)
    await served.kill()
    await eventually(lambda: not workers & set(processes()))
