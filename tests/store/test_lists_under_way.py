"""Lists while the record is written by two workers at once, replayed, recovered and written after all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from aibridge.errors import StoreConflict
from aibridge.filters import Filter
from aibridge.records import Finished
from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from support.inventing import Records
from support.naive import Naive, shown
from support.rollups import exact
from support.rows import new_id

STEP = 30


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_shown_in_the_end_is_what_is_on_record(
    database: str, store: Store, psql: Connection, alice: UUID, bob: UUID, seed: int
) -> None:
    async with open_store(database) as other:
        records = Records(store, (alice, bob), seed)
        living, silent = await a_worker(store), await a_worker(other)
        await psql.execute(
            "UPDATE aibridge_gateways SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", silent
        )
        async with recovering(store, living), asyncio.TaskGroup() as working:
            for worker, gateway in ((store, living), (other, silent)):
                working.create_task(work(records, worker, gateway))
            working.create_task(looking(store))
        await store.recovery.recover(living)
    await exact(psql)
    await shown_as_recorded(records, psql)


async def a_worker(store: Store) -> UUID:
    gateway = new_id()
    await store.recovery.register_gateway(gateway, hostname="here", pid=1, version="1")
    return gateway


async def work(records: Records, store: Store, gateway: UUID) -> None:
    """Begins, ends in another order and in batches that overlap, and now and then ends the same once more."""
    for _ in range(5):
        starts = [records.begun(gateway_id=gateway) for _ in range(STEP)]
        await store.write_begun(starts)
        ends = [records.finished(start) for start in starts if records.chance.random() < 0.9]
        records.chance.shuffle(ends)
        for first in range(0, len(ends), 5):
            await end(store, ends[first : first + 5 + records.chance.randrange(3)])


async def end(store: Store, batch: Sequence[Finished]) -> None:
    """As the recorder does: what met a conflict is written again."""
    while True:
        try:
            return await store.write_finished(batch)
        except StoreConflict:
            continue


@asynccontextmanager
async def recovering(store: Store, gateway: UUID) -> AsyncIterator[None]:
    """Closes the silent worker's rows again and again, also those that it is just about to end."""
    done = asyncio.Event()

    async def recover() -> None:
        while not done.is_set():
            await store.recovery.recover(gateway)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(recover())
        yield
        done.set()


async def looking(store: Store) -> None:
    """A page and its total are of one moment, also while all this goes on."""
    for _ in range(20):
        page, total = await store.reader.sessions_page(None, limit=1000)
        assert len(page) == total
        rows, total = await store.reader.interceptions_page(None, limit=1000)
        assert len(rows) == total


async def shown_as_recorded(records: Records, psql: Connection) -> None:
    naive = await Naive.read(psql)
    for filter_ in (Filter(), *(records.filter() for _ in range(25))):
        keys = naive.session_keys(filter_, None)
        sessions, total = await records.store.reader.sessions_page(None, filter_, limit=1000)
        assert [shown(session) for session in sessions] == [naive.session(key) for key in keys], filter_
        assert total == len(keys)
        rows, total = await records.store.reader.interceptions_page(None, filter_, limit=1000)
        assert [row.id for row in rows] == naive.interceptions(filter_, None), filter_
        assert total == len(rows)
