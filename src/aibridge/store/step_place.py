"""The position of one step in its session."""

from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql


class StepPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A step's place by time among all of its session."""

    number: int
    """From 1."""
    steps: int
    """Of the session."""
    previous_id: UUID | None
    next_id: UUID | None
    root_id: UUID
    """Of its thread."""
    went_on_at: datetime | None
    """The start of the thread's next request."""


async def step_place(
    connection: PooledConnection, session_id: str, initiator_id: UUID, interception_id: UUID
) -> StepPlace | None:
    """None when there is no such ended interception in the session."""
    row = await connection.fetchrow(sql("step_place"), session_id, initiator_id, interception_id)
    return None if row is None else StepPlace(**row)
