"""Which price holds, for which name, at which moment."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations

import msgspec
import pytest

from aibridge.pricing import OwnPrice, Price, PriceBook, Rates, Shipped
from aibridge.pricing.book import MAX_NAME, REMEMBERED
from aibridge.pricing.matching import Clause, with_dashed_date
from aibridge.pricing.shipped import Dated, Model, PriceList

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

LISTS = Shipped(
    "list 1",
    {
        "anthropic": PriceList(
            (
                Model(
                    "opus",
                    Clause(starts_with="opus"),
                    (
                        Dated((Rates(input=10),)),
                        Dated((Rates(input=5),), date(2026, 3, 13)),
                        Dated((Rates(input=4),), date(2026, 6, 1)),
                    ),
                ),
                Model("voice", Clause(equals="voice")),
                Model("late", Clause(equals="late"), (Dated((Rates(input=7),), date(2026, 3, 13)),)),
            )
        ),
    },
)


def find(
    book: PriceBook, model: str, *, provider: str = "anthropic", name: str = "anthropic", at: datetime = NOW
) -> Price | None:
    return book.find(provider=provider, provider_name=name, model=model, at=at)


def listed(book: PriceBook, model: str, *, provider: str = "anthropic", name: str = "") -> str:
    found = find(book, model, provider=provider, name=name or provider)
    return found.listed_as if found else ""


def inputs(price: Price | None) -> int | None:
    return price.rates[0].input if price else None


class TestShippedNames:
    @pytest.mark.parametrize(
        "name",
        [
            "claude-sonnet-4-5",
            "claude-sonnet-4-5-20250929",
            "claude-sonnet-4.5",
            "CLAUDE-Sonnet-4-5",
            "claude-sonnet-4-5@20250929",
        ],
    )
    def test_snapshots_and_spellings_are_one_model(self, book: PriceBook, name: str) -> None:
        assert listed(book, name) == "anthropic/claude-sonnet-4-5"

    @pytest.mark.parametrize("name", ["gpt-5.2", "gpt-5.2-2025-12-11", "gpt-5.2-20251211"])
    def test_dates_of_snapshots_may_be_written_in_one_piece(self, book: PriceBook, name: str) -> None:
        assert listed(book, name, provider="openai") == "openai/gpt-5.2"

    @pytest.mark.parametrize("name", ["gpt-5.2-20251311", "gpt-5.2-20250230", "gpt-5.2-99991231"])
    def test_what_is_no_date_is_no_snapshot(self, book: PriceBook, name: str) -> None:
        assert find(book, name, provider="openai") is None

    @pytest.mark.parametrize("name", ["claude-opus-5-5", "claude-opus-5"])
    def test_a_name_that_begins_like_another_is_not_that_one(self, book: PriceBook, name: str) -> None:
        assert listed(book, name) == f"anthropic/{name}"

    @pytest.mark.parametrize("name", ["", "no-such-model", "claude", "gpt-5", "x" * (MAX_NAME + 1)])
    def test_an_unknown_model_has_no_price(self, book: PriceBook, name: str) -> None:
        assert find(book, name) is None

    def test_a_name_longer_than_the_record_keeps_is_nobodys(self, book: PriceBook) -> None:
        longest = "claude-sonnet-4-5-".ljust(MAX_NAME, "x")
        assert listed(book, longest) == "anthropic/claude-sonnet-4-5"
        assert find(book, longest + "x") is None

    def test_what_is_not_billed_by_tokens_has_no_price(self, book: PriceBook) -> None:
        """Audio has rates of its own, and our figures do not tell it apart: unknown, not wrong."""
        assert find(book, "gpt-realtime", provider="openai") is None
        assert find(book, "whisper-1", provider="openai") is None

    def test_what_a_plan_includes_is_free(self, book: PriceBook) -> None:
        """A price of nothing, not the lack of one."""
        found = find(book, "gpt-4o", provider="copilot")
        assert found is not None
        assert found.rates == (Rates(),)


class TestSellers:
    @pytest.mark.parametrize(
        ("provider", "name", "model", "expected"),
        [
            ("anthropic", "anthropic", "claude-opus-4-5", "anthropic/claude-opus-4-5"),
            ("anthropic", "research", "claude-opus-4-5", "anthropic/claude-opus-4-5"),
            ("openai", "openai", "o3", "openai/o3"),
            ("copilot", "copilot-business", "claude-sonnet-5", "github-copilot/claude-sonnet-5"),
            ("openai", "azure", "o3", "azure/o3-2025-04-16"),
            ("openai", "Azure_West-2", "gpt-5", "openai/gpt-5"),
            ("anthropic", "foundry-eu", "claude-opus-4-5", "anthropic/claude-opus-4-5"),
            ("anthropic", "vertex", "claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
            ("copilot", "copilot", "gpt-5.5-2026-04-23", "github-copilot/gpt-5.5"),
        ],
    )
    def test_an_instance_is_billed_by_whom_it_is_named_after_else_by_its_type(
        self, book: PriceBook, provider: str, name: str, model: str, expected: str
    ) -> None:
        """Those who sell others' models fall back on their lists."""
        assert listed(book, model, provider=provider, name=name) == expected

    def test_a_region_may_have_its_own_price(self, book: PriceBook) -> None:
        """Ten per cent more than anywhere."""
        model = "anthropic.claude-opus-4-5-20251101-v1:0"
        there = find(book, f"eu.{model}", name="bedrock")
        anywhere = find(book, f"global.{model}", name="bedrock")
        assert (inputs(there), inputs(anywhere)) == (5_500_000, 5_000_000)

    def test_nobody_falls_back_on_a_stranger(self, book: PriceBook) -> None:
        assert find(book, "claude-opus-4-5", provider="openai", name="openai") is None
        assert find(book, "gpt-5", provider="openai", name="bedrock") is None

    def test_an_unknown_type_has_no_list(self, book: PriceBook) -> None:
        assert find(book, "claude-opus-4-5", provider="elsewhere", name="elsewhere") is None

    def test_a_list_that_was_not_shipped_has_no_prices(self) -> None:
        assert find(PriceBook(LISTS), "opus", name="azure") is None


class TestDates:
    BOOK = PriceBook(LISTS)

    @pytest.mark.parametrize(
        ("at", "rate"),
        [
            (datetime(2020, 1, 1, tzinfo=UTC), 10),
            (datetime(2026, 3, 12, 23, 59, 59, 999999, tzinfo=UTC), 10),
            (datetime(2026, 3, 13, tzinfo=UTC), 5),
            (datetime(2026, 3, 13, 1, tzinfo=timezone(timedelta(hours=2))), 10),
            (datetime(2026, 5, 31, 23, tzinfo=timezone(timedelta(hours=-2))), 4),
            (datetime(2026, 6, 1, tzinfo=UTC), 4),
            (datetime(2096, 6, 1, tzinfo=UTC), 4),
        ],
    )
    def test_a_price_begins_at_midnight_utc(self, at: datetime, rate: int) -> None:
        assert inputs(find(self.BOOK, "opus", at=at)) == rate

    def test_a_price_says_since_when_and_by_whom(self) -> None:
        found = find(self.BOOK, "opus-1", at=datetime(2026, 4, 1, tzinfo=UTC))
        assert found == Price(
            source="list 1",
            listed_as="anthropic/opus",
            since=datetime(2026, 3, 13, tzinfo=UTC),
            rates=(Rates(input=5),),
        )
        first = find(self.BOOK, "opus-1", at=datetime(2026, 3, 1, tzinfo=UTC))
        assert first is not None
        assert first.since is None

    def test_the_first_known_price_holds_before_its_date(self) -> None:
        assert inputs(find(self.BOOK, "late", at=datetime(2020, 1, 1, tzinfo=UTC))) == 7

    def test_a_model_without_prices_has_none(self) -> None:
        assert find(self.BOOK, "voice") is None

    def test_a_real_change(self, book: PriceBook) -> None:
        """Sonnet 4.6 lost its price for long contexts in March 2026."""
        before = find(book, "claude-sonnet-4-6", at=datetime(2026, 3, 12, tzinfo=UTC))
        after = find(book, "claude-sonnet-4-6", at=datetime(2026, 3, 13, tzinfo=UTC))
        assert before is not None
        assert after is not None
        assert [rates.input for rates in before.rates] == [3_000_000, 6_000_000]
        assert [rates.input for rates in after.rates] == [3_000_000]


class TestOwnPrices:
    def test_the_most_specific_wins_whatever_their_order(self) -> None:
        """Instance and name, instance and the model of that name, then the same for the type, then the list."""
        steps = [
            OwnPrice(provider_name="eu", model="opus-7", rates=(Rates(input=1),)),
            OwnPrice(provider_name="eu", model="opus", rates=(Rates(input=2),)),
            OwnPrice(provider="anthropic", model="opus-7", rates=(Rates(input=3),)),
            OwnPrice(provider="anthropic", model="opus", rates=(Rates(input=4),)),
        ]
        for order in permutations(steps):
            book = PriceBook(LISTS, order)
            assert inputs(find(book, "opus-7", name="eu")) == 1
            assert inputs(find(book, "opus-8", name="eu")) == 2
            assert inputs(find(book, "opus-7")) == 3
            assert inputs(find(book, "opus-8")) == 4
        assert inputs(find(PriceBook(LISTS), "opus-7")) == 4  # the list's, of now

    def test_they_say_whose_they_are(self) -> None:
        since = datetime(2026, 1, 1, 8, tzinfo=UTC)
        own = OwnPrice(provider_name="eu", model="Opus", since=since, rates=(Rates(input=1, output=2),))
        found = find(PriceBook(LISTS, [own]), "opus", name="eu")
        assert found == Price(source="own", listed_as="eu/Opus", since=since, rates=own.rates)

    def test_they_price_what_no_list_has(self) -> None:
        own = [OwnPrice(provider="openai", model="llama-at-home", rates=(Rates(input=0, output=0),))]
        assert inputs(find(PriceBook(LISTS, own), "LLaMA-at-home", provider="openai", name="home")) == 0
        assert find(PriceBook(LISTS, own), "llama-at-home") is None

    def test_they_may_price_nothing(self) -> None:
        """A price without rates is a price."""
        found = find(PriceBook(LISTS, [OwnPrice(provider="anthropic", model="opus", rates=(Rates(),))]), "opus")
        assert found is not None
        assert found.rates == (Rates(),)

    def test_they_price_what_is_listed_without_a_price(self) -> None:
        own = [OwnPrice(provider="anthropic", model="voice", rates=(Rates(input=3),))]
        assert inputs(find(PriceBook(LISTS, own), "voice")) == 3

    def test_they_have_dates_too(self) -> None:
        """To the moment; before the first of them the next specific price holds."""
        first, second = datetime(2026, 9, 1, 12, tzinfo=UTC), datetime(2026, 10, 1, 12, tzinfo=UTC)
        own = [
            OwnPrice(provider_name="eu", model="opus", since=second, rates=(Rates(input=2),)),
            OwnPrice(provider_name="eu", model="opus", since=first, rates=(Rates(input=1),)),
            OwnPrice(provider="anthropic", model="opus", rates=(Rates(input=3),)),
        ]
        book, instant = PriceBook(LISTS, own), timedelta(microseconds=1)
        moments = [first - instant, first, second - instant, second]
        assert [inputs(find(book, "opus", name="eu", at=at)) for at in moments] == [3, 1, 1, 2]

    def test_what_held_a_moment_before_is_not_remembered_beyond_it(self) -> None:
        """A price is looked up once for as long as none begins: to the microsecond, in either order of asking."""
        begins = NOW + timedelta(microseconds=1)
        book = PriceBook(LISTS, [OwnPrice(provider="anthropic", model="opus", since=begins, rates=(Rates(input=1),))])
        shown = [inputs(find(book, "opus", at=at)) for at in (NOW, begins, NOW, begins)]
        assert shown == [4, 1, 4, 1]

    def test_two_that_begin_at_once_are_refused(self) -> None:
        own = OwnPrice(provider="anthropic", model="opus", since=NOW, rates=(Rates(),))
        with pytest.raises(ValueError, match="Two prices for OPUS begin at the same time"):
            PriceBook(LISTS, [own, msgspec.structs.replace(own, model="OPUS")])

    @pytest.mark.parametrize("place", [{}, {"provider": "openai", "provider_name": "azure"}])
    def test_one_is_for_a_type_or_for_an_instance(self, place: dict[str, str]) -> None:
        with pytest.raises(msgspec.ValidationError, match="for a provider type or for one instance"):
            msgspec.convert({**place, "model": "opus", "rates": [{}]}, OwnPrice)

    @pytest.mark.parametrize("thresholds", [[], [1], [0, 0], [0, 200, 100]])
    def test_rates_are_in_the_order_of_their_contexts(self, thresholds: list[int]) -> None:
        with pytest.raises(ValueError, match="begin above 0"):
            OwnPrice(provider="openai", model="opus", rates=tuple(Rates(above=above) for above in thresholds))

    def test_a_start_needs_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="needs a time zone"):
            OwnPrice(provider="openai", model="opus", since=datetime(2026, 1, 1), rates=(Rates(),))  # noqa: DTZ001 - it is refused


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("m-20251211", "m-2025-12-11"),
        ("m-20251211:free", "m-2025-12-11:free"),
        ("m-20251211-x", "m-2025-12-11-x"),
        ("m-202512119", "m-202512119"),
        ("m-20251211x", "m-20251211x"),
        ("m-20250229", "m-20250229"),
        ("m-2025-12-11", "m-2025-12-11"),
    ],
)
def test_dashes_come_into_whole_dates_only(written: str, read: str) -> None:
    assert with_dashed_date(written) == read


def test_a_book_remembers_no_more_names_than_it_should() -> None:
    """Clients make names up."""
    book = PriceBook(LISTS)
    for number in range(REMEMBERED + 100):
        find(book, f"opus-{number}")
    assert book._find.cache_info().currsize == REMEMBERED


@pytest.mark.parametrize(
    ("clause", "meant", "not_meant"),
    [
        (Clause(equals="a-1"), ["a-1"], ["a-12", "-a-1"]),
        (Clause(starts_with="a-1"), ["a-1", "a-12"], ["-a-1"]),
        (Clause(ends_with="a-1"), ["a-1", "-a-1"], ["a-12"]),
        (Clause(contains="a-1"), ["a-1", "-a-12"], ["a1"]),
        (Clause(regex=r"^a-\d$"), ["a-1", "a-2"], ["a-12"]),
        (Clause(any_of=(Clause(equals="a"), Clause(equals="b"))), ["a", "b"], ["ab", ""]),
        (Clause(all_of=(Clause(starts_with="a"), Clause(ends_with="b"))), ["ab", "acb"], ["a", "b"]),
        (Clause(), [], ["", "a"]),
    ],
)
def test_clauses(clause: Clause, meant: list[str], not_meant: list[str]) -> None:
    """Each form of them."""
    assert [name for name in meant if not clause.matches(name)] == []
    assert [name for name in not_meant if clause.matches(name)] == []
