"""Removal while others write: nothing that was to go stays, nothing that was to stay goes, nobody waits for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from aibridge.records import Begun
from aibridge.store.connections import Connection
from aibridge.store.keeping import Removed
from aibridge.store.pool import Store
from aibridge.store.sessions import hold
from aibridge.store.sql import sql
from support.rollups import exact
from support.rows import begun, call, finished, new_id, prompt, thought, usage
from support.waiting import SOMEBODY_WAITS, until

MONTH = timedelta(days=30)
OLD = datetime.now(UTC) - timedelta(days=90)
ROWS = "SELECT count(*) FROM aibridge_interceptions"


def asked(who: UUID, session: str, second: int = 0) -> Begun:
    """Three months ago."""
    return begun(who, client_session_id=session, started_at=OLD + timedelta(seconds=second), user_prompt=prompt("?"))


async def carried(store: Store, *starts: Begun) -> None:
    await store.write_begun(starts)
    await store.write_finished([finished(start, tool_usages=(call("c"),)) for start in starts])


async def erase_all(store: Store, who: UUID, *, limit: int = 250) -> Removed:
    erasure, removed = new_id(), Removed()
    await store.keeping.begin_erasure(erasure, by="root@here", user_id=who)
    while part := await store.keeping.erase_of_user(erasure, who, limit=limit):
        removed += part
    await store.keeping.end_erasure(erasure)
    return removed


async def test_what_ends_just_when_it_is_erased_is_erased_all_the_same(
    store: Store, psql: Connection, alice: UUID
) -> None:
    """It was in flight when it was looked for, and had ended when the look was over."""
    start = asked(alice, "s")
    await store.write_begun([start])
    async with psql.transaction():
        await psql.fetchval(sql("write_finished"), msgspec.json.encode([finished(start, token_usage=usage())]))
        erasing = asyncio.gather(erase_all(store, alice))
        await until(psql, SOMEBODY_WAITS)
    [removed] = await erasing
    assert (removed.interceptions, removed.token_usages) == (1, 1)
    assert await psql.fetchval(ROWS) == 0
    assert await exact(psql) == 0


async def test_the_end_of_an_erased_request_brings_no_word_back(store: Store, psql: Connection, alice: UUID) -> None:
    start = asked(alice, "s")
    await store.write_begun([start])
    await erase_all(store, alice)
    end = finished(start, token_usage=usage(), tool_usages=(call("c"),), model_thoughts=(thought("hm"),))
    for _ in range(2):
        await store.write_finished([end])
    for table in ("interceptions", "user_prompts", "token_usages", "tool_usages", "model_thoughts", "sessions"):
        assert await psql.fetchval(f"SELECT count(*) FROM aibridge_{table}") == 0, table
    await exact(psql)


async def test_a_deadlock_with_a_writer_is_tried_again(
    store: Store, psql: Connection, another_psql: Connection, alice: UUID
) -> None:
    """The removal closes the circle, since a third one lets it go on last, and the writer never looks for one."""
    await carried(store, asked(alice, "s"), asked(alice, "t"))
    async with psql.transaction():
        await psql.execute("SET LOCAL deadlock_timeout = '1h'")
        async with another_psql.transaction():
            await hold(another_psql, [("s", alice)])
            await hold(psql, [("t", alice)])
            removing = asyncio.gather(erase_all(store, alice))
            await until(another_psql, SOMEBODY_WAITS)
            writing = asyncio.gather(psql.fetch("SELECT id FROM aibridge_interceptions FOR UPDATE"))
            await until(another_psql, SOMEBODY_WAITS.replace("> 0", "= 2"))
        [rows] = await writing
        assert len(rows) == 2
    [removed] = await removing
    assert removed.interceptions == 2
    assert await exact(psql) == 0


async def test_a_finish_that_comes_meanwhile_waits_for_the_batch_and_counts(
    store: Store, psql: Connection, alice: UUID
) -> None:
    recent = begun(alice, client_session_id="s", started_at=datetime.now(UTC), user_prompt=prompt("now"))
    await carried(store, asked(alice, "s"))
    await store.write_begun([recent])
    async with psql.transaction():
        await hold(psql, [("s", alice)])
        both = asyncio.gather(store.keeping.remove_aged(MONTH), store.write_finished([finished(recent)]))
        await until(psql, SOMEBODY_WAITS.replace("> 0", "= 2"))
    await both
    assert await psql.fetchval("SELECT interceptions FROM aibridge_sessions") == 1
    await exact(psql)


async def test_a_long_session_goes_at_a_stretch(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    """However its steps lie between those of others: what is left of it is computed anew for ten, not for each."""
    starts = [asked((alice, bob)[second % 2], "s", second) for second in range(40)]
    await carried(store, *starts)
    for left in (30, 20, 10, 0):
        await store.keeping.remove_aged(MONTH, limit=10)
        rows = await psql.fetch("SELECT count(*) AS n FROM aibridge_interceptions GROUP BY session_id, initiator_id")
        counts = [row["n"] for row in rows]
        assert sum(counts) == left
        assert {count % 10 for count in counts} <= {0}  # a batch took of one session only
        await exact(psql)


async def test_a_row_that_somebody_holds_is_left_for_the_next_time(store: Store, psql: Connection, alice: UUID) -> None:
    held, other = asked(alice, "s"), asked(alice, "t")
    await carried(store, held, other)
    async with psql.transaction():
        await psql.fetch("SELECT 1 FROM aibridge_interceptions WHERE id = $1 FOR UPDATE", held.id)
        assert (await store.keeping.remove_aged(MONTH)).interceptions == 1
        assert not await store.keeping.remove_aged(MONTH)
    assert (await store.keeping.remove_aged(MONTH)).interceptions == 1
    await exact(psql)


async def test_empty_counts_are_forgotten_but_for_one_that_is_being_written(
    store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    await carried(store, asked(alice, "s"), asked(bob, "s"))
    counts = "SELECT count(*) FROM aibridge_interception_counts"
    assert (await store.keeping.remove_aged(MONTH)).interceptions == 2
    assert await psql.fetchval(counts) == 4
    async with psql.transaction():
        await psql.execute(
            "UPDATE aibridge_interception_counts SET interceptions = 1 WHERE (tool_set, day) = (0, '-infinity')"
        )
        assert not await store.keeping.remove_aged(MONTH)
        assert await psql.fetchval(counts) == 1


async def test_an_erasure_that_was_broken_off_goes_on_where_it_ended(
    store: Store, psql: Connection, alice: UUID
) -> None:
    await carried(store, *(asked(alice, f"s{n}", n) for n in range(5)))
    broken_off = new_id()
    await store.keeping.begin_erasure(broken_off, by="root@here", user_id=alice)
    await store.keeping.erase_of_user(broken_off, alice, limit=2)
    await exact(psql)
    assert (await erase_all(store, alice, limit=2)).interceptions == 3
    assert (await erase_all(store, alice)).interceptions == 0
    rows = await psql.fetch("SELECT interceptions, ended_at IS NULL FROM aibridge_erasures ORDER BY id")
    assert [tuple(row) for row in rows] == [(2, True), (3, False), (0, False)]


async def test_who_has_a_session_also_while_its_first_request_is_in_flight(
    store: Store, alice: UUID, bob: UUID
) -> None:
    await carried(store, asked(alice, "s"), asked(alice, "s"))
    await store.write_begun([asked(bob, "s"), asked(bob, "t")])
    assert set(await store.keeping.initiators("s")) == {alice, bob}
    assert await store.keeping.initiators("s", bob) == [bob]
    assert await store.keeping.initiators("t") == [bob]
    for nobody in ("u", "\0", "\udcff"):
        assert await store.keeping.initiators(nobody) == []
