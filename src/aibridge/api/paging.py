"""Which part of a list is asked for."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Query

from aibridge.api.problems import Invalid

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1

# The bounds are described and not declared: what is beyond them is answered in the API's own words, see `page_of`.
Limit = Annotated[
    int,
    Query(
        description=f"How many at most, 1 to {MAX_LIMIT}; 0 means {DEFAULT_LIMIT}.",
        json_schema_extra={"minimum": 0, "maximum": MAX_LIMIT},
    ),
]
Offset = Annotated[
    int,
    Query(description="How many to skip.", json_schema_extra={"minimum": 0, "maximum": MAX_OFFSET}),
]
AfterInterception = Annotated[
    UUID | None,
    Query(description="The id of the last interception of the previous page. Not together with `offset`."),
]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list."""

    limit: int
    offset: int


def page_of(limit: int, offset: int) -> Page:
    """The part that these parameters ask for. Raises `Invalid`."""
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


def not_both(cursor: object, offset: int, *, name: str) -> None:
    """A cursor and an offset exclude each other. Raises `Invalid`."""
    if cursor is not None and offset != 0:
        raise Invalid(
            "Query parameters have invalid values.",
            detail=f"Cannot use both {name} and offset pagination in the same request.",
            field=name,
        )


def _page(limit: Limit = DEFAULT_LIMIT, offset: Offset = 0) -> Page:
    return page_of(limit, offset)


PageOf = Annotated[Page, Depends(_page)]
"""For lists without a cursor."""
