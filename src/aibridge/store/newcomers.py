"""What has just been recorded and matches a filter: asked again and again while somebody looks at a list.

Only what ended lately is looked at, and for words the texts of just that: the index of words is no use for a handful.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aibridge.filters import Filter
from aibridge.store.connections import PooledConnection
from aibridge.store.excerpts import pattern_of, without_escapes
from aibridge.store.interception_list import parameters
from aibridge.store.matches import FoundIn
from aibridge.store.sql import sql
from aibridge.texts import Text

MOST = 500
"""That are counted: nobody waits for the number of more."""


async def newcomers(connection: PooledConnection, viewer: UUID | None, filter_: Filter, since: datetime) -> int | None:
    """How many interceptions that match ended since this moment; None: more than `MOST`."""
    those = await parameters(connection, viewer, filter_)
    if those is None:
        return 0
    rows = await connection.fetch(sql("newly_ended"), *those, since, MOST + 1)
    if len(rows) > MOST:
        return None
    ids = [row["id"] for row in rows]
    return await _saying(connection, ids, filter_.text) if filter_.text and ids else len(ids)


async def _saying(connection: PooledConnection, ids: Sequence[UUID], text: Sequence[Text]) -> int:
    """How many of these hold all that is searched for."""
    patterns = [pattern_of([one]) for one in text]
    found: dict[UUID, set[int]] = defaultdict(set)
    await connection.execute(sql("read_by_index"))
    for row in await connection.fetch(sql("matched_texts"), ids):
        said = without_escapes(row["said"]) if row["found_in"] == FoundIn.TOOL_INPUT else row["said"]
        found[row["interception_id"]] |= {n for n, pattern in enumerate(patterns) if pattern.search(said)}
    return sum(len(places) == len(patterns) for places in found.values())
