"""What a search finds, with the words around it: over all that the viewer may see, or step by step in a session."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching
from aibridge.store.connections import PooledConnection
from aibridge.store.excerpts import Excerpt, excerpt, pattern_of
from aibridge.store.interception_list import matching, place_of
from aibridge.store.people_shown import Person, person
from aibridge.store.session_list import session_of
from aibridge.store.sql import sql
from aibridge.texts import Text

MOST_SHOWN = 20
"""Texts of one interception that are shown; an agent may call a hundred tools at once."""


class FoundIn(StrEnum):
    """Where something was found."""

    PROMPT = "prompt"
    TOOL_RESULT = "tool_result"
    """Where these are captured, as are answers."""
    THOUGHT = "thought"
    ANSWER = "answer"
    TOOL = "tool"
    TOOL_INPUT = "tool_input"
    ERROR = "error"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One text in which something was found."""

    found_in: FoundIn
    item_id: UUID
    """Of the prompt, the result, the thought, the answer or the tool call; of an error, the interception's."""
    excerpt: Excerpt


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An interception whose texts hold all that was searched for."""

    interception_id: UUID
    session_id: str
    initiator: Person
    started_at: datetime
    model: str
    client: str
    outcome: str
    places: list[Place]
    """At most `MOST_SHOWN`, in the order of `FoundIn`."""
    place_count: int


class ReadMatches(msgspec.Struct, frozen=True, kw_only=True):
    """A page of matches, and how many there are."""

    results: list[Match]
    total: int


async def search(
    connection: PooledConnection,
    viewer: UUID | None,
    filter_: Filter,
    *,
    limit: int,
    offset: int = 0,
    after: UUID | None = None,
) -> ReadMatches:
    """A page of what holds the filter's text, newest first, behind `after`. Raises `CursorUnknown`."""
    cursor = await place_of(connection, viewer, after)
    those = await matching(connection, viewer, filter_)
    if those is None or not those.total:
        return ReadMatches(results=[], total=0)
    ids = await those.ids(connection, cursor=cursor, limit=limit, offset=offset)
    return ReadMatches(results=await _matches(connection, ids, filter_.text), total=those.total)


async def search_session(
    connection: PooledConnection,
    viewer: UUID | None,
    session_id: str,
    initiator: UUID | None,
    text: Sequence[Text],
    *,
    limit: int,
    after: UUID | None = None,
) -> ReadMatches | None:
    """A page of the steps of one session that hold the text, oldest first, behind `after`.

    None when there is no such session that the viewer may see; without an initiator, the one that was last active.
    Raises `CursorUnknown` when `after` is none of the steps that match.
    """
    session = await session_of(connection, session_id, viewer, initiator=initiator)
    if session is None:
        return None
    steps = await steps_holding(connection, session_id, session.initiator.id, text)
    begin = 0
    if after is not None:
        if after not in steps:
            raise CursorUnknown
        begin = steps.index(after) + 1
    return ReadMatches(results=await _matches(connection, steps[begin : begin + limit], text), total=len(steps))


async def steps_holding(
    connection: PooledConnection, session_id: str, initiator_id: UUID, text: Sequence[Text]
) -> list[UUID]:
    """The steps of this session that hold all of the text, oldest first."""
    return (await searching.in_session(connection, text, session_id, initiator_id))[::-1]


async def places_in(connection: PooledConnection, ids: Sequence[UUID], text: Sequence[Text]) -> dict[UUID, list[Place]]:
    """Where these interceptions hold any of the text: at most `MOST_SHOWN` of each, in the order of `FoundIn`."""
    await connection.execute(sql("read_by_index"))
    found = await _places(connection, ids, pattern_of(text))
    return {id_: places[:MOST_SHOWN] for id_, places in found.items()}


async def _matches(connection: PooledConnection, ids: Sequence[UUID], text: Sequence[Text]) -> list[Match]:
    await connection.execute(sql("read_by_index"))
    rows = {row["id"]: row for row in await connection.fetch(sql("matched_interceptions"), ids)}
    places = await _places(connection, ids, pattern_of(text))
    return [_match(rows[id_], places[id_]) for id_ in ids]


async def _places(
    connection: PooledConnection, ids: Sequence[UUID], pattern: re.Pattern[str]
) -> Mapping[UUID, list[Place]]:
    found: dict[UUID, list[Place]] = defaultdict(list)
    for row in await connection.fetch(sql("matched_texts"), ids):
        where = FoundIn(row["found_in"])
        part = excerpt(row["said"], pattern, escaped=where is FoundIn.TOOL_INPUT)
        if part is not None:
            found[row["interception_id"]].append(Place(found_in=where, item_id=row["id"], excerpt=part))
    return found


def _match(row: asyncpg.Record, places: list[Place]) -> Match:
    return Match(
        interception_id=row["id"],
        session_id=row["session_id"],
        initiator=person(row),
        started_at=row["started_at"],
        model=row["model"],
        client=row["client"],
        outcome=row["outcome"],
        places=places[:MOST_SHOWN],
        place_count=len(places),
    )
