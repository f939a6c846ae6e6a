"""The file of prices is what genai-prices says, and gives the same sums as that package itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import msgspec
import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import Provider, StartDateConstraint
from scripts import shipped_prices

from aibridge.pricing import Shipped, Tokens, cost_of
from aibridge.pricing.matching import Clause
from aibridge.pricing.shipped import midnight, price_at

THEIRS = {provider.id: provider for provider in providers}
SOLD = [
    Provider(
        **{
            **vars(THEIRS[seller]),
            "fallback_model_providers": list(shipped_prices.price_list(THEIRS[seller]).falls_back_on),
        }
    )
    for seller in shipped_prices.SELLERS
]

every_seller = pytest.mark.parametrize("theirs", SOLD, ids=lambda each: each.id)

USAGES = (
    Tokens(input=17, output=4321, cache_read=6789, cache_write=345, cache_write_1h=45),
    Tokens(input=99_999, output=1, cache_read=1, cache_write=0),
    Tokens(input=99_999, output=1, cache_read=1, cache_write=1),
    Tokens(input=123_457, output=7_777, cache_read=90_001, cache_write=30_003, cache_write_1h=30_003),
    Tokens(input=1_000_001, output=100_003, cache_read=0, cache_write=0),
)


def words(clause: Clause) -> Iterator[str]:
    """Yield names that a clause has in mind."""
    yield clause.equals or clause.starts_with or clause.ends_with or clause.contains or ""
    for each in (*clause.any_of, *clause.all_of):
        yield from words(each)


def moments(prices: object) -> list[datetime]:
    """On both sides of every change."""
    changes = [
        midnight(each.constraint.start_date)
        for each in (prices if isinstance(prices, list) else ())
        if isinstance(each.constraint, StartDateConstraint)
    ]
    return [
        datetime(2026, 11, 1, tzinfo=UTC),
        *(at + step for at in changes if at for step in (timedelta(), -timedelta(seconds=1))),
    ]


def theirs_of(tokens: Tokens) -> Usage:
    """The same figures as that package counts them: its totals include their parts."""
    read, written = tokens.cache_read or 0, tokens.cache_write or 0
    return Usage(
        input_tokens=(tokens.input or 0) + read + written,
        output_tokens=tokens.output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_5m_tokens=written - tokens.cache_write_1h,
        cache_write_1h_tokens=tokens.cache_write_1h,
    )


def test_the_file_is_made_from_the_installed_package(shipped: Shipped) -> None:
    """If not, genai-prices was updated: run `make prices`, read the diff, commit it."""
    assert shipped == shipped_prices.shipped()
    assert files("aibridge.pricing").joinpath("genai_prices.json").read_bytes() == shipped_prices.written(shipped)


def test_its_licence_comes_along() -> None:
    """The MIT licence asks for that."""
    notice = files("aibridge.pricing").joinpath("genai_prices.LICENSE").read_text()
    assert "Permission is hereby granted, free of charge" in notice
    assert "Copyright (c) Pydantic Services Inc." in notice


def test_what_is_no_list_of_prices_is_refused() -> None:
    for data in (b"", b"{}", b'{"source":"x","lists":{"anthropic":{"models":[{"model":"a"}]}}}'):
        with pytest.raises(msgspec.DecodeError):
            Shipped.read(data)


@every_seller
def test_every_name_means_the_same_model(shipped: Shipped, theirs: Provider) -> None:
    """Those in the data, in capitals, with dates of snapshots, and with something behind."""
    stems = {each.model for each in shipped.lists[theirs.id].models}
    stems |= {word for each in shipped.lists[theirs.id].models for word in words(each.match)}
    everybody = [each if each.id != theirs.id else theirs for each in providers]
    for stem in stems:
        for name in (stem, stem.upper(), f"{stem}-20251211", f"{stem}-2025-12-11", f"{stem}-20251399", f"eu.{stem}-x"):
            found, meant = shipped.find(theirs.id, name), theirs.find_model(name, all_providers=everybody)
            assert (found and found[1].model) == (meant and meant.id), name


@every_seller
def test_every_sum_is_theirs_but_for_truncation(shipped: Shipped, theirs: Provider) -> None:
    """Which loses less than a micro-dollar for each of the four kinds."""
    compared = 0
    for ours, model in zip(shipped.lists[theirs.id].models, theirs.models, strict=True):
        for at in moments(model.prices):
            price = price_at(shipped.source, ours.model, ours.prices, at)
            for tokens in USAGES if price else ():
                assert price is not None
                total = model.calc_price(theirs_of(tokens), theirs, genai_request_timestamp=at).total_price
                lost = total * 10**6 - (cost_of(tokens, price).micros or 0)
                assert Decimal(0) <= lost < 4, (model.id, at, tokens)
                compared += 1
    assert compared > len(theirs.models)


@every_seller
def test_what_has_no_price_is_billed_by_something_else_than_tokens(shipped: Shipped, theirs: Provider) -> None:
    """Nothing else is left out: `gpt-4o` and its like have a price."""
    known = {*shipped_prices.PRICED.values(), *shipped_prices.FEES}
    for ours, model in zip(shipped.lists[theirs.id].models, theirs.models, strict=True):
        prices = model.prices if isinstance(model.prices, list) else [model]
        others = {key for each in prices for key, found in vars(each.prices).items() if found is not None} - known
        assert bool(others) is not bool(ours.prices), model.id
