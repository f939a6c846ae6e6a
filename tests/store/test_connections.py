"""What a broken, slow, refusing or read-only server looks like from above, and that the store comes back by itself."""

import asyncio
import re
from uuid import UUID

import asyncpg
import pytest

from aibridge.errors import RowsRefused, SchemaMismatch, StoreConflict, StoreError, StoreUnavailable
from aibridge.store.connections import Connection, Dial, Lane
from aibridge.store.failures import store_error
from aibridge.store.pool import Store, open_store
from support.rows import begun, finished


async def end_all_others(psql: Connection) -> None:
    await psql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_writer_whose_connection_was_ended_comes_back(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice)
    await store.write_begun([start])
    await end_all_others(psql)
    try:
        await store.write_begun([start])
    except StoreUnavailable:
        await store.write_begun([start])
    await store.write_finished([finished(start)])
    assert await psql.fetchval("SELECT outcome FROM aibridge_interceptions") == "completed"


async def test_readers_come_back_too(store: Store, alice: UUID, psql: Connection) -> None:
    await end_all_others(psql)
    for _ in range(3):
        try:
            assert await store.people.find_user(alice)
            break
        except StoreUnavailable:
            continue
    assert await store.people.find_user(alice)


async def test_a_connection_that_ends_in_the_middle_of_a_write(store: Store, alice: UUID, psql: Connection) -> None:
    """Nothing is known about the batch: it is repeated, and is there once."""
    start = begun(alice)
    async with psql.transaction():
        await psql.execute("LOCK TABLE aibridge_interceptions")
        writing = asyncio.gather(store.write_begun([start]))
        await until_somebody_waits(psql)
        await end_all_others(psql)
        with pytest.raises(StoreUnavailable):
            await writing
    await store.write_begun([start])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1


async def until_somebody_waits(psql: Connection) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while not await psql.fetchval(waiting):
        await psql.execute("SELECT pg_stat_clear_snapshot()")


async def test_a_caller_that_goes_away_leaves_the_lane_usable(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice)
    async with psql.transaction():
        await psql.execute("LOCK TABLE aibridge_interceptions")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await store.write_begun([start])
    await store.write_begun([start])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1


async def test_a_write_that_takes_too_long_counts_as_lost(database: str, psql: Connection) -> None:
    lane = Lane(Dial(dsn=database), timeout=0.1)
    with pytest.raises(StoreUnavailable):
        async with lane.hold() as connection:
            await connection.execute("SELECT pg_sleep(60)")
    lane._timeout = 60  # the server may be busy
    async with lane.hold() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await lane.close()


async def test_a_server_that_is_not_there_shows_at_use(tmp_path: object) -> None:
    async with open_store(f"postgresql://nobody@/nothing?host={tmp_path}") as store:
        for use in (store.write_begun([]), store.people.list_users(), store.reader.interceptions_page(None, limit=1)):
            with pytest.raises(StoreUnavailable):
                await use


async def test_a_server_that_became_read_only_is_left(database: str, psql: Connection) -> None:
    """After a failover the old address may lead to a standby: connect again rather than fail for ever."""
    lane = Lane(Dial(dsn=database), timeout=60)
    async with lane.hold() as connection:
        await connection.execute("SET default_transaction_read_only = on")
        first = connection
    with pytest.raises(StoreUnavailable):
        async with lane.hold() as connection:
            await connection.execute("CREATE TABLE t ()")
    async with lane.hold() as connection:
        assert connection is not first
        await connection.execute("CREATE TABLE t ()")
    await lane.close()


async def test_an_empty_database_says_that_it_is_not_migrated(empty_database: str) -> None:
    async with open_store(empty_database) as store:
        with pytest.raises(SchemaMismatch, match="aibridge_interceptions"):
            await store.write_begun([])


async def test_commits_are_durable_whatever_the_server_says(
    store: Store, database: str, alice: UUID, psql: Connection
) -> None:
    name = await psql.fetchval("SELECT current_database()")
    await psql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await psql.execute(
        "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "NEW.client := current_setting('synchronous_commit'); RETURN NEW; END $$; "
        "CREATE TRIGGER seen BEFORE INSERT OR UPDATE ON aibridge_interceptions FOR EACH ROW EXECUTE FUNCTION seen()"
    )
    async with open_store(database) as other:
        start = begun(alice)
        await other.write_begun([start])
        assert await psql.fetchval("SELECT client FROM aibridge_interceptions") == "on"
        await psql.execute("ALTER TABLE aibridge_interceptions DISABLE TRIGGER seen")
        await psql.execute("UPDATE aibridge_interceptions SET client = ''")
        await psql.execute("ALTER TABLE aibridge_interceptions ENABLE TRIGGER seen")
        await other.write_finished([finished(start)])
        assert await psql.fetchval("SELECT client FROM aibridge_interceptions") == "on"


async def test_behind_a_pooler_nothing_is_prepared_or_set(database: str, alice: UUID, psql: Connection) -> None:
    async with open_store(database, pooled=True) as store:
        start = begun(alice)
        await store.write_begun([start])
        await store.write_finished([finished(start)])
        assert (await store.reader.interceptions_page(None, limit=1))[1] == 1
        assert await psql.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aibridge'") >= 3
    assert Dial(dsn="", pooled=True).arguments(plan_cache_mode="auto")["server_settings"] == {
        "application_name": "aibridge"
    }


def refusal(state: str, message: str = "no") -> asyncpg.PostgresError:
    error = asyncpg.PostgresError(message)
    vars(error)["sqlstate"] = state
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("40P01"), StoreConflict),
        (refusal("40001"), StoreConflict),
        (refusal("21000"), RowsRefused),
        (refusal("22003"), RowsRefused),
        (refusal("23503"), RowsRefused),
        (refusal("54000"), RowsRefused),
        (refusal("54001"), RowsRefused),
        (refusal("XX000", "invalid memory alloc request size 1073741824"), RowsRefused),
        (refusal("XX000"), StoreUnavailable),
        (refusal("42P01"), SchemaMismatch),
        (refusal("53100"), StoreUnavailable),
        (refusal("53300"), StoreUnavailable),
        (refusal("57P01"), StoreUnavailable),
        (refusal("25006"), StoreUnavailable),
        (asyncpg.InterfaceError("connection is closed"), StoreUnavailable),
        (asyncpg.exceptions._base.DataError("invalid input"), RowsRefused),
        (ConnectionRefusedError(), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
    ],
    ids=lambda value: getattr(value, "sqlstate", None) or getattr(value, "__name__", type(value).__name__),
)
def test_what_went_wrong_has_one_name(error: Exception, kind: type[StoreError]) -> None:
    found = store_error(error)
    assert type(found) is kind
    assert re.search(r"\w", str(found))
