"""`aibridge export`: interceptions into a file, for whoever has the database."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from aibridge.filters import Filter
    from aibridge.store.people import People

BLOCK = 64 * 1024
"""Bytes that are read at a time when the end of a file is looked at."""


class Format(StrEnum):
    """How interceptions are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="File to write, replacing what it holds; standard output by default."
        ),
    ] = None,
    *,
    format_: Annotated[Format, typer.Option("--format", help="Whole interceptions, or flat rows.")] = Format.JSONL,
    q: Annotated[str, typer.Option("--q", metavar="QUERY", help="Only what matches, as in the lists of the API.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Continue after the last complete line of --to.")] = False,
) -> None:
    """Export interceptions, newest first.

    Everyone's, or those that match --q. Gateways may run meanwhile.
    """
    from aibridge.cli.database import run
    from aibridge.errors import AIBridgeError

    if resume and (to is None or format_ is Format.CSV):
        raise AIBridgeError("--resume continues a JSONL file: name it with --to, and leave out --format csv.")
    run(_export(to, format_, q, resume=resume))


async def _export(to: Path | None, format_: Format, q: str, *, resume: bool) -> None:
    from datetime import UTC, datetime

    from aibridge.cli.database import store
    from aibridge.errors import AIBridgeError, CursorUnknown
    from aibridge.exporting.interceptions import TableFormat, interceptions_export

    async with store() as opened:
        filter_ = await _filter(q, opened.people)
        # Only now: a mistyped query, or a database that is away, must not empty the file of yesterday.
        with _written(to, resume=resume) as (file, after):
            try:
                made = await interceptions_export(
                    opened.exports, None, filter_, format_=TableFormat(format_), now=datetime.now(UTC), after=after
                )
            except CursorUnknown as error:
                raise AIBridgeError(
                    f"The last line of the file, {after}, is no longer on record: there is nothing to go on behind."
                ) from error
            async for chunk in made.chunks:
                file.write(chunk)


async def _filter(q: str, people: "People") -> "Filter":
    """What `q` means to somebody at the terminal, who is nobody in particular."""
    import msgspec

    from aibridge.api.grammar import QueryRefused
    from aibridge.api.search import record_query
    from aibridge.errors import AIBridgeError

    try:
        query = record_query(q)
    except QueryRefused as refused:
        raise AIBridgeError("; ".join(reason.detail for reason in refused.reasons) + ".") from refused
    if not query.initiators:
        return query.filter
    ids = [id_ for text in query.initiators for id_ in await _initiators(text, people)]
    return msgspec.structs.replace(query.filter, initiator_ids=frozenset(ids))


async def _initiators(text: str, people: "People") -> Sequence[UUID]:
    """By id or name, as in the API. Raises `NotFound`."""
    from aibridge.auth.usernames import as_id
    from aibridge.cli.lookup import user_named

    if (id_ := as_id(text)) is not None:
        return [id_]
    return await people.find_bearers(text) or [(await user_named(people, text)).id]


@contextmanager
def _written(to: Path | None, *, resume: bool) -> Iterator[tuple[IO[bytes], UUID | None]]:
    """Where to write, and the last interception that is there. Only its owner may read the file: it holds prompts."""
    if to is None:
        yield sys.stdout.buffer, None
        sys.stdout.buffer.flush()
        return
    how = os.O_RDWR | os.O_CREAT | (0 if resume else os.O_TRUNC)
    with os.fdopen(os.open(to, how, 0o600), "r+b") as file:
        yield file, last_whole(file) if resume else None


def last_whole(file: IO[bytes]) -> UUID | None:
    """Drop what stands behind the last whole line, and return the id in that line; None when there is no line.

    Raises `AIBridgeError` when the line is not one of ours.
    """
    import msgspec

    from aibridge.errors import AIBridgeError

    class Line(msgspec.Struct):
        id: UUID

    end = _line_end(file, file.seek(0, os.SEEK_END))
    file.truncate(end)
    start = _line_end(file, max(0, end - 1))
    file.seek(start)
    line = file.read(end - start)
    file.seek(end)
    try:
        return msgspec.json.decode(line, type=Line).id if line else None
    except msgspec.DecodeError as error:
        raise AIBridgeError(
            "The last line of the file is not an interception: the file was not written as JSONL."
        ) from error


def _line_end(file: IO[bytes], before: int) -> int:
    """Where the last line that ends before this place ends; 0: none does."""
    while before > 0:
        start = max(0, before - BLOCK)
        file.seek(start)
        found = file.read(before - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        before = start
    return 0
