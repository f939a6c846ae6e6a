"""A process that takes an export and says how much memory that took: how it grew between the first pieces and the end.

Arguments: the database, the user, and `interceptions` or `session`, with a format.
"""

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from aibridge.exporting.download import Export
from aibridge.exporting.interceptions import TableFormat, interceptions_export
from aibridge.exporting.sessions import SessionFormat, session_export
from aibridge.filters import EVERYTHING
from aibridge.store.exports import Exports
from aibridge.store.pool import open_store

WARM = 4 * 2**20
"""Bytes that are taken before memory is looked at: modules, plans and buffers are made once."""


def most_memory() -> int:
    """Bytes that there ever were."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


async def begun(exports: Exports, user: UUID, what: str, format_: str) -> Export:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    if what == "interceptions":
        return await interceptions_export(exports, user, EVERYTHING, format_=TableFormat(format_), now=now)
    found = await session_export(exports, "s", user, format_=SessionFormat(format_), now=now)
    assert found is not None
    return found


async def main(dsn: str, user: str, what: str, format_: str) -> None:
    taken, before = 0, 0
    async with open_store(dsn, pool_size=1) as store:
        export = await begun(store.exports, UUID(user), what, format_)
        async for chunk in export.chunks:
            taken += len(chunk)
            before = before or (most_memory() if taken > WARM else 0)
    print(json.dumps({"taken": taken, "grown": most_memory() - before}))  # noqa: T201 - its one answer


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
