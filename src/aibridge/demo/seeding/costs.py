"""What seeded tokens cost, by the list that comes with aibridge."""

from datetime import datetime
from functools import cache
from uuid import UUID

import msgspec

from aibridge.demo.seeding.catalogue import Instance
from aibridge.demo.seeding.tokens import Spent
from aibridge.ops.prices.costs import price_of, shipped
from aibridge.pricing import PriceBook
from aibridge.records import TokenUsageRow
from aibridge.store.bulk import UNPRICED, Row

_NOBODY = UUID(int=0)


def priced(spent: Spent, instance: Instance, model: str, *, at: datetime, partial: bool) -> Row:
    """The end of a token usage's row: see `store.bulk.COLUMNS`. Seeded caches are all of five minutes."""
    usage = TokenUsageRow(
        id=_NOBODY,
        provider_response_id="",
        input_tokens=spent.input,
        output_tokens=spent.output,
        cache_read_input_tokens=spent.cache_read,
        cache_write_input_tokens=spent.cache_write,
        partial=partial,
        created_at=at,
        metadata={},
    )
    cost, _ = price_of(
        _book(), usage, provider=instance.type, provider_name=instance.name, model=model, response_model=""
    )
    return UNPRICED if cost is None else msgspec.structs.astuple(cost)


@cache
def _book() -> PriceBook:
    return PriceBook(shipped())
