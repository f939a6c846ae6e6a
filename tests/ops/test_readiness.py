"""Whether this replica can do its work now, as a load balancer asks."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from aibridge.errors import StoreUnavailable
from aibridge.ops.health import Health, Readiness
from support.gateway import Gateway, open_gateway
from support.life.proxy import DatabaseProxy, database_proxy

AWAY = {"status": "unready", "down": {"store": "the database cannot be reached"}}


class Database:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.asked = 0
        self.there = True

    async def probe(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.there:
            raise StoreUnavailable


async def test_an_answer_is_believed_for_a_second() -> None:
    now, database, told = [0.0], Database(), list[bool]()
    readiness = Readiness(Health(), database.probe, told=told.append, clock=lambda: now[0])
    assert (await readiness.report())["status"] == "ok"
    database.there = False
    now[0] = 0.9
    assert (await readiness.report())["status"] == "ok"
    now[0] = 1.0
    assert await readiness.report() == AWAY
    assert (database.asked, told) == (2, [True, False])


async def test_a_crowd_that_asks_at_once_shares_one_look() -> None:
    database = Database()
    readiness = Readiness(Health(), database.probe, told=lambda _: None)
    assert all(await asyncio.gather(*(readiness.look() for _ in range(100))))
    assert database.asked == 1


async def test_every_reason_is_told() -> None:
    """A part that is down, a database that is away, a shutdown."""
    health, database = Health(["recorder"]), Database()
    database.there = False
    readiness = Readiness(health, database.probe, told=lambda _: None)
    down = {"recorder": "starting", "store": "the database cannot be reached"}
    assert await readiness.report() == {"status": "unready", "down": down}
    health.drain()
    assert await readiness.report() == {"status": "draining", "down": down}


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[DatabaseProxy]:
    async with database_proxy(database) as it:
        yield it


@pytest.fixture
async def gateway(proxy: DatabaseProxy) -> AsyncIterator[Gateway]:
    async with open_gateway(proxy.dsn, "http://127.0.0.1:1") as it:
        yield it


async def ready(gateway: Gateway) -> httpx.Response:
    return await gateway.http.get(f"{gateway.url}/readyz")


async def until(gateway: Gateway, status: int) -> None:
    """Ask until it answers so."""
    async with asyncio.timeout(60):
        while (await ready(gateway)).status_code != status:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["cut", "stall"])
async def test_a_database_that_goes_and_comes_back(gateway: Gateway, proxy: DatabaseProxy, way: str) -> None:
    """Gone, or silent: whoever asks is told. The process lives all the while."""
    assert (await ready(gateway)).json() == {"status": "ok", "down": {}}
    proxy.cut() if way == "cut" else proxy.stall()
    await until(gateway, 503)
    assert (await ready(gateway)).json() == AWAY
    assert (await gateway.http.get(f"{gateway.url}/healthz")).status_code == 200
    assert "aibridge_store_up 0.0" in (await gateway.http.get(f"{gateway.url}/metrics")).text
    proxy.mend() if way == "cut" else proxy.flow()
    await until(gateway, 200)
    assert "aibridge_store_up 1.0" in (await gateway.http.get(f"{gateway.url}/metrics")).text


async def test_a_recorder_that_died(gateway: Gateway) -> None:
    gateway.worker.health.down("recorder", "the recorder has stopped")
    answer = await ready(gateway)
    assert (answer.status_code, answer.json()["down"]) == (503, {"recorder": "the recorder has stopped"})


async def test_a_replica_that_is_being_stopped(gateway: Gateway) -> None:
    gateway.worker.health.drain()
    answer = await ready(gateway)
    assert (answer.status_code, answer.json()["status"]) == (503, "draining")


async def test_the_answer_is_not_kept_by_anybody(gateway: Gateway) -> None:
    assert (await ready(gateway)).headers["cache-control"] == "no-store"
