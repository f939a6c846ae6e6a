"""The index of words beside the record: what ends, what is removed, what was there before, and what it cannot take."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from aibridge.filters import Filter
from aibridge.records import Outcome
from aibridge.store.connections import Connection
from aibridge.store.indexing import BATCH
from aibridge.store.keeping import Removed
from aibridge.store.pool import Store, open_store
from aibridge.texts import texts_of
from support.rows import at, begun, finished, prompt, thought

NEEDLE = Filter(text=texts_of("needle"))


async def ended(store: Store, who: UUID, count: int, said: str = "needle") -> list[UUID]:
    starts = [begun(who, started_at=at(n), user_prompt=prompt(said, at(n))) for n in range(count)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    return [start.id for start in starts]


async def index_all(store: Store) -> int:
    done = 0
    while True:
        indexed = await store.indexing.index_some()
        done += indexed.interceptions
        if not indexed.more:
            return done


async def found(store: Store, filter_: Filter = NEEDLE) -> int:
    return (await store.reader.interceptions_page(None, filter_, limit=1))[1]


async def test_nothing_in_flight_is_found(store: Store, psql: Connection, alice: UUID) -> None:
    start = begun(alice, user_prompt=prompt("needle"))
    await store.write_begun([start])
    await index_all(store)
    assert await found(store) == 0
    await store.write_finished([finished(start)])
    assert await found(store) == 1
    assert await index_all(store) == 1
    assert await found(store) == 1
    assert await psql.fetchval("SELECT count(*) FROM aibridge_search_queue") == 0


async def test_an_end_wakes_whoever_indexes(store: Store, alice: UUID) -> None:
    """An idle database is looked at rarely, what has just ended at once."""
    await store.indexing.some(within=60)  # there may be some from before
    waiting = asyncio.gather(store.indexing.some(within=60))
    await asyncio.sleep(0)
    assert not waiting.done()
    await ended(store, alice, 1)
    async with asyncio.timeout(30):
        await waiting
    await store.indexing.some(within=0.01)  # what others left is looked for all the same


async def test_replicas_share_the_work_and_every_moment_is_exact(database: str, store: Store, alice: UUID) -> None:
    """While two index and one writes, a search finds each that has ended, once."""
    ids: list[UUID] = []

    async def write() -> None:
        for _ in range(12):
            ids.extend(await ended(store, alice, 20))

    async def look() -> None:
        while len(ids) < 240:
            before = len(ids)
            total = await found(store)
            assert before <= total <= len(ids) + 20
            assert (await store.reader.search(None, NEEDLE, limit=1)).total >= total

    async with open_store(database) as other, asyncio.TaskGroup() as tasks:
        for work in (write(), look(), _index_while(store, ids), _index_while(other, ids)):
            tasks.create_task(work)
    await index_all(store)
    rows, total = await store.reader.interceptions_page(None, NEEDLE, limit=1000)
    assert total == len(rows) == len(set(ids)) == 240


async def _index_while(store: Store, ids: list[UUID]) -> None:
    while len(ids) < 240:
        await store.indexing.index_some()


async def test_what_is_removed_is_found_no_more(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    """Whether it was indexed or waited."""
    await ended(store, alice, 3)
    await index_all(store)
    await ended(store, alice, 2)
    await ended(store, bob, 1)
    erasure = uuid4()
    await store.keeping.begin_erasure(erasure, by="test", user_id=alice)
    assert (await store.keeping.erase_of_user(erasure, alice)).interceptions == 5
    assert await found(store) == 1
    assert await store.keeping.remove_aged(timedelta(0)) != Removed()
    assert await found(store) == 0
    assert await index_all(store) == 0
    for table in ("aibridge_search", "aibridge_search_queue"):
        assert await psql.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_removal_under_way_leaves_no_words_behind(
    database: str, store: Store, psql: Connection, alice: UUID
) -> None:
    """An indexer that comes to what somebody holds leaves it to them."""
    ids = await ended(store, alice, 2)
    async with psql.transaction():
        await psql.execute("SELECT FROM aibridge_interceptions WHERE id = $1 FOR UPDATE", ids[0])
        assert (await store.indexing.index_some()).interceptions == 1
        assert [row[0] for row in await psql.fetch("SELECT interception_id FROM aibridge_search")] == [ids[1]]
    assert await index_all(store) == 1


async def test_a_real_end_replaces_the_words_of_an_interrupted_one(store: Store, psql: Connection, alice: UUID) -> None:
    gateway = uuid4()
    await store.recovery.register_gateway(gateway, hostname="h", pid=1, version="0")
    start = begun(alice, gateway_id=gateway, user_prompt=prompt("needle"))
    await store.write_begun([start])
    await store.recovery.retire_gateway(gateway)
    assert await store.recovery.recover(uuid4()) == 1
    stopped = Filter(text=texts_of("gateway stopped"))
    for indexed in (False, True):
        assert (await found(store), await found(store, stopped)) == (1, 1)
        if not indexed:
            await index_all(store)
    await store.write_finished([finished(start, model_thoughts=(thought("haystack"),))])
    for _ in range(2):
        both = Filter(text=texts_of("needle haystack"), outcomes=frozenset([Outcome.COMPLETED]))
        assert (await found(store), await found(store, both), await found(store, stopped)) == (1, 1, 0)
        await index_all(store)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_search") == 1


async def test_a_record_that_was_there_before_is_indexed_bit_by_bit(
    store: Store, psql: Connection, alice: UUID
) -> None:
    """Newest first; what is broken off goes on; what ends meanwhile is there at once."""
    await ended(store, alice, BATCH + 50)
    await psql.execute("TRUNCATE aibridge_search_queue")
    everything = "INSERT INTO aibridge_search_backlog VALUES (true, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
    await psql.execute(everything)
    await ended(store, alice, 1)
    assert (await store.indexing.index_some()).interceptions == 1
    assert await found(store) == 1 + BATCH
    assert await psql.fetchval("SELECT started_at FROM aibridge_search_backlog") > at(40)
    assert await index_all(store) == BATCH + 50
    assert await found(store) == BATCH + 51
    assert await psql.fetchval("SELECT count(*) FROM aibridge_search_backlog") == 0


async def test_words_that_the_database_refuses_cost_only_themselves(
    store: Store, psql: Connection, alice: UUID
) -> None:
    ids = await ended(store, alice, 5)
    await psql.execute(
        f"ALTER TABLE aibridge_search ADD CONSTRAINT refused CHECK (interception_id <> '{ids[2]}' OR words !~ 'needle')"
    )
    indexed = await store.indexing.index_some()
    assert (indexed.interceptions, indexed.refused) == (4, (ids[2],))
    assert await index_all(store) == 0
    assert await found(store) == 4


async def test_long_texts_are_searched_as_far_as_they_count(store: Store, alice: UUID) -> None:
    """A megabyte of distinct words, and a hundred thousand of one letter each, stop nobody."""
    said = " ".join(f"w{n}" for n in range(150_000))
    await ended(store, alice, 1, f"needle {said}")
    await ended(store, alice, 1, "\u4e00" * 100_000 + " needle")
    await ended(store, alice, 1, f"{'x' * 65_530} needle")
    for _ in range(2):
        assert await found(store) == 1
        assert await found(store, Filter(text=texts_of("w1000"))) == 1
        assert await found(store, Filter(text=texts_of("w149999"))) == 0
        assert await found(store, Filter(text=texts_of("\u4e00\u4e00\u4e00"))) == 1
        await index_all(store)
