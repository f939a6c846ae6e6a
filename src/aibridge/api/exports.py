"""What is taken away: a session whole, and interceptions under a filter. Both are made while they are taken."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from aibridge.api.asking import Q, filter_of
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.export_refusals import INTERCEPTIONS, SESSION
from aibridge.api.export_shapes import SessionExport
from aibridge.api.last_segment import LastSegment
from aibridge.api.problems import Invalid, Missing
from aibridge.api.refusals import Responses
from aibridge.api.session_paging import SessionIdInPath
from aibridge.api.whose import Whose, initiator_of
from aibridge.errors import CursorUnknown
from aibridge.exporting.download import Download
from aibridge.exporting.interceptions import COLUMNS, JSONL_TYPE, TableFormat, interceptions_export
from aibridge.exporting.sessions import MARKDOWN_TYPE, SessionFormat, session_export
from aibridge.exporting.tables import CSV_TYPE

router = APIRouter()
_of_sessions = APIRouter(route_class=LastSegment)


def _texts(**examples: str) -> Responses:
    """Answers that are not JSON, by media type without its parameters."""
    content = {
        type_.partition(";")[0]: {"schema": {"type": "string"}, "example": example}
        for type_, example in examples.items()
    }
    return {200: {"description": "The file, made while it is taken.", "content": content}}


_TABLES = _texts(**{JSONL_TYPE: '{"id":"5f0c0b0e-…","api_key_id":"…"}\n', CSV_TYPE: ",".join(COLUMNS)})
_REPORT = _texts(**{MARKDOWN_TYPE: "# Session report\n"})


@router.get(
    "/interceptions/export",
    tags=["interceptions"],
    response_class=Response,
    response_model=None,
    responses=INTERCEPTIONS | _TABLES,
)
async def export_interceptions(
    caller: CallerOf,
    parts: Parts,
    *,
    format_: Annotated[
        TableFormat,
        Query(
            alias="format",
            description="`jsonl`: each line is an interception as the list shows it. "
            "`csv`: flat rows with the beginning of the prompt; cells that would run as formulas are made text.",
        ),
    ] = TableFormat.JSONL,
    q: Q = "",
    after_id: Annotated[
        UUID | None,
        Query(
            description="The id of the last complete line or row: the export continues after it. "
            "CSV then has no header."
        ),
    ] = None,
) -> Response:
    """Ended interceptions under a filter, newest first, as a file of any length.

    It is read page by page while it is downloaded, which blocks nothing. If it cannot be read to its end, the answer is
    cut: the last chunk of the body is missing, which HTTP clients report. Continue with `after_id`.
    """
    filter_ = await filter_of(q, caller, parts, resource="interceptions")
    now = datetime.now(UTC)
    try:
        export = await interceptions_export(
            parts.exports, caller.viewer, filter_, format_=format_, now=now, after=after_id
        )
    except CursorUnknown as error:
        detail = f"after_id: interception {after_id} not found: invalid pagination cursor"
        raise Invalid("Invalid pagination cursor.", detail=detail, field="after_id") from error
    return Download(export)


@_of_sessions.get(
    "/sessions/{session_id:rest}/export",
    tags=["sessions"],
    response_model=SessionExport,
    responses=SESSION | _REPORT,
)
async def export_session(
    session_id: SessionIdInPath,
    caller: CallerOf,
    parts: Parts,
    *,
    format_: Annotated[
        SessionFormat,
        Query(
            alias="format",
            description="`json`: everything on record. `markdown`: a report to read; large values are cut.",
        ),
    ] = SessionFormat.JSON,
    initiator: Whose = None,
) -> Response:
    """One session whole: its head, then every thread with every step, as a file.

    In the report each thread's steps are in order of time, a subagent's under the call that started it, and whatever
    comes from the record is in code, where it is neither a link nor HTML.
    """
    whose = await initiator_of(initiator, caller, parts)
    export = await session_export(
        parts.exports, session_id, caller.viewer, initiator=whose, format_=format_, now=datetime.now(UTC)
    )
    if export is None:
        raise Missing("Session not found.")
    return Download(export)


router.include_router(_of_sessions)
