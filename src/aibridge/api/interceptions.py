"""The request log: single interceptions. Members read their own; owners and auditors all."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from aibridge.api.caller import CallerOf, Parts
from aibridge.api.paging import PageOf
from aibridge.api.shapes import Interception, InterceptionPage, Problem
from aibridge.errors import NotFound

router = APIRouter(prefix="/interceptions", tags=["interceptions"])


@router.get("")
async def list_interceptions(caller: CallerOf, page: PageOf, parts: Parts) -> InterceptionPage:
    """Ended interceptions, newest first."""
    rows, total = await parts.records.interceptions_page(caller.viewer, limit=page.limit, offset=page.offset)
    return InterceptionPage(results=[Interception.model_validate(row) for row in rows], total=total, count=total)


@router.get("/{interception_id}", responses={HTTPStatus.NOT_FOUND: {"model": Problem}})
async def get_interception(interception_id: UUID, caller: CallerOf, parts: Parts) -> Interception:
    """One ended interception. What the caller may not see looks as if it were not there."""
    found = await parts.records.interception(interception_id, caller.viewer)
    if found is None:
        raise NotFound
    return Interception.model_validate(found)
