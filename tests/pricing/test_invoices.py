"""What people were billed, or worked out by hand, when they reported that another gateway told them something else.

Each row has the issue, the figures of the provider as they stand on our record, and the right sum in micro-dollars.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_usage import RESPONSES, token_usage
from aibridge.pricing import OwnPrice, PriceBook, Rates, Shipped, Tokens, cost_of, one_hour_writes


class Billed(NamedTuple):
    """An answer and its right sum."""

    issue: str
    provider: str
    model: str
    at: datetime
    tokens: Tokens
    micros: int


INVOICES = [
    Billed(
        # litellm told $0.091311: what was written was charged as input, too. The console: $0.04614 + $0.00825.
        "github.com/BerriAI/litellm/issues/9812",
        "anthropic",
        "claude-3-7-sonnet-20250219",
        datetime(2025, 4, 8, tzinfo=UTC),
        Tokens(input=3, output=550, cache_read=0, cache_write=12_304),
        9 + 46_140 + 8_250,
    ),
    Billed(
        # litellm told $0.096093: what was read was charged as input. Its own later test has the sum below.
        "github.com/BerriAI/litellm/issues/11364",
        "anthropic",
        "claude-sonnet-4-20250514",
        datetime(2025, 6, 3, tzinfo=UTC),
        Tokens(input=6, output=102, cache_read=30_940, cache_write=460),
        18 + 1_530 + 9_282 + 1_725,
    ),
    Billed(
        # litellm told $0.00675 for a thousand written tokens: input, and then writing on top.
        "github.com/BerriAI/litellm/issues/6575",
        "anthropic",
        "claude-3-5-sonnet-20241022",
        datetime(2024, 11, 4, tzinfo=UTC),
        Tokens(input=0, output=0, cache_read=0, cache_write=1000),
        3_750,
    ),
    Billed(
        # bifrost told $1.85984625; the provider charged $1.06376125. A stream.
        "github.com/maximhq/bifrost/issues/3451",
        "anthropic",
        "claude-opus-4-7",
        datetime(2026, 5, 13, tzinfo=UTC),
        Tokens(input=6, output=2_745, cache_read=0, cache_write=159_217),
        1_063_761,
    ),
    Billed(
        # bifrost told $1.68; right is about $0.34: most of it came from the cache.
        "github.com/maximhq/bifrost/issues/904",
        "openai",
        "gpt-5",
        datetime(2025, 11, 21, tzinfo=UTC),
        Tokens(input=51_232, output=12_909, cache_read=1_188_096),
        64_040 + 129_090 + 148_512,
    ),
    Billed(
        # $2.15086875 was told, at the rate of five minutes; the answer says that it was written for an hour.
        "github.com/can1357/oh-my-pi/issues/6876",
        "anthropic",
        "claude-opus-5",
        datetime(2026, 7, 28, tzinfo=UTC),
        Tokens(input=0, output=0, cache_write=344_139, cache_write_1h=344_139),
        3_441_390,
    ),
    Billed(
        # Langfuse counted 260,421 tokens of input, of which half never were; that is beyond the threshold, this is not.
        "github.com/langfuse/langfuse/issues/12306",
        "anthropic",
        "claude-sonnet-4-5",
        datetime(2026, 2, 27, tzinfo=UTC),
        Tokens(input=5, output=0, cache_read=128_955, cache_write=1_253),
        15 + 38_686 + 4_698,
    ),
    Billed(
        # Helicone lost writes whose lifetime was not told; they cost what short ones cost.
        "github.com/Helicone/helicone/pull/5606",
        "anthropic",
        "claude-sonnet-4-5",
        datetime(2026, 2, 24, tzinfo=UTC),
        Tokens(input=0, output=0, cache_write=1000),
        3_750,
    ),
]


@pytest.mark.parametrize("billed", INVOICES, ids=lambda each: each.issue)
def test_it_comes_out_to_the_micro_dollar(book: PriceBook, billed: Billed) -> None:
    price = book.find(provider=billed.provider, provider_name=billed.provider, model=billed.model, at=billed.at)
    assert price is not None
    cost = cost_of(billed.tokens, price)
    assert cost.micros == billed.micros
    assert not cost.lower_bound


def test_a_house_can_say_what_its_list_does_not_know(shipped: Shipped) -> None:
    """Amazon charges double above 272k tokens; litellm told half of the invoice, and our list does not know it either.

    github.com/BerriAI/litellm/pull/38615
    """
    listed = {"input": 5_500_000, "output": 33_000_000, "cache_read": 550_000}
    long = {"input": 11_000_000, "output": 49_500_000, "cache_read": 1_100_000}
    own = OwnPrice(
        provider_name="bedrock", model="openai.gpt-5.5", rates=(Rates(**listed), Rates(above=272_000, **long))
    )
    sums = []
    for book in (PriceBook(shipped), PriceBook(shipped, [own])):
        price = book.find(
            provider="openai", provider_name="bedrock", model="openai.gpt-5.5", at=datetime(2026, 8, 28, tzinfo=UTC)
        )
        assert price is not None
        sums.append(cost_of(Tokens(input=301_016, output=0), price).micros)
    assert sums == [1_655_588, 3_311_176]


def test_what_a_provider_says_is_counted_once(book: PriceBook) -> None:
    """From OpenAI's own figures, whose input includes both caches, to the sum: 12, 6789 and 345 of 7146 tokens."""
    said = {
        "input_tokens": 7146,
        "output_tokens": 77,
        "input_tokens_details": {"cached_tokens": 6789, "cache_write_tokens": 345},
    }
    usage = token_usage("resp_1", said, RESPONSES, Notes(), tier="", partial=False)
    price = book.find(
        provider="openai", provider_name="openai", model="gpt-6-sol", at=datetime(2026, 11, 1, tzinfo=UTC)
    )
    assert usage is not None
    assert price is not None
    tokens = Tokens(
        input=usage.input,
        output=usage.output,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write,
        cache_write_1h=one_hour_writes(usage.metadata),
        partial=usage.partial,
    )
    assert cost_of(tokens, price).micros == 12 * 2 + 77 * 10 + int(6789 * 0.2) + int(345 * 2.5)
