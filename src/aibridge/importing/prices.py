"""What imported tokens cost: they are priced when they are brought here, each by the prices of its own moment."""

import msgspec

from aibridge.ops.prices.costs import price_of
from aibridge.pricing import PriceBook
from aibridge.records import TokenUsageRow
from aibridge.store.importing import Imported


def priced(row: Imported, book: PriceBook) -> Imported:
    """An interception whose token usages have a price, where the book knows one."""
    notes = dict.fromkeys(row.notes)
    usages = tuple([_priced(usage, row, book, notes) for usage in row.token_usages])
    return msgspec.structs.replace(row, token_usages=usages, notes=tuple(notes))


def _priced(usage: TokenUsageRow, row: Imported, book: PriceBook, notes: dict[str, None]) -> TokenUsageRow:
    cost, told = price_of(
        book, usage, provider=row.provider, provider_name=row.provider_name, model=row.model, response_model=""
    )
    notes.update(dict.fromkeys(told))
    return msgspec.structs.replace(usage, cost=cost)
