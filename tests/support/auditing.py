"""Sessions written and read back as an auditor does."""

from typing import Any
from uuid import UUID

from aibridge.records import Begun
from aibridge.store import sessions
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.session_detail import ReadSessionDetail
from support.rows import finished


async def carried(store: Store, start: Begun, **end: Any) -> Begun:
    """Begun and ended."""
    await store.write_begun([start])
    await store.write_finished([finished(start, **end)])
    return start


async def detail(store: Store, session_id: str, viewer: UUID | None = None, **page: Any) -> ReadSessionDetail:
    """The session, which must be there."""
    found = await store.reader.session(session_id, viewer, **{"limit": 50} | page)
    assert found is not None
    return found


def ids(found: ReadSessionDetail) -> list[UUID]:
    """Of the page's threads."""
    return [thread.id for thread in found.threads]


async def remove(psql: Connection, id_: UUID) -> None:
    """As retention does: with its children, out of the counts, and the session computed anew."""
    async with psql.transaction():
        counted = await sessions.counted(psql, [id_])
        gone = await psql.fetchrow(
            "DELETE FROM aibridge_interceptions WHERE id = $1 RETURNING session_id, initiator_id", id_
        )
        assert gone is not None
        await sessions.recompute(psql, [(gone["session_id"], gone["initiator_id"])])
        await sessions.count(psql, counted, -1)
