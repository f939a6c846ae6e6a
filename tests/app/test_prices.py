"""Own prices hold in every worker as soon as they are set, also those that were set while it could not hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import structlog.testing

from aibridge.app.hearing import ears_of, hear
from aibridge.app.prices import follow_prices, open_prices
from aibridge.auth.identify import Identifier
from aibridge.demo.script import Text
from aibridge.ops.metrics import Metrics
from aibridge.ops.prices.desk import PriceDesk
from aibridge.pricing import OwnPrice, Rates
from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from aibridge.web.live import Live
from support import asking
from support.rows import NOON
from support.stage import Stage, open_stage

END_LISTENERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aibridge-listen'"


class Desk(PriceDesk):
    """Tells whoever waits that it has read the prices once more."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.prices.own, Metrics())
        self.read = asyncio.Condition()

    async def reload(self) -> None:
        await super().reload()
        async with self.read:
            self.read.notify_all()

    async def knows(self, model: str, rate: int | None) -> None:
        """Return when the price of a model is this."""
        async with asyncio.timeout(60), self.read:
            await self.read.wait_for(lambda: self.rate(model) == rate)

    def rate(self, model: str) -> int | None:
        price = self.book.find(provider="anthropic", provider_name="anthropic", model=model, at=NOON)
        return price.rates[0].input if price else None


@asynccontextmanager
async def hearing(desk: Desk, store: Store, database: str) -> AsyncIterator[None]:
    changed = asyncio.Event()
    ears = ears_of(Identifier(store.people), Live(), changed.set)
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(work) for work in (hear(database, ears), follow_prices(desk, changed))]
        yield
        for task in both:
            task.cancel()


def own(rate: int) -> OwnPrice:
    return OwnPrice(provider="anthropic", model="m", rates=(Rates(input=rate),))


async def test_a_worker_begins_with_the_prices_of_now(store: Store) -> None:
    await store.prices.set(own(7), by="olga")
    desk = await open_prices(store, Metrics())
    assert desk.book.find(provider="anthropic", provider_name="x", model="M", at=NOON) is not None


async def test_what_is_set_changed_or_removed_is_heard(store: Store, database: str) -> None:
    desk = Desk(store)
    async with hearing(desk, store, database):
        for rate in (1, 2):
            await store.prices.set(own(rate), by="olga")
            await desk.knows("m", rate)
        await store.prices.remove(own(0))
        await desk.knows("m", None)


async def test_what_was_set_while_nobody_heard_holds_after_the_reconnect(
    store: Store, psql: Connection, database: str
) -> None:
    desk = Desk(store)
    async with hearing(desk, store, database):
        await store.prices.set(own(1), by="olga")
        await desk.knows("m", 1)
        await psql.execute("UPDATE aibridge_prices SET rates = '[{\"input\": 9}]'")  # nobody is told
        await psql.execute(f"{END_LISTENERS} AND datname = current_database()")
        await desk.knows("m", 9)


async def test_prices_that_cannot_be_read_just_now_are_read_again(
    store: Store, psql: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who is served notices: the prices from before hold."""
    monkeypatch.setattr("aibridge.app.prices.RELOAD_SECONDS", 0.01)
    await store.prices.set(own(3), by="olga")
    await psql.execute("ALTER TABLE aibridge_prices RENAME TO elsewhere")
    desk, logged = Desk(store), asyncio.Event()

    def note(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        logged.set()
        raise structlog.DropEvent

    with structlog.testing.capture_logs(processors=[note]):
        async with hearing(desk, store, database):
            async with asyncio.timeout(60):
                await logged.wait()
            assert desk.rate("m") is None
            await psql.execute("ALTER TABLE elsewhere RENAME TO aibridge_prices")
            await desk.knows("m", 3)


async def test_a_request_through_the_whole_program_is_priced_by_the_prices_of_its_moment(database: str) -> None:
    """A price that is set while the gateway runs holds for the next request, and for none before."""
    async with open_stage(database) as stage, open_store(database) as store:
        stage.says(Text("hello"))
        first = await _carried(stage)
        assert first["token_usages"][0]["price_source"].startswith("genai-prices")
        assert first["cost_micros"] > 0
        free = OwnPrice(provider="anthropic", model=first["model"], rates=(Rates(),))
        await store.prices.set(free, by="olga")
        async with asyncio.timeout(60):
            while (last := await _carried(stage))["cost_micros"] != 0:
                pass
        assert last["token_usages"][0]["price_source"] == "own"
        assert (await stage.gateway.interceptions())[-1]["cost_micros"] == first["cost_micros"]


async def _carried(stage: Stage) -> dict[str, Any]:
    """The newest of all requests, after one more."""
    before = len(await stage.gateway.interceptions())
    answer = await stage.gateway.post("/v1/messages", asking.messages(model="claude-haiku-4-5"))
    assert answer.status_code == 200
    return (await stage.gateway.ended(before + 1))[0]
