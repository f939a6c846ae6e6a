import asyncio
import re
from importlib.resources import files

import asyncpg
import msgspec
import pytest

from aibridge.errors import SchemaMismatch, StoreUnavailable
from aibridge.store.migrate import load_migrations, migrate, status
from support.schema import described

EVERY = [migration.name for migration in load_migrations()]


async def executed(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql) if sql.startswith("SELECT") else await connection.execute(sql)
    finally:
        await connection.close()


async def test_every_migration_gives_exactly_the_schema_that_is_written_down(
    database: str, empty_database: str
) -> None:
    await executed(empty_database, (files("aibridge.store") / "schema.sql").read_text())
    assert described(empty_database) == described(database)


async def test_an_empty_database_gets_every_migration_once(empty_database: str) -> None:
    assert (await status(empty_database)).pending == EVERY
    assert await migrate(empty_database) == EVERY
    assert await migrate(empty_database) == []
    assert list((await status(empty_database)).applied) == EVERY
    assert (await status(empty_database)).pending == []


async def test_eight_replicas_that_start_at_once_share_the_work(empty_database: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(8)))
    assert sorted(name for names in done for name in names) == EVERY


async def test_a_migration_that_was_edited_is_refused(database: str) -> None:
    *others, last = load_migrations()
    with pytest.raises(SchemaMismatch, match=f"{last.name} was applied to this database with another content"):
        await migrate(database, [*others, msgspec.structs.replace(last, sha256=bytes(32))])


async def test_a_database_of_a_newer_version_is_refused(database: str) -> None:
    with pytest.raises(SchemaMismatch, match=f"{EVERY[-1]}, which this version of aibridge does not know"):
        await migrate(database, load_migrations()[:-1])


async def test_a_history_with_a_gap_is_refused(database: str) -> None:
    await executed(database, f"DELETE FROM aibridge_migrations WHERE name = '{EVERY[1]}'")
    with pytest.raises(SchemaMismatch, match=f"lacks {EVERY[1]}"):
        await migrate(database)
    with pytest.raises(SchemaMismatch, match=f"lacks {EVERY[1]}"):
        await status(database)


async def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before_it(empty_database: str) -> None:
    first, second, *_ = load_migrations()
    broken = msgspec.structs.replace(second, sql="CREATE TABLE half (id int); SELECT 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(empty_database, [first, broken])
    assert await executed(empty_database, "SELECT to_regclass('users') IS NOT NULL AND to_regclass('half') IS NULL")
    assert await migrate(empty_database) == EVERY[1:]


async def test_a_server_that_is_not_there(tmp_path: object) -> None:
    with pytest.raises(StoreUnavailable):
        await migrate(f"postgresql://nobody@/nothing?host={tmp_path}")


def test_every_migration_says_what_it_does_and_why() -> None:
    assert all(migration.sql.startswith("-- ") for migration in load_migrations())


def test_no_id_comes_from_a_sequence() -> None:
    assert not re.search(r"\b(big)?serial\b|SEQUENCE|IDENTITY", (files("aibridge.store") / "schema.sql").read_text())
