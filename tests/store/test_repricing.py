"""Pricing anew: every sum follows, whatever else is written meanwhile, and doing it again changes nothing."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest

from aibridge.ops.prices.costs import price_of, pricing_by, shipped
from aibridge.ops.prices.repricing import reprice
from aibridge.pricing import OwnPrice, PriceBook, Rates
from aibridge.records import TokenUsageRow
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.repricing import Repriced, Window
from support import rollups, usages
from support.inventing import Records
from support.rows import NOON, begun, call, finished, usage

ALWAYS = Window(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))
COSTS = "SELECT sum(cost_micros) FROM aibridge_token_usages"


def book(*own: OwnPrice) -> PriceBook:
    return PriceBook(shipped(), own)


def own(model: str, input_: int, **more: Any) -> OwnPrice:
    return OwnPrice(model=model, rates=(Rates(input=input_, output=0),), **({"provider": "anthropic"} | more))


async def all_of(store: Store, by: PriceBook, window: Window = ALWAYS, *, dry_run: bool = False) -> Repriced:
    done = Repriced()
    async for part, _ in reprice(store.repricing, by, window, dry_run=dry_run):
        done += part
    return done


async def exact(psql: Connection, by: PriceBook) -> None:
    """Every usage costs what the book says of its moment; sessions and books of usage are their sums."""
    rows = await psql.fetch("""
        SELECT u.*, i.provider, i.provider_name, i.model, i.response_model FROM aibridge_token_usages AS u
        JOIN aibridge_interceptions AS i ON i.id = u.interception_id WHERE i.ended_at IS NOT NULL
    """)
    for row in rows:
        fields = {name: row[name] for name in TokenUsageRow.__struct_fields__ if name != "cost"}
        where = {name: row[name] for name in ("provider", "provider_name", "model", "response_model")}
        cost, _ = price_of(by, TokenUsageRow(**fields), **where)
        assert row["cost_micros"] == (cost.micros if cost else None)
    await sums_are_exact(psql)


async def sums_are_exact(psql: Connection) -> None:
    await rollups.exact(psql)
    assert await usages.kept(psql) == usages.expected((await usages.ended(psql)).values())


async def carried(store: Store, who: UUID, *models: str, **changes: Any) -> list[UUID]:
    starts = [begun(who, model=model, client_session_id="s", **changes) for model in models]
    await store.write_begun(starts)
    await store.write_finished([finished(start, token_usage=usage(), tool_usages=(call("c"),)) for start in starts])
    return [start.id for start in starts]


async def test_what_had_no_price_gets_it_and_every_sum_follows(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "in-house", "in-house", "claude-haiku-4-5")
    [session] = await psql.fetch("SELECT cost_micros, unpriced FROM aibridge_sessions")
    assert tuple(session) == (0, 3)
    by = book(own("in-house", 1_000_000))
    done = await all_of(store, by)
    assert (done.interceptions, done.usages, done.changed, done.gained, done.unpriced) == (3, 3, 3, 3, 0)
    assert done.cost_before == 0
    assert done.cost_after == await psql.fetchval(COSTS) > 200
    await exact(psql, by)
    [row] = await psql.fetch("SELECT * FROM aibridge_token_usages WHERE price_source = 'own' LIMIT 1")
    assert (row["price_listed_as"], row["input_price_micros"], row["cost_micros"]) == ("anthropic/in-house", 10**6, 100)


async def test_doing_it_again_changes_nothing(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "in-house", "claude-haiku-4-5", "nobody-knows")
    by = book(own("in-house", 1_000_000))
    first = await all_of(store, by)
    before = await psql.fetch("SELECT xmin, * FROM aibridge_token_usages ORDER BY id")
    again = await all_of(store, by)
    assert (again.changed, again.gained, again.unpriced) == (0, 0, 1)
    assert again.cost_before == again.cost_after == first.cost_after
    assert await psql.fetch("SELECT xmin, * FROM aibridge_token_usages ORDER BY id") == before


async def test_a_dry_run_tells_all_and_touches_nothing(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "in-house", "claude-haiku-4-5")
    before = await psql.fetch("SELECT xmin, * FROM aibridge_token_usages ORDER BY id")
    by = book(own("in-house", 1_000_000))
    told = await all_of(store, by, dry_run=True)
    assert await psql.fetch("SELECT xmin, * FROM aibridge_token_usages ORDER BY id") == before
    assert told == await all_of(store, by)


async def test_a_price_that_is_gone_leaves_no_cost_behind(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "in-house")
    await all_of(store, book(own("in-house", 1_000_000)))
    done = await all_of(store, book())
    assert (done.changed, done.lost, done.unpriced, done.cost_after) == (1, 1, 1, 0)
    [row] = await psql.fetch("SELECT * FROM aibridge_token_usages")
    assert (row["cost_micros"], row["price_source"], row["price_since"], row["input_price_micros"]) == (None,) * 4
    await exact(psql, book())


async def test_each_usage_is_priced_as_of_its_own_moment(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "m")
    later = own("m", 5_000_000, since=NOON + timedelta(seconds=1))
    await all_of(store, book(own("m", 1_000_000), later))
    assert await psql.fetchval(COSTS) == 100
    await all_of(store, book(own("m", 1_000_000), own("m", 5_000_000, since=NOON)))
    assert await psql.fetchval(COSTS) == 500


async def test_only_the_window_and_only_the_model_are_touched(store: Store, psql: Connection, alice: UUID) -> None:
    hours = [timedelta(hours=n) for n in range(4)]
    for hour in hours:
        await carried(store, alice, "m", "n", started_at=NOON + hour)
    window = Window(start=NOON + hours[1], end=NOON + hours[3], model="m")
    by = book(own("m", 1_000_000), own("n", 1_000_000))
    done = await all_of(store, by, window)
    assert (done.interceptions, done.changed) == (2, 2), "from the start on, and before the end"
    assert await psql.fetchval(COSTS) == 200
    await sums_are_exact(psql)


async def test_broken_off_and_begun_again_it_comes_to_the_same(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, *["m"] * 5)
    by = book(own("m", 1_000_000))
    part, place = await store.repricing.batch(ALWAYS, pricing_by(by), limit=2)
    assert part.changed == 2
    await rollups.exact(psql)
    rest, _ = await store.repricing.batch(ALWAYS, pricing_by(by), after=place, limit=10)
    assert rest.changed == 3
    assert (await all_of(store, by)).changed == 0
    await exact(psql, by)


async def test_a_newer_list_that_says_the_same_writes_nothing(store: Store, psql: Connection, alice: UUID) -> None:
    await carried(store, alice, "claude-haiku-4-5")
    await all_of(store, book())
    await psql.execute("UPDATE aibridge_token_usages SET price_source = 'genai-prices 0.0.1'")
    assert (await all_of(store, book())).changed == 0
    assert await psql.fetchval("SELECT price_source FROM aibridge_token_usages") == "genai-prices 0.0.1"


async def test_what_is_in_flight_and_what_told_no_tokens_is_left_alone(
    store: Store, psql: Connection, alice: UUID
) -> None:
    flying, silent = begun(alice, model="m"), begun(alice, model="m")
    await store.write_begun([flying, silent])
    await store.write_finished([finished(silent)])
    done = await all_of(store, book(own("m", 1_000_000)))
    assert (done.interceptions, done.usages, done.changed) == (1, 0, 0)
    await rollups.exact(psql)


async def test_what_was_recorded_before_there_were_prices_is_unpriced(
    store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    """The migration says so of its sessions; pricing anew then prices it."""
    await Records(store, [alice, bob], 5).write(60)
    await psql.execute("UPDATE aibridge_sessions SET unpriced = 0")
    migration = (files("aibridge.store") / "migrations" / "0007_prices.sql").read_text()
    await psql.execute(migration[migration.index("UPDATE aibridge_sessions") : migration.index("CREATE TABLE")])
    await sums_are_exact(psql)
    assert await psql.fetchval("SELECT sum(unpriced) FROM aibridge_sessions") > 20
    by, _ = _some_books(random.Random(5))
    assert (await all_of(store, by)).gained > 0
    await exact(psql, by)


@pytest.mark.parametrize("seed", range(4))
async def test_sums_are_exact_after_two_at_once_beside_requests_that_end(
    store: Store, psql: Connection, alice: UUID, bob: UUID, seed: int
) -> None:
    records, books = Records(store, [alice, bob], seed), _some_books(random.Random(seed))
    await records.write(120)
    async with asyncio.TaskGroup() as at_once:
        for by in books:
            at_once.create_task(_in_small_batches(store, by))
        at_once.create_task(records.write(60))
        at_once.create_task(store.books.post())
    await sums_are_exact(psql)
    assert (await all_of(store, books[1])).cost_after == await psql.fetchval(COSTS) > 0
    await exact(psql, books[1])


async def test_sums_are_exact_beside_an_erasure(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    """What has gone is not priced, and nobody waits for ever. The books keep its numbers, at either price."""
    records, (by, _) = Records(store, [alice, bob], 1), _some_books(random.Random(1))
    await records.write(120)
    erasure = UUID(int=1)
    await store.keeping.begin_erasure(erasure, by="root@here", user_id=bob)
    async with asyncio.TaskGroup() as at_once:
        at_once.create_task(_in_small_batches(store, by))
        at_once.create_task(_erase(store, erasure, bob))
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE initiator_id = $1", bob) == 0
    await rollups.exact(psql)


def _some_books(chance: random.Random) -> tuple[PriceBook, PriceBook]:
    models = ("claude-opus", "claude-opus-old", "o3%_")
    for_type, for_model = (
        [own(model, chance.randrange(1, 10**9), provider=kind) for model in models for kind in kinds]
        for kinds in (("anthropic",), ("anthropic", "openai", "copilot"))
    )
    return book(*for_type), book(*for_model)


async def _erase(store: Store, erasure: UUID, whose: UUID) -> None:
    while await store.keeping.erase_of_user(erasure, whose, limit=10):
        pass


async def _in_small_batches(store: Store, by: PriceBook) -> None:
    place = None
    while True:
        _, place = await store.repricing.batch(ALWAYS, pricing_by(by), after=place, limit=7)
        if place is None:
            return
