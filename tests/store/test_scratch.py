import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from aibridge.errors import SettingsError, StoreError, StoreUnavailable
from aibridge.store.scratch import recreate
from support import postgres


@pytest.fixture
async def name(database_server: str) -> AsyncIterator[str]:
    """The name of a database that is not there yet, and is gone afterwards."""
    made = f"Scratch {secrets.token_hex(4)}"
    yield made
    await postgres.execute(database_server, f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')


async def tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in rows]
    finally:
        await connection.close()


async def test_every_start_gets_an_empty_database(database_server: str, name: str) -> None:
    """It is made when missing, and what was in it is gone the next time."""
    first = await recreate(database_server, name)
    await postgres.execute(first, "CREATE TABLE yesterday ()")
    assert await tables(first) == ["yesterday"]
    assert await recreate(database_server, name) == first
    assert await tables(first) == []


async def test_a_database_of_somebody_else_stays(database_server: str, name: str) -> None:
    """One of the same name that was not made here is never dropped."""
    await postgres.execute(database_server, f'CREATE DATABASE "{name}"')
    theirs = postgres.dsn_of(database_server, name)
    await postgres.execute(theirs, "CREATE TABLE precious ()")
    with pytest.raises(SettingsError, match="that aibridge did not make"):
        await recreate(database_server, name)
    assert await tables(theirs) == ["precious"]


async def test_a_database_in_use_is_left_alone(database_server: str, name: str) -> None:
    """A second start does not pull the floor from under the first."""
    in_use = await asyncpg.connect(await recreate(database_server, name))
    try:
        with pytest.raises(StoreError, match="in use"):
            await recreate(database_server, name)
        assert await in_use.fetchval("SELECT 1") == 1
    finally:
        await in_use.close()


async def test_a_role_that_may_not_make_databases(database_server: str, name: str) -> None:
    """The message names the setting and both ways out."""
    role = f"scratch_{secrets.token_hex(4)}"
    await postgres.execute(database_server, f"CREATE ROLE {role} LOGIN")
    with_role = database_server.replace("://aibridge@", f"://{role}@", 1)
    if with_role == database_server:
        pytest.skip("the server of this run has another role")
    try:
        with pytest.raises(SettingsError, match="CREATEDB"):
            await recreate(with_role, name)
    finally:
        await postgres.execute(database_server, f"DROP ROLE {role}")


async def test_a_server_that_is_not_there() -> None:
    """It is the store's error."""
    with pytest.raises(StoreUnavailable):
        await recreate("postgresql://aibridge@127.0.0.1:1/aibridge", "scratch")
