"""The texts of some steps of a session, cut to what a row shows: read for the rows that are on a page, not for all."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql

MOST_OF_AN_ARGUMENT = 600
"""Characters of a tool call's arguments: they include the main one for all clients on record."""
MOST_OF_A_TEXT = 300
"""Characters of a thought or an answer: what fits two lines of the widest screen."""


class StepTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What a step says."""

    input: str | None = None
    """The beginning of the arguments of the first tool that the model called, as the provider sent them."""
    thought: str | None = None
    """The beginning of the first."""
    answer: str | None = None
    """The same of what the model answered, where that is kept."""


async def step_texts(
    connection: PooledConnection, session_id: str, initiator_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, StepTexts]:
    """Of these steps as far as they are still on record in this session."""
    asked = session_id, initiator_id, ids, MOST_OF_AN_ARGUMENT, MOST_OF_A_TEXT
    return {
        row["id"]: StepTexts(input=row["input"], thought=row["thought"], answer=row["answer"])
        for row in await connection.fetch(sql("step_texts"), *asked)
    }
