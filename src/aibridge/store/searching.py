"""Finding interceptions by their texts: what matches, how many, and a page of them.

The index knows the words of every ended interception but those of the last second or so, which wait in a queue: these
are looked at one by one, in the same snapshot, so that nothing is missing and nothing is found twice.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql
from aibridge.texts import Text

COMMON = 10_000
"""Interceptions that hold a text, beyond which it is common."""
GATHERED = 50_000
"""Interceptions whose sessions are put together to tell how many there are at least: about 20 ms."""
LONG_WALK = 20_000
"""Interceptions that may be passed on a walk through the newest: about 100 ms. Beyond it, those found are sorted.

They are, too, when twice as many did not suffice, since what matches may all be old.
"""
SHORT_SESSION = 2_000
"""Interceptions whose words are looked at in about 10 ms."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What else must hold; None is not a condition."""

    initiators: Sequence[UUID] | None = None
    session_ids: Sequence[str] | None = None
    tools: Sequence[str] | None = None
    combinations: Sequence[int] | None = None
    after: datetime | None = None
    before: datetime | None = None

    @property
    def can_be_walked(self) -> bool:
        """Whether nothing but a time and a combination must hold: rows have these beside their words."""
        return self == Bounds(after=self.after, before=self.before, combinations=self.combinations)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What matches, as the queries take it."""

    total: int
    """How many; where there are `more` than anybody wanted to count, at least so many."""
    more: bool
    conditions: tuple[object, ...]
    """The parameters of the fragment `search_found`."""
    common: tuple[object, ...] | None
    """The first parameters of `search_walk`; None where more is asked for than it looks at."""


Cursor = tuple[object, ...]
"""Start and id of an interception, or twice None."""


async def find(
    connection: PooledConnection, text: Sequence[Text], bounds: Bounds, *, up_to: int | None = None
) -> Found:
    """Count what matches; with `up_to`, no further than that.

    From here on the transaction's plans read the index of words.
    """
    of_index, known, matching, between = await _conditions(connection, text, bounds)
    if up_to is None:
        counted = await _counted(connection, "search_count", *of_index, known, few=False)
    else:
        counted = await _counted(connection, "search_count_some", *of_index, known, up_to + 1, few=True)
    total = counted[0] + len(matching or ())
    return Found(
        total=total,
        more=up_to is not None and total > up_to,
        conditions=(*of_index, known, matching),
        common=(between, bounds.after, bounds.before, bounds.combinations, known, matching)
        if bounds.can_be_walked
        else None,
    )


async def _counted(connection: PooledConnection, query: str, *parameters: object, few: bool) -> asyncpg.Record:
    """What a query counts; `few`: it stops early."""
    before = await connection.fetchrow(sql("count_by_words"), few)
    counted = await connection.fetchrow(sql(query), *parameters)
    assert before is not None
    assert counted is not None
    await connection.execute(sql("words_counted"), before["cost"], before["workers"])
    return counted


async def uncounted(connection: PooledConnection, text: Sequence[Text], bounds: Bounds) -> tuple[object, ...]:
    """The parameters of the fragment `search_found`, of what is known to be common."""
    of_index, known, matching, _ = await _conditions(connection, text, bounds)
    return *of_index, known, matching


async def in_session(
    connection: PooledConnection, text: Sequence[Text], session_id: str, initiator_id: UUID
) -> list[UUID]:
    """The ids of all that match in one session, newest first.

    For a beginning the index would put together every interception on record that has such a word: of short sessions
    the words are sooner looked at one by one.
    """
    size = await connection.fetchval(sql("session_size"), session_id, initiator_id)
    bounds = Bounds(initiators=[initiator_id], session_ids=[session_id])
    of_index, known, matching, _ = await _conditions(
        connection, text, bounds, beginnings_in_index=(size or 0) > SHORT_SESSION
    )
    rows = await connection.fetch(sql("search_page"), *of_index, known, matching, None, None, None, 0)
    return [row["id"] for row in rows]


async def _conditions(
    connection: PooledConnection, text: Sequence[Text], bounds: Bounds, *, beginnings_in_index: bool = True
) -> tuple[tuple[object, ...], list[UUID] | None, list[UUID] | None, list[str]]:
    """The first parameters of `search_matching`, ids of the queue that are known and that match, and the phrases.

    Without `beginnings_in_index`, rows that all else leaves are looked at for beginnings of words.
    """
    await connection.execute(sql("read_by_words"))
    terms = await connection.fetchrow(
        sql("search_terms"), [" ".join(one.words) for one in text], bounds.tools or [], bounds.session_ids or []
    )
    assert terms is not None
    phrases: list[str] = terms["phrases"]
    between = [f" {phrase}" if one.beginning else f" {phrase} " for one, phrase in zip(text, phrases, strict=True)]
    apart = [one.beginning and not beginnings_in_index for one in text]
    telling = [said for said, one, beside in zip(between, text, apart, strict=True) if beside or len(one.words) > 1]
    words = [word for one in zip(text, phrases, apart, strict=True) for word in _words(*one)]
    of_index = (
        " & ".join([*_bounds(bounds, terms["tools"], terms["sessions"]), *words]),
        telling or None,
        bounds.combinations,
        bounds.after,
        bounds.before,
    )
    queued = await connection.fetch(sql("search_queued"), *of_index, None)
    matching = [row["id"] for row in queued if row["matching"]] or None  # none: plans then read the index alone
    known = [row["id"] for row in queued if row["known"]] or None
    return of_index, known, matching, between


def _bounds(bounds: Bounds, tools: Sequence[int], sessions: Sequence[int]) -> Iterator[str]:
    """Parts of a tsquery, all of which must hold."""
    if bounds.initiators is not None:
        yield _any_of("@", bounds.initiators)
    if bounds.session_ids is not None:
        yield _any_of("$", sessions)
    if bounds.tools is not None:
        yield _any_of("#", tools)


def _words(text: Text, phrase: str, beginning_apart: bool) -> list[str]:  # noqa: FBT001 - of a row of three
    """The same of a text. Words hold no quotes, whatever was typed."""
    *before, last = [f"'{word}'" for word in phrase.split(" ")]
    if not text.beginning:
        return [*before, last]
    return before if beginning_apart else [*before, f"{last}:*"]


def _any_of(kind: str, values: Collection[object]) -> str:
    return "(" + " | ".join(f"'{kind}{value}'" for value in values) + ")"


async def page(
    connection: PooledConnection, found: Found, *, cursor: Cursor = (None, None), limit: int, offset: int = 0
) -> list[UUID]:
    """The ids of a page of what was found, newest first, behind `cursor`."""
    if not found.total:
        return []
    if found.common is not None and await _is_short(connection, found, limit + offset):
        rows = await connection.fetch(sql("search_walk"), *found.common, *cursor, limit, offset, 2 * LONG_WALK)
        if rows:
            return [row["id"] for row in rows]
    rows = await connection.fetch(sql("search_page"), *found.conditions, *cursor, limit, offset)
    return [row["id"] for row in rows]


async def _is_short(connection: PooledConnection, found: Found, wanted: int) -> bool:
    """Whether so many are likely to be met on a short walk through the newest."""
    if found.more:  # how many nobody knows: walking in vain costs less than sorting a million
        return wanted <= LONG_WALK
    size: int = await connection.fetchval(sql("search_size"))
    return found.total > COMMON and size * wanted <= LONG_WALK * found.total


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what matches."""

    held: int
    """Interceptions, at most `GATHERED`."""
    sessions: int
    """In which these are: at least in so many something matches."""

    @property
    def is_common(self) -> bool:
        """Whether a text is common of which this is known."""
        return self.held > COMMON

    @property
    def more(self) -> bool:
        """Not everything that matches was looked at."""
        return self.held == GATHERED


async def gathered(connection: PooledConnection, text: Sequence[Text], bounds: Bounds) -> Gathered:
    """Count the sessions of what matches, no further than `GATHERED`. What waits to be indexed is left out."""
    of_index, known, _, _ = await _conditions(connection, text, bounds)
    row = await _counted(connection, "search_count_sessions_some", *of_index, known, GATHERED, few=True)
    return Gathered(held=row["held"], sessions=row["sessions"])


async def sessions(connection: PooledConnection, found: Found) -> tuple[list[int], list[str]]:
    """The sessions in which something matches, for few: hashes as `aibridge_search.session`, and ids."""
    if not found.total:
        return [], []
    row = await connection.fetchrow(sql("search_session_ids"), *found.conditions)
    assert row is not None
    return list(set(row["sessions"])), list(set(row["ids"]))
