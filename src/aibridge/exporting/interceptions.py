"""Interceptions as lines of JSON, each whole, or as rows of CSV that a spreadsheet opens.

Newest first. A partial export is continued with `after`: the id of the last complete line or row.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from aibridge.exporting.download import Export, file_name, opened
from aibridge.exporting.tables import CSV_TYPE, Cell, csv_of
from aibridge.filters import Filter
from aibridge.store.exports import Exports, ReadRow

JSONL_TYPE = "application/jsonl"


class TableFormat(StrEnum):
    """How interceptions are exported."""

    JSONL = "jsonl"
    """Everything that is recorded, in the shape of the API."""
    CSV = "csv"
    """One flat row each, with the beginning of the prompt."""


async def interceptions_export(
    exports: Exports,
    viewer: UUID | None,
    filter_: Filter,
    *,
    format_: TableFormat,
    now: datetime,
    after: UUID | None = None,
) -> Export:
    """The interceptions under a filter, newest first, behind `after`. Raises `CursorUnknown` and `StoreUnavailable`.

    `viewer`: only this initiator's; None: everyone's.
    """
    name = file_name("interceptions", now, format_)
    match format_:
        case TableFormat.JSONL:
            return await opened(name, JSONL_TYPE, _lines(exports.interceptions(viewer, filter_, after=after)))
        case TableFormat.CSV:
            rows = _rows(exports.rows(viewer, filter_, after=after), header=after is None)
            return await opened(name, CSV_TYPE, rows)


_encode = msgspec.json.Encoder().encode
_ENDS_OF_LINES = [(end.encode(), b"\\u%04x" % ord(end)) for end in "\u0085\u2028\u2029"]
"""JSON lets them stand in texts, and readers such as Python's `splitlines` end a line there."""


async def _lines(pages: AsyncIterator[Iterable[object]]) -> AsyncGenerator[bytes, None]:
    async for page in pages:
        yield b"".join(_line(row) + b"\n" for row in page)


def _line(row: object) -> bytes:
    """A line for every reader: whatever may be taken for the end of one is escaped."""
    written = _encode(row)
    for end, escaped in _ENDS_OF_LINES:
        written = written.replace(end, escaped)
    return written


async def _rows(pages: AsyncIterator[Iterable[ReadRow]], *, header: bool) -> AsyncGenerator[bytes, None]:
    """What goes on from a cursor has no header: it is put behind what is there."""
    head = csv_of([[*COLUMNS]]) if header else b""
    async for page in pages:
        yield head + csv_of([column(row) for column in COLUMNS.values()] for row in page)
        head = b""
    yield head


COLUMNS: dict[str, Callable[[ReadRow], Cell]] = {
    "id": lambda row: row.id,
    "started_at": lambda row: row.started_at,
    "ended_at": lambda row: row.ended_at,
    "duration_us": lambda row: row.duration_us,
    "time_to_first_byte_us": lambda row: row.time_to_first_byte_us,
    "user_id": lambda row: row.initiator_id,
    "username": lambda row: row.username,
    "api_key_id": lambda row: row.api_token_id,
    "session_id": lambda row: row.session_id,
    "thread_id": lambda row: row.thread_id,
    "agent_id": lambda row: row.agent_id,
    "side_request": lambda row: row.side_request,
    "client": lambda row: row.client,
    "provider": lambda row: row.provider,
    "provider_name": lambda row: row.provider_name,
    "endpoint": lambda row: row.endpoint,
    "model": lambda row: row.model,
    "response_model": lambda row: row.response_model,
    "credential_kind": lambda row: row.credential_kind,
    "credential_type": lambda row: row.credential_type,
    "outcome": lambda row: row.outcome,
    "status_code": lambda row: row.status_code,
    "error_type": lambda row: row.error_type,
    "error_message": lambda row: row.error_message,
    "input_tokens": lambda row: row.input_tokens,
    "output_tokens": lambda row: row.output_tokens,
    "cache_read_input_tokens": lambda row: row.cache_read_input_tokens,
    "cache_write_input_tokens": lambda row: row.cache_write_input_tokens,
    "cost_micros": lambda row: row.cost_micros,
    "unpriced": lambda row: row.unpriced,
    "tool_calls": lambda row: row.tool_calls,
    "tools": lambda row: " ".join(row.tools or ()),
    "thoughts": lambda row: row.thoughts,
    "prompt_excerpt": lambda row: row.prompt,
}
"""Of the CSV, in their order: new ones go to the end. Tokens and cost are empty where they are not known."""
