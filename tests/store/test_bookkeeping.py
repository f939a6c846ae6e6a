"""The books of usage are what a naive sum over everything that ever ended is, whatever happens at the same time."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from support.lives import Replica, some_end, undertake
from support.usages import Ended, ended, expected, kept


async def settle(store: Store, done: asyncio.Event) -> None:
    """Posts again and again, a little at a time."""
    while not done.is_set():
        await store.books.post(limit=7)
        await asyncio.sleep(0)


class Removal:
    """Removes what is oldest, a little at a time, and remembers what was removed as it was."""

    def __init__(self, store: Store, psql: Connection) -> None:
        self.store = store
        self.psql = psql
        self.removed: dict[UUID, Ended] = {}

    async def some(self) -> None:
        before = await ended(self.psql)
        await self.store.keeping.remove_aged(timedelta(0), limit=20)
        left = set(await ended(self.psql))
        self.removed |= {id_: each for id_, each in before.items() if id_ not in left}


@pytest.mark.parametrize("seed", [1, 2])
async def test_writers_replays_recovery_and_removal(
    store: Store, database: str, alice: UUID, bob: UUID, psql: Connection, seed: int
) -> None:
    """Two gateways write, replay and are taken for dead; somebody posts; between the rounds the oldest is removed."""
    async with open_store(database) as second, open_store(database) as third:
        replicas = [Replica(each, seed + n, [alice, bob]) for n, each in enumerate((store, second))]
        removal = Removal(third, psql)
        for _ in range(3):
            done = asyncio.Event()
            beside = asyncio.gather(undertake(third, done), settle(third, done))
            await asyncio.gather(*(replica.live(6) for replica in replicas))
            done.set()
            await beside
            for replica in replicas:  # what was taken for dead ends after all, and what is closed stays so from here on
                await replica.write([some_end(replica.rng, start, replica.calls) for start in replica.open])
                replica.open = []
            await removal.some()
            everything = removal.removed | await ended(psql)
            assert len(removal.removed) > 0
            assert await kept(psql) == expected(everything.values())
        await store.books.post()
        assert await psql.fetchval("SELECT count(*) FROM aibridge_usage_entries") == 0
        assert await kept(psql) == expected(everything.values())
