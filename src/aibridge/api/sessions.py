"""Sessions: what one person did with one client, as a list and in detail."""

from fastapi import APIRouter, Response

from aibridge.api import session_refusals as refused
from aibridge.api.asking import Q, filter_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import DEFAULT_LIMIT, Limit, Offset, not_both, page_of
from aibridge.api.problems import Invalid, Missing
from aibridge.api.session_paging import (
    DEFAULT_THREADS,
    AfterInitiator,
    AfterSession,
    AfterThread,
    BeforeThread,
    SessionIdInPath,
    Threads,
    ambiguous_cursor,
    check_cursor,
    next_page,
    unknown_cursor,
)
from aibridge.api.session_shapes import SessionDetail, SessionPage
from aibridge.api.whose import Whose, initiator_of
from aibridge.errors import CursorAmbiguous, CursorUnknown

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("", response_model=SessionPage, responses=refused.LIST)
async def list_sessions(
    caller: CallerOf,
    parts: Parts,
    *,
    q: Q = "",
    limit: Limit = DEFAULT_LIMIT,
    offset: Offset = 0,
    after_session_id: AfterSession = None,
    after_initiator_id: AfterInitiator = None,
) -> Response:
    """Sessions with at least one ended interception, last active first, and how many there are.

    A session is that of one client's id and one initiator. It matches when one of its combinations of provider,
    provider name, model, client, outcome, error type and credential has the values of `q` and was in use during its
    window, and when one of the tools was called in it at any time. What is shown is of the whole session.
    Order: `last_active_at`, `id`, the initiator's id, all descending.
    """
    not_both(after_session_id, offset, name="after_session_id")
    check_cursor(after_session_id, after_initiator_id)
    page = page_of(limit, offset)
    filter_ = await filter_of(q, caller, parts, resource="sessions")
    try:
        rows, total = await parts.records.sessions_page(
            caller.viewer,
            filter_,
            limit=page.limit + 1,  # one more says whether there is a next page
            offset=page.offset,
            after_session=after_session_id,
            after_initiator=after_initiator_id,
        )
    except CursorUnknown as error:
        raise unknown_cursor(after_session_id) from error
    except CursorAmbiguous as error:
        raise ambiguous_cursor(after_session_id) from error
    shown, following = rows[: page.limit], None
    if len(rows) > page.limit:
        following = next_page(q, page, after_session=shown[-1].id, after_initiator=shown[-1].initiator.id)
    return encoded({"sessions": shown, "total": total, "count": total, "next": following})


@router.get("/{session_id:rest}", response_model=SessionDetail, responses=refused.DETAIL)
async def get_session(
    session_id: SessionIdInPath,
    caller: CallerOf,
    parts: Parts,
    *,
    initiator: Whose = None,
    after_id: AfterThread = None,
    before_id: BeforeThread = None,
    limit: Threads = DEFAULT_THREADS,
) -> Response:
    """One session with a page of its threads, in order of their starts, each with every step.

    A step is one interception: what was asked, thought, called and spent in it. `page_started_at` and `page_ended_at`
    are those of the page, all else above `threads` is of the whole session. A page behind the last one is empty.
    """
    if not session_id:
        raise Invalid("Missing session_id path parameter.", field="session_id")
    if after_id is not None and before_id is not None:
        raise Invalid("Cannot use both after_id and before_id in the same request.", field="before_id")
    whose = await initiator_of(initiator, caller, parts)
    try:
        found = await parts.records.session(
            session_id, caller.viewer, initiator=whose, limit=limit, after=after_id, before=before_id
        )
    except CursorUnknown as error:
        field = "after_id" if after_id is not None else "before_id"
        raise Invalid("Invalid pagination cursor.", detail=str(error), field=field) from error
    if found is None:
        raise Missing("Session not found.")
    return encoded(found)
