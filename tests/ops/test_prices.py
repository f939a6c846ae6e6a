"""What is recorded costs what its provider bills for it, to the micro-dollar, and prices that change change nothing."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog

from aibridge.errors import NotFound, StoreError
from aibridge.ops.metrics import Metrics
from aibridge.ops.prices.desk import MAX_MET, PriceDesk
from aibridge.pricing import OwnPrice, Rates
from aibridge.recording.pricing import FAILED
from aibridge.recording.recorder import Recorder, open_recorder
from aibridge.recording.rows import BodyProof, Credential, Ending, Origin
from aibridge.records import (
    CredentialKind,
    CredentialType,
    Outcome,
    ProviderType,
    ReplyFacts,
    RequestFacts,
    TokenUsage,
)
from aibridge.store.connections import Connection
from aibridge.store.interceptions import ReadInterception
from aibridge.store.pool import Store
from support import rollups

PROOF = BodyProof(received="ab" * 32, sent="ab" * 32)
DONE = Ending(outcome=Outcome.COMPLETED, status_code=200)
CUT = Ending(outcome=Outcome.CANCELLED, status_code=200, partial=True)
HUNDREDS = TokenUsage(input=100, output=200, cache_read=50, cache_write=10)
"""The example of docs/pricing.md: 1555 micro-dollars at OURS."""
OURS = Rates(input=3_000_000, output=6_000_000, cache_read=300_000, cache_write=4_000_000)


class House:
    """A worker's desk and recorder, at a time of our choice."""

    def __init__(self, store: Store, who: UUID) -> None:
        self.store, self.who = store, who
        self.now = time.time()
        self.metrics = Metrics()
        self.desk = PriceDesk(store.prices.own, self.metrics)
        self.recorder: Recorder

    async def carry(
        self,
        usage: TokenUsage | None,
        model: str = "claude-sonnet-4-5",
        *,
        provider: ProviderType = ProviderType.ANTHROPIC,
        name: str = "",
        answered_by: str = "",
        ending: Ending = DONE,
        session: str = "s",
    ) -> ReadInterception:
        """A request from its begin to its end, read back."""
        origin = Origin(
            initiator_id=self.who,
            api_token_id="token",
            gateway_id=uuid4(),
            provider=provider,
            provider_name=name or provider,
            endpoint="/v1/messages",
            credential=Credential(kind=CredentialKind.CENTRALIZED, type=CredentialType.API_KEY, hint="..."),
        )
        asked = RequestFacts(model=model, client_session_id=session)
        begin = self.recorder.begin(
            self.recorder.new_id(), started_at=self.recorder.now(), origin=origin, facts=asked, proof=PROOF
        )
        finish = self.recorder.finish(begin, ending, ReplyFacts(token_usage=usage, model=answered_by))
        assert await finish.promise is None
        found = await self.store.reader.interception(begin.row.id, None)
        assert found is not None
        return found

    def unpriced(self) -> list[str]:
        """The series of the figure."""
        page = self.metrics.render()[0].decode()
        return [line for line in page.splitlines() if line.startswith("aibridge_unpriced_token_usages_total{")]


@pytest.fixture
async def house(store: Store, alice: UUID) -> AsyncIterator[House]:
    made = House(store, alice)
    async with open_recorder(store, clock=lambda: made.now, pricing=made.desk) as recorder:
        made.recorder = recorder
        yield made


async def own(store: Store, model: str, *rates: Rates, **where: Any) -> None:
    for_ = where if "provider_name" in where or "provider" in where else {"provider": "anthropic", **where}
    await store.prices.set(OwnPrice(model=model, rates=rates, **for_), by="olga")


def only_cost(found: ReadInterception) -> int | None:
    [usage] = found.token_usages
    assert usage.cost_micros == found.cost_micros
    return found.cost_micros


# ------------------------------------------------------------------ the sum, end to end


async def test_the_record_says_what_it_cost_and_by_which_price(house: House) -> None:
    await own(house.store, "Claude-Sonnet-4-5", OURS, since=datetime(2026, 1, 1, tzinfo=UTC))
    await house.desk.reload()
    found = await house.carry(HUNDREDS)
    [usage] = found.token_usages
    assert found.cost_micros == usage.cost_micros == 300 + 1200 + 15 + 40
    assert (usage.price_source, usage.price_listed_as) == ("own", "anthropic/claude-sonnet-4-5")
    assert usage.price_since == datetime(2026, 1, 1, tzinfo=UTC)
    assert (usage.input_price_micros, usage.output_price_micros) == (3_000_000, 6_000_000)
    assert (usage.cache_read_price_micros, usage.cache_write_price_micros) == (300_000, 4_000_000)
    assert usage.cache_write_1h_price_micros is None
    assert not usage.cost_lower_bound


@pytest.mark.parametrize(
    ("provider", "model", "day", "usage", "micros"),
    [
        # github.com/BerriAI/litellm/issues/9812: the console told $0.04614 + $0.00825
        ("anthropic", "claude-3-7-sonnet-20250219", (2025, 4, 8), (3, 550, 0, 12_304), 9 + 46_140 + 8_250),
        # github.com/BerriAI/litellm/issues/11364
        ("anthropic", "claude-sonnet-4-20250514", (2025, 6, 3), (6, 102, 30_940, 460), 18 + 1_530 + 9_282 + 1_725),
        # github.com/maximhq/bifrost/issues/3451: the provider charged $1.06376125
        ("anthropic", "claude-opus-4-7", (2026, 5, 13), (6, 2_745, 0, 159_217), 1_063_761),
        # github.com/maximhq/bifrost/issues/904: most of it came from the cache
        ("openai", "gpt-5", (2025, 11, 21), (51_232, 12_909, 1_188_096, None), 64_040 + 129_090 + 148_512),
    ],
)
async def test_invoices_that_people_published_are_met_to_the_micro_dollar(
    house: House,
    provider: str,
    model: str,
    day: tuple[int, int, int],
    usage: tuple[int | None, ...],
    micros: int,
) -> None:
    house.now = datetime(*day, tzinfo=UTC).timestamp()
    input_, output, read, written = usage
    spent = TokenUsage(input=input_, output=output, cache_read=read, cache_write=written)
    found = await house.carry(spent, model, provider=ProviderType(provider))
    assert only_cost(found) == micros
    assert found.token_usages[0].price_source == house.desk.book._shipped.source


async def test_what_was_written_for_an_hour_costs_its_own_rate(house: House) -> None:
    """github.com/can1357/oh-my-pi/issues/6876: the answer tells it in its metadata."""
    house.now = datetime(2026, 7, 28, tzinfo=UTC).timestamp()
    split = {"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 344_139}}
    found = await house.carry(TokenUsage(input=0, output=0, cache_write=344_139, metadata=split), "claude-opus-5")
    assert only_cost(found) == 3_441_390


async def test_what_no_list_knows_of_is_a_lower_bound_with_a_note(house: House) -> None:
    """But for the house's own prices: it knows what they are for."""
    fast = TokenUsage(input=1_000_000, output=0, metadata={"speed": "fast"})
    note = "priced at the standard rate, which does not know of speed fast"
    found = await house.carry(fast, "claude-opus-4-6")
    assert (only_cost(found), found.token_usages[0].cost_lower_bound, found.notes) == (5_000_000, True, [note])
    tier = TokenUsage(input=100_000, output=0, metadata={"service_tier": "flex"})
    found = await house.carry(tier, "gpt-5", provider=ProviderType.OPENAI)
    assert (only_cost(found), found.token_usages[0].cost_lower_bound, len(found.notes)) == (125_000, False, 1)
    await own(house.store, "claude-opus-4-6", Rates(input=30_000_000, output=150_000_000))
    await house.desk.reload()
    found = await house.carry(fast, "claude-opus-4-6")
    assert (only_cost(found), found.token_usages[0].cost_lower_bound, found.notes) == (30_000_000, False, [])


async def test_an_answer_that_was_cut_costs_at_least_what_it_told(house: House) -> None:
    found = await house.carry(TokenUsage(input=100_000, partial=True), ending=CUT)
    assert only_cost(found) == 300_000
    assert found.token_usages[0].cost_lower_bound


async def test_an_answer_without_token_figures_is_neither_priced_nor_unpriced(house: House, psql: Connection) -> None:
    assert (await house.carry(None)).cost_micros is None
    assert await psql.fetchval("SELECT unpriced FROM aibridge_sessions") == 0
    assert house.unpriced() == []


async def test_figures_that_give_no_sum_keep_their_price_and_say_why(house: House, psql: Connection) -> None:
    found = await house.carry(TokenUsage(input=10**12 + 1, output=1))
    assert only_cost(found) is None
    assert found.token_usages[0].price_listed_as == "anthropic/claude-sonnet-4-5"
    assert "a token figure is out of range, so there is no cost" in found.notes
    assert await psql.fetchval("SELECT unpriced FROM aibridge_sessions") == 1


# ------------------------------------------------------------------ which model


async def test_the_requested_model_decides(house: House) -> None:
    found = await house.carry(TokenUsage(input=1_000_000, output=0), "claude-haiku-4-5", answered_by="claude-opus-4-5")
    assert only_cost(found) == 1_000_000


async def test_a_model_that_stepped_in_is_billed_at_its_own_price(house: House) -> None:
    """Anthropic answers with a fallback where the requested model declines, and says so among the samplings."""
    usage = TokenUsage(input=1_000_000, output=0, metadata={"iterations": [{"type": "fallback_message"}]})
    found = await house.carry(usage, "claude-haiku-4-5", answered_by="claude-opus-4-5")
    assert only_cost(found) == 5_000_000
    assert only_cost(await house.carry(usage, "claude-haiku-4-5")) == 1_000_000


async def test_where_the_requested_model_has_no_price_the_answers_has(house: House) -> None:
    """A deployment has a name of the deployment's own; the answer says what stands behind it."""
    found = await house.carry(
        TokenUsage(input=1_000_000, output=0),
        "team-blue",
        provider=ProviderType.OPENAI,
        name="azure-eu",
        answered_by="gpt-5-2025-08-07",
    )
    assert only_cost(found) == 1_250_000


async def test_an_own_price_of_a_deployment_wins_over_the_model_behind_it(house: House) -> None:
    await own(house.store, "team-blue", Rates(input=7_000_000), provider_name="azure-eu")
    await house.desk.reload()
    found = await house.carry(
        TokenUsage(input=1_000_000, output=5),
        "team-blue",
        provider=ProviderType.OPENAI,
        name="azure-eu",
        answered_by="gpt-5",
    )
    assert only_cost(found) == 7_000_000


# ------------------------------------------------------------------ unpriced is visible


async def test_a_model_without_a_price_is_counted_logged_once_and_never_free(house: House, psql: Connection) -> None:
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert only_cost(await house.carry(HUNDREDS, "in-house-7b", name="own-gpu")) is None
    assert [line["model"] for line in logs] == ["in-house-7b"]
    assert house.unpriced() == ['aibridge_unpriced_token_usages_total{model="in-house-7b",provider="own-gpu"} 3.0']
    [session] = await psql.fetch("SELECT cost_micros, unpriced FROM aibridge_sessions")
    assert tuple(session) == (0, 3)


async def test_names_that_clients_make_up_fill_neither_log_nor_memory(house: House) -> None:
    with structlog.testing.capture_logs() as logs:
        for number in range(MAX_MET + 50):
            house.desk._tell("anthropic", f"made-up-{number}", known=False)
    assert len(logs) == MAX_MET
    assert len(house.unpriced()) <= 501


# ------------------------------------------------------------------ what may go wrong


async def test_pricing_that_fails_leaves_the_record_whole(store: Store, alice: UUID) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    made = House(store, alice)
    async with open_recorder(store, clock=time.time, pricing=broken) as made.recorder:
        found = await made.carry(HUNDREDS)
    assert only_cost(found) is None
    assert found.token_usages[0].output_tokens == 200
    assert found.notes == [FAILED]


async def test_a_table_that_holds_no_prices_leaves_those_from_before(house: House, psql: Connection) -> None:
    await own(house.store, "claude-sonnet-4-5", OURS)
    await house.desk.reload()
    await psql.execute("""UPDATE aibridge_prices SET rates = '[{"input": -1}]'""")
    with structlog.testing.capture_logs() as logs:
        await house.desk.reload()
    assert [line["log_level"] for line in logs] == ["error"]
    assert only_cost(await house.carry(HUNDREDS)) == 1555


async def test_a_session_sums_up_what_has_a_price_and_counts_what_has_none(house: House, psql: Connection) -> None:
    assert only_cost(await house.carry(TokenUsage(input=100_000, output=0))) == 300_000
    await house.carry(TokenUsage(input=1, output=1), "in-house")
    await rollups.exact(psql)
    [session] = await psql.fetch("SELECT cost_micros, unpriced FROM aibridge_sessions")
    assert tuple(session) == (300_000, 1)


# ------------------------------------------------------------------ own prices


async def test_a_changed_price_never_touches_what_is_on_record(house: House) -> None:
    await own(house.store, "claude-sonnet-4-5", OURS)
    await house.desk.reload()
    before = await house.carry(HUNDREDS)
    await own(house.store, "claude-sonnet-4-5", Rates(input=1))
    await house.desk.reload()
    assert only_cost(await house.carry(HUNDREDS)) == 0, "a rate that is left out costs nothing"
    assert await house.store.reader.interception(before.id, None) == before


async def test_prices_hold_from_their_moment_on(house: House) -> None:
    house.now = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    await own(house.store, "claude-sonnet-4-5", Rates(input=1_000_000))
    await own(house.store, "claude-sonnet-4-5", Rates(input=2_000_000), since=noon + timedelta(seconds=1))
    await house.desk.reload()
    spent = TokenUsage(input=10, output=0)
    assert only_cost(await house.carry(spent)) == 10
    house.now += 1
    assert only_cost(await house.carry(spent)) == 20


async def test_setting_the_same_again_replaces_it_and_removing_takes_it_away(store: Store) -> None:
    await own(store, "Model-X", Rates(input=1))
    await own(store, "model-x", Rates(input=2), Rates(above=200_000, input=4))
    [found] = await store.prices.all()
    assert (found.price.model, found.price.rates[1].above, found.set_by) == ("model-x", 200_000, "olga")
    await store.prices.remove(OwnPrice(provider="anthropic", model="MODEL-X", rates=(Rates(),)))
    assert await store.prices.all() == []
    with pytest.raises(NotFound):
        await store.prices.remove(found.price)


async def test_prices_that_cannot_be_read_leave_those_from_before(house: House, psql: Connection) -> None:
    """Whoever reloads hears of it and tries again."""
    await psql.execute("ALTER TABLE aibridge_prices RENAME TO elsewhere")
    with pytest.raises(StoreError):
        await house.desk.reload()
    assert only_cost(await house.carry(TokenUsage(input=100_000, output=0))) == 300_000
