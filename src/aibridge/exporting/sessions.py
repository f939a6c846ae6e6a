"""A session to take away: everything as JSON, or a report that an auditor reads."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from aibridge.exporting.download import Export, file_name, in_pieces, opened
from aibridge.exporting.report import report
from aibridge.exporting.session_json import session_json
from aibridge.store.exports import Exports

JSON_TYPE = "application/json"
MARKDOWN_TYPE = "text/markdown; charset=utf-8"


class SessionFormat(StrEnum):
    """How a session is exported."""

    JSON = "json"
    """Everything that is recorded, in the shape of the API's detail, with every thread and step."""
    MARKDOWN = "markdown"
    """A report; large values are cut and say so."""


async def session_export(
    exports: Exports,
    session_id: str,
    viewer: UUID | None,
    *,
    initiator: UUID | None = None,
    format_: SessionFormat,
    now: datetime,
) -> Export | None:
    """The session of this id that the viewer may see, or None; see `Exports.session`. Raises `StoreUnavailable`."""
    found = await exports.session(session_id, viewer, initiator=initiator)
    if found is None:
        return None
    match format_:
        case SessionFormat.JSON:
            return await opened(
                file_name("session", session_id, "json"), JSON_TYPE, in_pieces(session_json(found, now))
            )
        case SessionFormat.MARKDOWN:
            return await opened(file_name("session", session_id, "md"), MARKDOWN_TYPE, in_pieces(report(found, now)))
