"""The roll-ups are what a naive sum over the interceptions is, whatever happens at the same time."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from aibridge.store.sessions import recompute
from support.lives import Replica, some_end, undertake
from support.rollups import FACETS_KEPT, exact
from support.rows import at, begun, finished, prompt, usage


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_writers_their_replays_and_recovery(
    store: Store, database: str, alice: UUID, bob: UUID, psql: Connection, seed: int
) -> None:
    """Traps 28 and 29: 40 shared sessions, two writers, replays, rows taken for dead at random moments."""
    async with open_store(database) as second, open_store(database) as third:
        replicas = [Replica(store, seed, [alice, bob]), Replica(second, seed + 100, [alice, bob])]
        done = asyncio.Event()
        recovering = asyncio.gather(undertake(third, done))
        await asyncio.gather(*(replica.live(25) for replica in replicas))
        done.set()
        (closed,) = await recovering
        assert closed > 0
        assert await exact(psql) > 40
        for replica in replicas:
            await replica.write([some_end(replica.rng, start, replica.calls) for start in replica.open])
    assert await exact(psql) > 40
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE outcome = 'interrupted'") == 0


async def test_recomputing_changes_nothing(store: Store, alice: UUID, bob: UUID, psql: Connection) -> None:
    replica = Replica(store, 7, [alice, bob])
    await replica.live(5)
    before, facets = await psql.fetch("SELECT * FROM aibridge_sessions"), await psql.fetch(FACETS_KEPT)
    async with psql.transaction():
        await recompute(psql, [(row["session_id"], row["initiator_id"]) for row in before])
    after = await psql.fetch("SELECT * FROM aibridge_sessions")
    assert sorted(map(tuple, after)) == sorted(map(tuple, before))
    assert await psql.fetch(FACETS_KEPT) == facets


async def test_a_session_whose_rows_are_gone_goes_too(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice, client_session_id="s")
    await store.write_begun([start])
    await store.write_finished([finished(start)])
    async with psql.transaction():
        await psql.execute("DELETE FROM aibridge_interceptions")
        await recompute(psql, [("s", alice)])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_sessions") == 0
    assert await psql.fetchval("SELECT count(*) FROM aibridge_session_facets") == 0


async def test_a_finish_that_comes_while_a_session_is_recomputed_waits_and_counts(
    store: Store, alice: UUID, psql: Connection
) -> None:
    first, second = begun(alice, client_session_id="s"), begun(alice, client_session_id="s")
    await store.write_begun([first, second])
    await store.write_finished([finished(first)])
    async with psql.transaction():
        await recompute(psql, [("s", alice)])
        finishing = asyncio.gather(store.write_finished([finished(second)]))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while not await psql.fetchval(waiting):
            await psql.execute("SELECT pg_stat_clear_snapshot()")
        await recompute(psql, [("s", alice)])
    await finishing
    assert await psql.fetchval("SELECT interceptions FROM aibridge_sessions") == 2
    await exact(psql)


async def test_two_people_with_one_session_id_have_two_sessions(
    store: Store, alice: UUID, bob: UUID, psql: Connection
) -> None:
    for who, spent in ((alice, (100, 50)), (bob, (200, 75))):
        start = begun(who, client_session_id="shared")
        await store.write_begun([start])
        figures = usage(input_tokens=spent[0], output_tokens=spent[1])
        await store.write_finished([finished(start, token_usage=figures)])
    rows = await psql.fetch("SELECT input_tokens, output_tokens FROM aibridge_sessions ORDER BY 1")
    assert [tuple(row) for row in rows] == [(100, 50), (200, 75)]


async def test_two_ends_of_one_session_in_one_batch(store: Store, alice: UUID, psql: Connection) -> None:
    starts = [begun(alice, client_session_id="s", user_prompt=prompt(f"p{n}", at(n))) for n in range(2)]
    await store.write_begun(starts)
    await store.write_finished([finished(start, token_usage=usage()) for start in reversed(starts)])
    row = await psql.fetchrow(
        "SELECT interceptions, threads, input_tokens, first_prompt, last_prompt FROM aibridge_sessions"
    )
    assert row is not None
    assert tuple(row) == (2, 2, 200, "p0", "p1")


async def test_a_side_request_is_counted_and_is_no_thread(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice, client_session_id="s", side_request=True)
    await store.write_begun([start])
    end: dict[str, Any] = {"prompt_at": at(0), "prompt_excerpt": "make a title", "token_usage": usage()}
    await store.write_finished([finished(start, **end)])
    row = await psql.fetchrow(
        "SELECT interceptions, threads, input_tokens, last_prompt, last_active_at FROM aibridge_sessions"
    )
    assert row is not None
    assert tuple(row) == (1, 0, 100, None, at(0))


async def test_prompts_are_ordered_by_when_they_were_asked(store: Store, alice: UUID, psql: Connection) -> None:
    for moment in (5, 9, 1):
        start = begun(
            alice, client_session_id="s", user_prompt=prompt(f"at {moment}", at(moment)), started_at=at(moment)
        )
        await store.write_begun([start])
        await store.write_finished([finished(start)])
    row = await psql.fetchrow("SELECT first_prompt, last_prompt, last_active_at, started_at FROM aibridge_sessions")
    assert row is not None
    assert tuple(row) == ("at 1", "at 9", at(9), at(1))


async def test_what_is_in_flight_is_in_no_session(store: Store, alice: UUID, psql: Connection) -> None:
    await store.write_begun([begun(alice, client_session_id="s", user_prompt=prompt("p"))])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_sessions") == 0
