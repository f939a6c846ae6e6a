"""What takes rights away counts at once on every replica: two of them, each with its own store and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import httpx
import pytest

from aibridge.api.application import create_api
from aibridge.api.parts import ApiParts
from aibridge.auth.changes import follow_changes
from aibridge.auth.identify import Identifier
from aibridge.records import Role
from aibridge.store.listening import Hearing, Said, listen
from aibridge.store.people import AUTH_CHANNEL
from aibridge.store.pool import open_store
from support.tokens import token_of

Served = Callable[..., AbstractAsyncContextManager[str]]


class Replica:
    """One process's worth of the API."""

    def __init__(self, client: httpx.AsyncClient, parts: ApiParts) -> None:
        self.client = client
        self.parts = parts

    async def ask(self, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **content)

    async def until(self, token: str, status: int, path: str = "/users/me") -> httpx.Response:
        """Ask until it is so: the clock stands still, so that what is known would never be forgotten by itself."""
        async with asyncio.timeout(60):
            while (answer := await self.ask(token, "GET", path)).status_code != status:
                pass
        return answer


async def _follow(identifier: Identifier, dsn: str, heard: asyncio.Event) -> None:
    async def announcements() -> AsyncIterator[str | Hearing]:
        async for event in listen(dsn, AUTH_CHANNEL):
            yield event.payload if isinstance(event, Said) else event
            heard.set()  # reached when the one before was taken

    await follow_changes(identifier, announcements())


@pytest.fixture
async def replicas(database: str, served: Served, parts_of: Callable[..., ApiParts]) -> AsyncIterator[list[Replica]]:
    async with AsyncExitStack() as stack:
        replicas, running = [], []
        for _ in range(2):
            parts, heard = parts_of(await stack.enter_async_context(open_store(database))), asyncio.Event()
            follower = _follow(parts.identifier, database, heard)
            running.append(asyncio.get_running_loop().create_task(follower))
            await heard.wait()
            url = await stack.enter_async_context(served(create_api(parts)))
            replicas.append(
                Replica(await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60)), parts)
            )
            parts.identifier._monotonic = lambda: 0.0
        yield replicas
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def join(replica: Replica, username: str, role: Role = Role.MEMBER) -> str:
    """The token of somebody new."""
    people = replica.parts.people
    return (await token_of(people, await people.create_user(username, role=role))).token


async def test_a_suspension_and_its_end(replicas: list[Replica]) -> None:
    here, there = replicas
    olga, dana = await join(here, "olga", Role.OWNER), await join(here, "dana")
    for replica in replicas:
        assert (await replica.ask(dana, "GET", "/users/me")).status_code == 200
    await here.ask(olga, "PATCH", "/users/dana", {"status": "suspended"})
    for replica in replicas:
        await replica.until(dana, 403)
    await there.ask(olga, "PATCH", "/users/dana", {"status": "active"})
    for replica in replicas:
        await replica.until(dana, 200)


@pytest.mark.parametrize("deed", ["/tokens/{token}", "/users/dana"])
async def test_a_revocation_and_a_deletion(replicas: list[Replica], deed: str) -> None:
    here, there = replicas
    olga, dana = await join(here, "olga", Role.OWNER), await join(there, "dana")
    for replica in replicas:
        assert (await replica.ask(dana, "GET", "/users/me")).status_code == 200
    assert (await here.ask(olga, "DELETE", deed.format(token=dana.split("_")[1]))).status_code == 204
    for replica in replicas:
        assert "revoked" in (await replica.until(dana, 401)).json()["message"]


async def test_a_role_given_and_taken(replicas: list[Replica]) -> None:
    """An owner who was demoted manages nothing any longer, wherever they ask."""
    here, there = replicas
    olga, dana = await join(here, "olga", Role.OWNER), await join(here, "dana")
    for replica in replicas:
        assert (await replica.ask(dana, "GET", "/users/olga")).status_code == 404
    await here.ask(olga, "PATCH", "/users/dana", {"role": "owner"})
    for replica in replicas:
        await replica.until(dana, 200, "/users/olga")
    await there.ask(dana, "PATCH", "/users/olga", {"role": "member"})
    for replica in replicas:
        await replica.until(olga, 404, "/users/dana")
        assert (await replica.ask(olga, "POST", "/users", {"username": "zoe"})).status_code == 403
