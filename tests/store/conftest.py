from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from aibridge.store.connections import Connection, teach_json
from aibridge.store.pool import Store


@pytest.fixture
async def psql(database: str) -> AsyncIterator[Connection]:
    """A connection past the store, to look at what it did."""
    connection: Connection = await asyncpg.connect(database)
    await teach_json(connection)
    yield connection
    await connection.close()


@pytest.fixture
async def alice(store: Store) -> UUID:
    return (await store.people.create_user("alice", name="Alice")).id


@pytest.fixture
async def bob(store: Store) -> UUID:
    return (await store.people.create_user("bob")).id
