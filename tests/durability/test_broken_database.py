"""A database that answers too late, or not at all: requests wait or are told so, and nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.gateway import Gateway, open_gateway
from support.life.crowd import Crowd, crowd
from support.life.ledger import kept
from support.life.proxy import ENDS, STARTS, DatabaseProxy, database_proxy
from support.psql import looking

IMPATIENT = {"AIBRIDGE_BEGIN_TIMEOUT": "500ms", "AIBRIDGE_FINISH_TIMEOUT": "2s"}


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[DatabaseProxy]:
    async with database_proxy(database) as it:
        yield it


@pytest.fixture
async def gateway(proxy: DatabaseProxy, upstream: str) -> AsyncIterator[Gateway]:
    async with open_gateway(proxy.dsn, upstream, environ=IMPATIENT) as it:
        yield it


async def refused(people: Crowd, count: int) -> None:
    """Wait until so many more requests got a 503."""
    aim = people.refused + count
    while people.refused < aim:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("batch", [STARTS, ENDS], ids=["of starts", "of ends"])
async def test_a_commit_whose_acknowledgement_is_lost(
    database: str, gateway: Gateway, proxy: DatabaseProxy, batch: bytes
) -> None:
    """Trap 28: it is written again, and adds nothing."""
    async with crowd(lambda: gateway.url, gateway.user.token, seed=1) as people:
        for _ in range(5):
            await people.answers(10)
            await proxy.lose_acknowledgement(of=batch)
        await people.answers(20)
    async with looking(database) as psql:
        await kept(psql, people.answered)


async def test_a_database_that_is_gone_for_three_seconds(database: str, gateway: Gateway, proxy: DatabaseProxy) -> None:
    """Requests get a clear 503, and go on when it is back."""
    async with crowd(lambda: gateway.url, gateway.user.token, seed=1) as people:
        await people.answers(30)
        proxy.cut()
        await refused(people, 20)
        await asyncio.sleep(3)
        proxy.mend()
        await people.answers(30)
    async with looking(database) as psql:
        await kept(psql, people.answered)


async def test_a_database_that_falls_silent(database: str, gateway: Gateway, proxy: DatabaseProxy) -> None:
    """Connections stay open and nothing comes: what hung is given up for lost, and may be committed all the same."""
    async with crowd(lambda: gateway.url, gateway.user.token, seed=1) as people:
        for _ in range(2):
            await people.answers(30)
            proxy.stall()
            await refused(people, 20)
            proxy.flow()
        await people.answers(30)
    async with looking(database) as psql:
        await kept(psql, people.answered)


async def test_a_token_that_cannot_be_looked_up(gateway: Gateway, proxy: DatabaseProxy) -> None:
    """Nobody is let in unseen, and nobody is kept waiting for as long as a page may take."""
    stranger = await gateway.new_user("samuel")
    proxy.stall()
    async with asyncio.timeout(20):
        answer = await gateway.post("/v1/messages", b"{}", token=stranger.token)
    assert answer.status_code == 503
    proxy.flow()
