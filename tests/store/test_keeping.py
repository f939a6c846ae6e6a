"""Removal: what has grown old, and what a person wants erased; everything that counted it follows."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.keeping import Removed
from aibridge.store.pool import Store, open_store
from support.inventing import Records
from support.naive import Naive, shown
from support.rollups import exact
from support.rows import begun, call, finished, new_id, prompt, thought, usage

MONTH = timedelta(days=30)


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def record(store: Store, who: UUID, days: float, **changes: object) -> UUID:
    """An ended interception with a row of each kind."""
    started_at = ago(days)
    start = begun(who, started_at=started_at, user_prompt=prompt("hm?", started_at), **changes)
    await store.write_begun([start])
    end = finished(start, token_usage=usage(), tool_usages=(call("c"),), model_thoughts=(thought("hm"),))
    await store.write_finished([end])
    return start.id


async def left(psql: Connection) -> dict[str, int]:
    kinds = ("interceptions", "token_usages", "user_prompts", "tool_usages", "model_thoughts", "sessions")
    return {kind: await psql.fetchval(f"SELECT count(*) FROM aibridge_{kind}") for kind in kinds}


async def test_what_began_before_the_cutoff_goes_with_its_children(store: Store, psql: Connection, alice: UUID) -> None:
    for days in (31, 31, 15, 29):
        await record(store, alice, days)
    assert await store.keeping.remove_aged(MONTH) == Removed(
        interceptions=2, token_usages=2, user_prompts=2, tool_usages=2, model_thoughts=2
    )
    assert await store.keeping.remove_aged(MONTH) == Removed()
    assert set((await left(psql)).values()) == {2}
    await exact(psql)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interception_counts WHERE interceptions = 0") == 0


async def test_what_is_in_flight_goes_too_and_its_end_brings_nothing_back(
    store: Store, psql: Connection, alice: UUID
) -> None:
    old, new = begun(alice, started_at=ago(40), user_prompt=prompt("?")), begun(alice, started_at=ago(1))
    await store.write_begun([old, new])
    assert (await store.keeping.remove_aged(MONTH)).interceptions == 1
    await store.write_finished([finished(old, tool_usages=(call("c"),)), finished(new)])
    assert [row["id"] for row in await psql.fetch("SELECT id FROM aibridge_interceptions")] == [new.id]
    assert (await left(psql))["tool_usages"] == 0
    await exact(psql)


async def test_a_session_that_goes_on_loses_its_beginning_only(store: Store, psql: Connection, alice: UUID) -> None:
    first = await record(store, alice, 31, client_session_id="long", model="old")
    await record(store, alice, 2, client_session_id="long", model="new")
    await store.keeping.remove_aged(MONTH)
    [session], total = await store.reader.sessions_page(None, limit=10)
    assert (session.interceptions, session.models, total) == (1, ["new"], 1)
    assert (await store.reader.sessions_page(None, Filter(models=frozenset(["old"])), limit=10))[1] == 0
    assert await store.reader.interception(first, None) is None
    await exact(psql)


async def test_a_purged_root_leaves_its_children_in_their_session(store: Store, psql: Connection, alice: UUID) -> None:
    root = await record(store, alice, 31)
    start = begun(alice, started_at=ago(2), correlating_tool_call_id="c")
    await store.write_begun([start])
    await store.write_finished([finished(start)])
    await store.keeping.remove_aged(MONTH)
    [session], _ = await store.reader.sessions_page(None, limit=10)
    assert (session.id, session.interceptions) == (str(root), 1)
    await exact(psql)


async def test_two_replicas_remove_everything_once(database: str, store: Store, psql: Connection, alice: UUID) -> None:
    starts = [begun(alice, started_at=ago(60), client_session_id=f"s{n % 7}") for n in range(60)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])

    async def all_of_it(one: Store) -> int:
        removed = 0
        while (await left(psql_of[one]))["interceptions"]:
            removed += (await one.keeping.remove_aged(MONTH, limit=5)).interceptions
        return removed

    async with open_store(database) as other:
        psql_of = {store: psql, other: await _another(database)}
        assert sum(await asyncio.gather(all_of_it(store), all_of_it(other))) == 60
        await psql_of[other].close()
    assert await exact(psql) == 0


async def _another(database: str) -> Connection:
    import asyncpg

    connection: Connection = await asyncpg.connect(database)
    return connection


@pytest.mark.parametrize("seed", range(3))
async def test_what_stays_is_as_if_the_rest_had_never_been(
    store: Store, psql: Connection, alice: UUID, bob: UUID, seed: int
) -> None:
    """Random records, with finishes going on while batches are removed."""
    records = Records(store, (alice, bob), seed)
    await records.write(120)
    age = datetime.now(UTC) - records.moment()

    async def remove() -> None:
        while await store.keeping.remove_aged(age, limit=9):
            pass

    await asyncio.gather(remove(), records.write(60))
    while await store.keeping.remove_aged(age, limit=50):
        pass
    await exact(psql)
    naive = await Naive.read(psql)
    for filter_ in (Filter(), *(records.filter() for _ in range(20))):
        sessions, total = await store.reader.sessions_page(None, filter_, limit=1000)
        keys = naive.session_keys(filter_, None)
        assert ([shown(session) for session in sessions], total) == ([naive.session(key) for key in keys], len(keys))
        rows, total = await store.reader.interceptions_page(None, filter_, limit=1000)
        assert ([row.id for row in rows], total) == (naive.interceptions(filter_, None), total)


async def test_a_preview_tells_what_would_go(store: Store, alice: UUID) -> None:
    for days, name in ((50, "gone"), (40, "gone"), (31, "cut"), (3, "cut"), (2, "stays")):
        await record(store, alice, days, client_session_id=name)
    await store.write_begun([begun(alice, started_at=ago(33))])
    found = await store.keeping.preview(MONTH)
    assert (found.interceptions, found.token_usages, found.user_prompts) == (4, 3, 3)
    assert (found.sessions, found.shortened_sessions, found.kept) == (1, 1, 2)
    removed = await store.keeping.remove_aged(MONTH)
    while more := await store.keeping.remove_aged(MONTH):
        removed += more
    assert removed == Removed(**{name: getattr(found, name) for name in Removed.__struct_fields__})


async def test_a_glance_counts_no_further_than_asked(store: Store, alice: UUID) -> None:
    assert (await store.keeping.glance(MONTH, most=9)).oldest is None
    for days in (50, 40, 33, 2):
        await record(store, alice, days)
    await store.write_begun([begun(alice, started_at=ago(60))])
    found = await store.keeping.glance(MONTH, most=9)
    assert found.oldest is not None
    assert (found.interceptions, (found.cutoff - found.oldest).days) == (3, 20)
    assert (await store.keeping.glance(MONTH, most=2)).interceptions == 2


async def test_a_person_is_erased_and_nobody_else(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    for n in range(3):
        await record(store, alice, n + 1, client_session_id=f"s{n}")
        await record(store, bob, n + 1, client_session_id=f"s{n}")
    await store.write_begun([begun(alice, started_at=ago(0))])
    before = await psql.fetch("SELECT * FROM aibridge_sessions WHERE initiator_id = $1 ORDER BY 1", bob)
    erasure = new_id()
    await store.keeping.begin_erasure(erasure, by="root@here", user_id=alice)
    while await store.keeping.erase_of_user(erasure, alice, limit=2):
        pass
    await store.keeping.end_erasure(erasure)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE initiator_id = $1", alice) == 0
    assert await psql.fetch("SELECT * FROM aibridge_sessions ORDER BY 1") == before
    await exact(psql)
    [row] = await psql.fetch("SELECT * FROM aibridge_erasures")
    assert (row["id"], row["erased_by"], row["user_id"], row["session_sha256"]) == (erasure, "root@here", alice, None)
    assert (row["interceptions"], row["token_usages"], row["user_prompts"], row["tool_usages"]) == (4, 3, 3, 3)
    assert row["ended_at"] >= row["begun_at"]


async def test_one_session_is_erased_of_one_person(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    for who in (alice, bob):
        await record(store, who, 1, client_session_id="shared/%")
    await record(store, alice, 1, client_session_id="other")
    erasure = new_id()
    await store.keeping.begin_erasure(erasure, by="root@here", user_id=alice, session_id="shared/%")
    while await store.keeping.erase_of_session(erasure, "shared/%", alice):
        pass
    keys = await psql.fetch("SELECT session_id, initiator_id FROM aibridge_sessions ORDER BY 1")
    assert [tuple(key) for key in keys] == [("other", alice), ("shared/%", bob)]
    digest = await psql.fetchval("SELECT session_sha256 FROM aibridge_erasures")
    assert digest == hashlib.sha256(b"shared/%").digest()
    await exact(psql)
