"""The request log: single interceptions. Members read their own; owners and auditors all."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aibridge.api.asking import Q, filter_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import PageOf, not_both
from aibridge.api.problems import Invalid, Missing
from aibridge.api.shapes import Interception, InterceptionPage, Problem
from aibridge.errors import CursorUnknown

router = APIRouter(prefix="/interceptions", tags=["interceptions"])


@router.get("", response_model=InterceptionPage)
async def list_interceptions(
    caller: CallerOf,
    page: PageOf,
    parts: Parts,
    *,
    q: Q = "",
    after_id: Annotated[
        UUID | None, Query(description="the last interception of the page before; not together with `offset`")
    ] = None,
) -> Response:
    """Ended interceptions with all that was recorded of them, newest first, and how many there are."""
    not_both(after_id, page, name="after_id")
    filter_ = await filter_of(q, caller, parts.people, message="Invalid interception search query.")
    try:
        rows, total = await parts.records.interceptions_page(
            caller.viewer, filter_, limit=page.limit, offset=page.offset, after=after_id
        )
    except CursorUnknown as error:
        raise Invalid(
            "Invalid pagination cursor.",
            detail=f"after_id: interception {after_id} not found: invalid pagination cursor",
            field="after_id",
        ) from error
    return encoded({"results": rows, "total": total, "count": total})


@router.get("/{interception_id}", response_model=Interception, responses={HTTPStatus.NOT_FOUND: {"model": Problem}})
async def get_interception(interception_id: UUID, caller: CallerOf, parts: Parts) -> Response:
    """One ended interception. What the caller may not see looks as if it were not there."""
    found = await parts.records.interception(interception_id, caller.viewer)
    if found is None:
        raise Missing("Interception not found.")
    return encoded(found)
