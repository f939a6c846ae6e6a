from importlib.resources import files

import pytest

from aibridge.pricing import PriceBook, Shipped

LISTS = Shipped.read(files("aibridge.pricing").joinpath("genai_prices.json").read_bytes())


@pytest.fixture(scope="session")
def shipped() -> Shipped:
    """The lists that come with aibridge."""
    return LISTS


@pytest.fixture(scope="session")
def book() -> PriceBook:
    """The shipped prices and no others."""
    return PriceBook(LISTS)
