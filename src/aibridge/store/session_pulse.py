"""How the steps of sessions lie in their time, for a page of them."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql

PARTS = 24
"""Equal parts of a session's time."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """One session's."""

    steps: list[int]
    """That began in each of the `PARTS`."""
    subagents: int
    subagent_threads: int
    """That these began: one may begin several."""
    model: str | None
    """What the main agent asked most often; None: there are only side requests and subagents."""


STILL = Pulse(steps=[0] * PARTS, subagents=0, subagent_threads=0, model=None)
"""Of a session that is gone meanwhile."""


async def session_pulses(connection: PooledConnection, sessions: Sequence[tuple[str, UUID]]) -> list[Pulse]:
    """Of each of these sessions (id, initiator), in their order."""
    if not sessions:
        return []
    ids, initiators = zip(*sessions, strict=True)
    found = {row["n"]: row for row in await connection.fetch(sql("session_pulses"), ids, initiators, PARTS)}
    return [_pulse(found[n]) if n in found else STILL for n in range(1, len(sessions) + 1)]


def _pulse(row: asyncpg.Record) -> Pulse:
    return Pulse(
        steps=_counted(row["parts"]),
        subagents=row["subagents"],
        subagent_threads=row["subagent_threads"],
        model=row["model"],
    )


def _counted(parts: Sequence[int]) -> list[int]:
    steps = [0] * PARTS
    for part in parts:
        steps[min(max(part, 1), PARTS) - 1] += 1
    return steps
