"""What may be imported from: a Coder deployment's database of any generation, and nothing else."""

import pytest

from aibridge.errors import StoreError, StoreUnavailable
from aibridge.store.coder import open_coder
from aibridge.store.coder.source import QUERIES
from aibridge.store.importing import open_importer
from support.coder_database import CoderDatabase, Import
from support.postgres import dsn_of


@pytest.mark.parametrize("name", QUERIES)
async def test_every_query_can_be_prepared(coder: CoderDatabase, name: str) -> None:
    assert len(QUERIES[name].description) > 20
    await coder.connection.prepare(QUERIES[name].sql)


@pytest.mark.parametrize("name", sorted(name for name in QUERIES if "thought" not in name))
async def test_every_query_can_be_prepared_in_the_oldest_generation(coder: CoderDatabase, name: str) -> None:
    await coder.grow_old()
    await coder.connection.prepare(QUERIES[name].sql)


@pytest.mark.parametrize(
    "address",
    ["postgresql://127.0.0.1:1/coder", "postgresql://nobody.invalid/coder", "coder", "host=/tmp dbname=coder"],
)
async def test_an_address_that_leads_nowhere(address: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"^The database to import from cannot be opened: ."):
        async with open_coder(address):
            pass


async def test_a_password_that_was_not_escaped_is_not_shown() -> None:
    with pytest.raises(StoreUnavailable) as raised:
        async with open_coder("postgresql://me:se#cret@host/coder"):
            pass
    assert "se'" not in str(raised.value)


async def test_a_database_that_is_not_there(database_server: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be opened: database .* does not exist"):
        async with open_coder(dsn_of(database_server, "nowhere")):
            pass


async def test_a_database_of_something_else(empty_database: str) -> None:
    with pytest.raises(StoreError, match="has no table users"):
        async with open_coder(empty_database):
            pass


@pytest.mark.parametrize("table", ["users", "aibridge_interceptions", "aibridge_token_usages", "aibridge_user_prompts"])
async def test_a_table_that_is_missing_is_named(coder: CoderDatabase, table: str) -> None:
    await coder.connection.execute(f"DROP TABLE {table}")
    with pytest.raises(StoreError, match=f"it has no table {table}"):
        async with open_coder(coder.dsn):
            pass


async def test_a_column_that_is_missing_is_named(coder: CoderDatabase) -> None:
    await coder.connection.execute("ALTER TABLE aibridge_interceptions DROP COLUMN ended_at")
    with pytest.raises(StoreError, match=r"aibridge_interceptions .* lacks ended_at: upgrade Coder first"):
        async with open_coder(coder.dsn):
            pass


async def test_our_own_database_is_refused(database: str) -> None:
    with pytest.raises(StoreError, match="names a database of aibridge itself"):
        async with open_coder(database):
            pass


async def test_a_source_that_goes_away_is_told_from_ours(coder: CoderDatabase) -> None:
    async with open_coder(coder.dsn) as source:
        await coder.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StoreUnavailable, match=r"^The database to import from: "):
            await source.number()


async def test_one_import_at_a_time(database: str, run_import: Import) -> None:
    async with open_importer(database):
        with pytest.raises(StoreError, match="Another import into this database is running"):
            await run_import()
    assert (await run_import()).interceptions.read == 0
