"""Which part of a list is asked for."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query

from aibridge.api.problems import Invalid

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list."""

    limit: int
    offset: int


def _page(
    limit: Annotated[int, Query(description=f"1 to {MAX_LIMIT}; 0 means {DEFAULT_LIMIT}")] = DEFAULT_LIMIT,
    offset: Annotated[int, Query(description="how many to skip")] = 0,
) -> Page:
    if not 0 <= limit <= MAX_LIMIT:
        raise Invalid(
            "Invalid pagination limit value.",
            detail=f"Pagination limit must be in range (0, {MAX_LIMIT}]",
            field="limit",
        )
    if not 0 <= offset <= MAX_OFFSET:
        raise Invalid(
            "Invalid pagination offset value.",
            detail=f"Pagination offset must be in range [0, {MAX_OFFSET}]",
            field="offset",
        )
    return Page(limit=limit or DEFAULT_LIMIT, offset=offset)


PageOf = Annotated[Page, Depends(_page)]


def not_both(after: object, page: Page, *, name: str) -> None:
    """A cursor and an offset exclude each other. Raises `Invalid`."""
    if after is not None and page.offset:
        raise Invalid(
            "Query parameters have invalid values.",
            detail=f"Cannot use both {name} and offset pagination in the same request.",
            field=name,
        )
