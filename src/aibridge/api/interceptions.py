"""The request log: single interceptions. Members read their own; owners and auditors all."""

from uuid import UUID

from fastapi import APIRouter, Response

from aibridge.api.asking import Q, filter_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import DEFAULT_LIMIT, AfterInterception, Limit, Offset, not_both, page_of
from aibridge.api.problems import Invalid, Missing
from aibridge.api.refusals import PAGE, bad_request, both, case, missing, queries
from aibridge.api.shapes import Interception, InterceptionPage
from aibridge.errors import CursorUnknown

router = APIRouter(prefix="/interceptions", tags=["interceptions"])

_NOBODYS = UUID(int=0)
_REFUSED = bad_request(
    *PAGE,
    both("after_id", f"?after_id={_NOBODYS}&offset=1"),
    *queries("interceptions"),
    case(
        f"?after_id={_NOBODYS}",
        "Invalid pagination cursor.",
        detail=f"after_id: interception {_NOBODYS} not found: invalid pagination cursor",
        field="after_id",
    ),
)


@router.get("", response_model=InterceptionPage, responses=_REFUSED)
async def list_interceptions(
    caller: CallerOf,
    parts: Parts,
    *,
    q: Q = "",
    limit: Limit = DEFAULT_LIMIT,
    offset: Offset = 0,
    after_id: AfterInterception = None,
) -> Response:
    """Ended interceptions with everything recorded about them, newest first, and how many there are.

    What is in flight shows nowhere. Order: `started_at`, then `id`, both descending.
    """
    not_both(after_id, offset, name="after_id")
    page = page_of(limit, offset)
    filter_ = await filter_of(q, caller, parts, resource="interceptions")
    try:
        rows, total = await parts.records.interceptions_page(
            caller.viewer, filter_, limit=page.limit, offset=page.offset, after=after_id
        )
    except CursorUnknown as error:
        detail = f"after_id: interception {after_id} not found: invalid pagination cursor"
        raise Invalid("Invalid pagination cursor.", detail=detail, field="after_id") from error
    return encoded({"results": rows, "total": total, "count": total})


@router.get(
    "/{interception_id}",
    response_model=Interception,
    responses=missing("Interception not found.")
    | bad_request(
        case(
            "/x",
            "The request has invalid values.",
            field="interception_id",
            reason="Input should be a valid UUID, invalid character: found `x` at 0",
        )
    ),
)
async def get_interception(interception_id: UUID, caller: CallerOf, parts: Parts) -> Response:
    """One ended interception with everything recorded about it."""
    found = await parts.records.interception(interception_id, caller.viewer)
    if found is None:
        raise Missing("Interception not found.")
    return encoded(found)
