"""The books of usage are what a naive sum over everything that ever ended is, whatever happens at the same time."""

import asyncio
from datetime import timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.records import Outcome
from aibridge.store.bookkeeping import enter_costs
from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from support.lives import Replica, some_end, undertake
from support.rows import at, begun, call, finished, usage
from support.usages import Ended, ended, expected, kept

OPENING = ("0008_usage.sql", "0012_usage_of_all_and_by_month.sql")
"""What opens the books over a record that is there."""


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
        closed, everything = 0, dict[UUID, Ended]()
        for _ in range(3):
            done = asyncio.Event()
            beside = asyncio.gather(undertake(third, done), settle(third, done))
            await asyncio.gather(*(replica.live(6) for replica in replicas))
            done.set()
            closed += (await beside)[0]
            for replica in replicas:  # what was taken for dead ends after all, and what is closed stays so from here on
                await replica.write([some_end(replica.rng, start, replica.calls) for start in replica.open])
                replica.open = []
            await removal.some()
            everything = removal.removed | await ended(psql)
            assert len(removal.removed) > 0
            assert await kept(psql) == expected(everything.values())
        assert closed > 0
        await store.books.post()
        assert await psql.fetchval("SELECT count(*) FROM aibridge_usage_entries") == 0
        assert await kept(psql) == expected(everything.values())


async def carried(store: Store, initiator: UUID, **end: Any) -> UUID:
    start = begun(initiator, started_at=at(0))
    await store.write_begun([start])
    await store.write_finished([finished(start, **end)])
    return start.id


async def test_a_tool_is_entered_once_with_all_its_calls(store: Store, alice: UUID, psql: Connection) -> None:
    """A call without a name is a call, and of no tool."""
    await carried(
        store, alice, tool_usages=tuple(call(f"c{n}", tool=tool) for n, tool in enumerate(("a", "a", "b", "")))
    )
    entered = await psql.fetch("SELECT tool, requests, tool_calls FROM aibridge_usage_entries ORDER BY 1")
    assert [tuple(row) for row in entered] == [("", 1, 4), ("a", 1, 2), ("b", 1, 1)]


async def test_an_end_before_the_start_took_no_time(store: Store, alice: UUID, psql: Connection) -> None:
    """Clocks go back."""
    await carried(store, alice, ended_at=at(-3600))
    assert await psql.fetchval("SELECT durations FROM aibridge_usage_entries") == 1


async def test_what_is_in_flight_is_in_no_book(store: Store, alice: UUID, psql: Connection) -> None:
    await store.write_begun([begun(alice)])
    assert await kept(psql) == {}


async def test_taking_back_leaves_nothing_behind(store: Store, alice: UUID, psql: Connection) -> None:
    """Recovery's end is posted already when the real one comes: the books then know the real one only."""
    await store.recovery.register_gateway(gateway := uuid4(), hostname="h", pid=1, version="0")
    start = begun(alice, gateway_id=gateway)
    await store.write_begun([start])
    assert await store.recovery.recover(uuid4(), silence=timedelta(seconds=-1)) == 1
    await store.books.post()
    await store.write_finished([finished(start, token_usage=usage(), tool_usages=(call("c"),))])
    for _ in range(2):
        [each] = (await ended(psql)).values()
        assert each.outcome == Outcome.COMPLETED
        assert await kept(psql) == expected([each])
        await store.books.post(limit=1)


async def test_costs_are_entered_as_differences(store: Store, alice: UUID, psql: Connection) -> None:
    """With the tools of the request, and with nothing else changed."""
    one = await carried(store, alice, token_usage=usage(), tool_usages=(call("c"),))
    await carried(store, alice, token_usage=usage())
    await store.books.post()
    async with psql.transaction():
        await psql.execute("UPDATE aibridge_token_usages SET cost_micros = 70 WHERE interception_id = $1", one)
        await enter_costs(psql, [one], [70], [-1])
    everything = (await ended(psql)).values()
    assert sorted(each.figures()["cost_micros"] for each in everything) == [0, 70]
    assert await kept(psql) == expected(everything)


async def test_two_who_post_post_once(store: Store, alice: UUID, psql: Connection) -> None:
    """Whoever comes second leaves it to the first, and nobody who writes waits for either."""
    await carried(store, alice)
    async with psql.transaction():
        assert await psql.fetchval("SELECT pg_try_advisory_xact_lock(7019249737885774708)")
        assert await store.books.post() == 0
        await carried(store, alice)
    assert await store.books.post() == 2
    assert await kept(psql) == expected((await ended(psql)).values())


async def test_what_is_on_record_before_the_books_are_opened(
    store: Store, alice: UUID, bob: UUID, psql: Connection
) -> None:
    """The migrations post it all."""
    await Replica(store, 3, [alice, bob]).live(5)
    months = [begun(alice, started_at=at(timedelta(days=days).total_seconds())) for days in (29.4, 29.5, 40, 61)]
    await store.write_begun(months)
    await store.write_finished([finished(start, tool_usages=(call("c"),)) for start in months])
    migrations = [(files("aibridge.store") / "migrations" / name).read_text() for name in OPENING]
    await psql.execute("DROP TABLE aibridge_usage, aibridge_usage_entries")
    for migration in migrations:
        await psql.execute(migration)
    assert await kept(psql) == expected((await ended(psql)).values())
