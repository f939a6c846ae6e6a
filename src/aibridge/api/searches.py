"""Searching texts: over everything that the caller may see, or step by step in one session."""

from typing import Annotated, NoReturn
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aibridge.api.asking import TEXTS, filter_of, refusals_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.grammar import QueryRefused
from aibridge.api.last_segment import LastSegment
from aibridge.api.paging import DEFAULT_LIMIT, AfterInterception, Limit, Offset, not_both, page_of
from aibridge.api.problems import Invalid, Missing
from aibridge.api.refusals import PAGE, Case, bad_request, both, case, missing, queries
from aibridge.api.search import NOTHING_ASKED, RECORD_KEYS, text_query
from aibridge.api.search_shapes import MatchPage
from aibridge.api.session_paging import SessionIdInPath
from aibridge.api.whose import Whose, initiator_of
from aibridge.errors import CursorUnknown
from aibridge.store.matches import ReadMatches

router = APIRouter()
_of_sessions = APIRouter(route_class=LastSegment)

_NOBODYS = UUID(int=0)
_UNKNOWN = case(
    f"?q=red&after_id={_NOBODYS}",
    "Invalid pagination cursor.",
    detail=f"after_id: interception {_NOBODYS} not found: invalid pagination cursor",
    field="after_id",
)


def _nothing(resource: str) -> Case:
    return case("?q=", f"Invalid {resource} search query.", field="q", reason=NOTHING_ASKED.detail)


@router.get(
    "/search",
    tags=["search"],
    response_model=MatchPage,
    responses=bad_request(
        *PAGE, both("after_id", f"?q=red&after_id={_NOBODYS}&offset=1"), _nothing("text"), *queries("text"), _UNKNOWN
    ),
)
async def search(
    caller: CallerOf,
    parts: Parts,
    *,
    q: Annotated[
        str,
        Query(
            description=f"{TEXTS} Beside them, `key:value` terms as on the lists: "
            f"{', '.join(f'`{key}`' for key in RECORD_KEYS)}.",
            examples=['"off by one" migrat* model:claude-sonnet-4-5'],
        ),
    ] = "",
    limit: Limit = DEFAULT_LIMIT,
    offset: Offset = 0,
    after_id: AfterInterception = None,
) -> Response:
    """Ended interceptions whose texts hold what is searched for, newest first, and how many there are.

    Each says where it was found, with an excerpt of every such text. What ended a moment ago is found too.
    """
    page = page_of(limit, offset)
    not_both(after_id, offset, name="after_id")
    filter_ = await filter_of(q, caller, parts, resource="text")
    if not filter_.text:
        with refusals_of("text"):
            raise QueryRefused([NOTHING_ASKED])
    try:
        found = await parts.records.search(caller.viewer, filter_, limit=page.limit, offset=page.offset, after=after_id)
    except CursorUnknown as error:
        _no_cursor(after_id, error)
    return _answer(found)


@_of_sessions.get(
    "/sessions/{session_id:rest}/search",
    tags=["search"],
    response_model=MatchPage,
    responses=missing("Session not found.")
    | bad_request(
        PAGE[0],
        _nothing("session"),
        case(
            "?q=model:x",
            "Invalid session search query.",
            field="model",
            reason='Query param "model" is not known here: only texts are searched',
        ),
        _UNKNOWN,
    ),
)
async def search_session(
    session_id: SessionIdInPath,
    caller: CallerOf,
    parts: Parts,
    *,
    q: Annotated[str, Query(description=f"{TEXTS} No keys.", examples=['"off by one" migrat*'])] = "",
    initiator: Whose = None,
    limit: Limit = DEFAULT_LIMIT,
    after_id: Annotated[UUID | None, Query(description="The id of the last step of the previous page.")] = None,
) -> Response:
    """The steps of one session whose texts hold what is searched for, oldest first, and how many there are."""
    page = page_of(limit, 0)
    with refusals_of("session"):
        text = text_query(q)
    whose = await initiator_of(initiator, caller, parts)
    try:
        found = await parts.records.search_session(
            caller.viewer, session_id, whose, text, limit=page.limit, after=after_id
        )
    except CursorUnknown as error:
        _no_cursor(after_id, error)
    if found is None:
        raise Missing("Session not found.")
    return _answer(found)


def _no_cursor(after_id: UUID | None, error: CursorUnknown) -> NoReturn:
    detail = f"after_id: interception {after_id} not found: invalid pagination cursor"
    raise Invalid("Invalid pagination cursor.", detail=detail, field="after_id") from error


def _answer(found: ReadMatches) -> Response:
    return encoded({"results": found.results, "total": found.total, "count": found.total})


router.include_router(_of_sessions)
