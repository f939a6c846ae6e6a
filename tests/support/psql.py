"""A connection past the store, to look at what it did."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from aibridge.store.connections import Connection, teach_json


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[Connection]:
    """Connected until the end of the block, which does not wait for a server that may be gone."""
    connection: Connection = await asyncpg.connect(dsn)
    try:
        await teach_json(connection)
        yield connection
    finally:
        connection.terminate()
