"""Sessions: what one person did with one client, as a list and in detail."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from aibridge.api.asking import InitiatorOf, Q, filter_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import Page, PageOf, not_both
from aibridge.api.problems import Invalid, Missing
from aibridge.api.session_shapes import SessionDetail, SessionPage
from aibridge.api.shapes import Problem
from aibridge.errors import CursorAmbiguous, CursorUnknown

MAX_THREADS = 200
DEFAULT_THREADS = 50

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("", response_model=SessionPage)
async def list_sessions(
    caller: CallerOf,
    page: PageOf,
    parts: Parts,
    *,
    q: Q = "",
    after_session_id: Annotated[
        str | None, Query(description="the last session of the page before; not together with `offset`")
    ] = None,
    after_initiator_id: Annotated[
        UUID | None, Query(description="whose that session is, where several people have one of its id")
    ] = None,
) -> Response:
    """Sessions with at least one ended interception, last active first, and how many there are.

    A session matches when one of its combinations of provider, provider name, model, client, outcome, error type and
    credential has the values of `q` and was in use during its window, and when one of its tools was called at any time.
    What is shown is of the whole session.
    """
    not_both(after_session_id, page, name="after_session_id")
    filter_ = await filter_of(q, caller, parts.people, message="Invalid session search query.")
    try:
        rows, total = await parts.records.sessions_page(
            caller.viewer,
            filter_,
            limit=page.limit + 1,  # one more tells whether there is a next page
            offset=page.offset,
            after_session=after_session_id,
            after_initiator=after_initiator_id,
        )
    except (CursorUnknown, CursorAmbiguous) as error:
        raise _no_cursor(after_session_id, ambiguous=isinstance(error, CursorAmbiguous)) from error
    shown = rows[: page.limit]
    last = shown[-1] if len(rows) > page.limit else None
    following = None if last is None else _next(q, page, last.id, last.initiator.id)
    return encoded({"sessions": shown, "total": total, "count": total, "next": following})


def _next(q: str, page: Page, session_id: str, initiator_id: UUID) -> str:
    cursor = {"after_session_id": session_id, "after_initiator_id": str(initiator_id)}
    return urlencode({**({"q": q} if q else {}), "limit": page.limit, **cursor})


def _no_cursor(session_id: str | None, *, ambiguous: bool) -> Invalid:
    detail = f'after_session_id: session "{session_id}" not found'
    if ambiguous:
        detail = f'after_session_id: several people have a session "{session_id}"; give after_initiator_id too'
    return Invalid("Query parameter has invalid value.", detail=detail, field="after_session_id")


@router.get("/{session_id:path}", response_model=SessionDetail, responses={HTTPStatus.NOT_FOUND: {"model": Problem}})
async def get_session(
    session_id: Annotated[
        str,
        Path(
            description="the client's id of the session, else that of its first interception; percent-encoded",
            examples=["01a2b3c4-session"],
        ),
    ],
    caller: CallerOf,
    initiator: InitiatorOf,
    parts: Parts,
    *,
    after_id: Annotated[
        str | None, Query(description="an interception: threads that begin after it", pattern=None)
    ] = None,
    before_id: Annotated[str | None, Query(description="an interception: the threads just before it")] = None,
    limit: Annotated[str, Query(description=f"threads, 1 to {MAX_THREADS}")] = str(DEFAULT_THREADS),
) -> Response:
    """One session: its threads in order of their starts, a page at a time, each with every step.

    Where several people have a session of this id, the one that was active last, unless `initiator` says whose.
    """
    if not session_id:
        raise Invalid("Missing session_id path parameter.", field="session_id")
    after, before = _cursor("after_id", after_id), _cursor("before_id", before_id)
    if after is not None and before is not None:
        raise Invalid("Cannot use both after_id and before_id in the same request.", field="after_id")
    try:
        found = await parts.records.session(
            session_id, caller.viewer, initiator=initiator, limit=_threads(limit), after=after, before=before
        )
    except CursorUnknown as error:
        raise Invalid(
            "Invalid pagination cursor.", detail=str(error), field="after_id" if after is not None else "before_id"
        ) from error
    if found is None:
        raise Missing("Session not found.")
    return encoded(found)


def _cursor(name: str, text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise Invalid(f"Invalid {name} query parameter.", detail=f"{text!r} is no UUID", field=name) from error


def _threads(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004 - no endless digits
    if not 1 <= number <= MAX_THREADS:
        raise Invalid(
            "Invalid limit query parameter.", detail=f"Limit must be between 1 and {MAX_THREADS}.", field="limit"
        )
    return number
