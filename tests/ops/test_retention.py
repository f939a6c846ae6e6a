"""Retention goes through everything that has grown old, batch by batch, and says how much it was."""

import asyncio
import tracemalloc
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from aibridge.app.parts import open_worker
from aibridge.errors import StoreUnavailable
from aibridge.ops.retention import remove_aged
from aibridge.store.connections import Connection
from aibridge.store.keeping import BATCH, Removed
from aibridge.store.pool import Store
from aibridge.store.sessions import hold
from support.gateway import settings_for
from support.rollups import exact
from support.rows import begun, finished
from support.waiting import SOMEBODY_WAITS, until

AGE = timedelta(days=60)
ROWS = "SELECT count(*) FROM aibridge_interceptions"
MIB = 2**20


async def record(store: Store, who: UUID, count: int, *, recent: int = 0) -> None:
    """So many interceptions of three months ago, a second apart in two sessions, and so many of today."""
    now = datetime.now(UTC)
    old = [now - timedelta(days=90) + timedelta(seconds=n) for n in range(count)]
    starts = [
        begun(who, started_at=started_at, client_session_id="first" if n <= BATCH else "second")
        for n, started_at in enumerate([*old, *[now] * recent])
    ]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])


def told(logs: list[EventDict]) -> list[int]:
    return [log["interceptions"] for log in logs if log["event"] == "removed what has grown old"]


async def test_everything_that_has_grown_old_goes_and_is_logged_once(
    store: Store, psql: Connection, alice: UUID
) -> None:
    await record(store, alice, 2 * BATCH + 80, recent=20)
    with capture_logs() as logs:
        removed = await remove_aged(store.keeping, AGE)
    assert removed == Removed(interceptions=2 * BATCH + 80)
    assert await psql.fetchval(ROWS) == 20
    assert told(logs) == [removed.interceptions]
    await exact(psql)


async def test_nothing_old_is_nothing_to_tell(store: Store) -> None:
    with capture_logs() as logs:
        assert not await remove_aged(store.keeping, AGE)
    assert logs == []


async def test_a_run_that_is_broken_off_tells_what_it_did(store: Store, psql: Connection, alice: UUID) -> None:
    """As at the end of the process; the next one goes on."""
    await record(store, alice, 4 * BATCH)
    with capture_logs() as logs:
        async with psql.transaction():
            await hold(psql, [("second", alice)])
            removing = asyncio.gather(remove_aged(store.keeping, AGE))
            await until(psql, SOMEBODY_WAITS)
            removing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await removing
    assert told(logs) == [BATCH]
    assert await psql.fetchval(ROWS) == 3 * BATCH
    assert (await remove_aged(store.keeping, AGE)).interceptions == 3 * BATCH


async def test_a_database_that_goes_away_takes_back_one_batch_at_most(
    store: Store, psql: Connection, alice: UUID
) -> None:
    await record(store, alice, 2 * BATCH)
    with capture_logs() as logs:
        async with psql.transaction():
            await hold(psql, [("second", alice)])
            removing = asyncio.gather(remove_aged(store.keeping, AGE))
            await until(psql, SOMEBODY_WAITS)
            await psql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            with pytest.raises(StoreUnavailable):
                await removing
    assert told(logs) == [BATCH]
    assert await psql.fetchval(ROWS) == BATCH
    await exact(psql)
    assert (await remove_aged(store.keeping, AGE)).interceptions == BATCH
    assert await exact(psql) == 0


async def test_memory_does_not_grow_with_what_has_grown_old(store: Store, psql: Connection, alice: UUID) -> None:
    """Of 20,000 rows, 250 at a time are known; all their ids would be ten times as much."""
    await psql.execute(
        """
        INSERT INTO aibridge_interceptions (
            id, initiator_id, gateway_id, started_at, streaming, side_request, unread, provider, provider_name,
            endpoint, model, client, client_session_id, api_token_id, credential_kind, credential_type,
            credential_hint, mutations, notes, metadata
        )
        SELECT gen_random_uuid(), $1, gen_random_uuid(), now() - interval '90 days', true, false, false, 'anthropic',
            'anthropic', '/', 'm', 'c', 's' || n / 100, 't', 'byok', 'api_key', '', '{}', '{}', '{}'
        FROM generate_series(1, 20000) AS n
        """,
        alice,
    )
    assert (await store.keeping.remove_aged(AGE)).interceptions == BATCH  # what is made once is made
    tracemalloc.start()
    try:
        removed = Removed()
        while batch := await store.keeping.remove_aged(AGE):
            removed += batch
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert removed.interceptions == 20_000 - BATCH
    assert peak < MIB


async def test_a_worker_removes_what_is_old_from_its_start_on(
    database: str, store: Store, psql: Connection, alice: UUID
) -> None:
    await record(store, alice, 3, recent=2)
    while (await store.indexing.index_some()).more:
        pass  # what is being indexed is held, and left for the next hour
    settings = settings_for("http://127.0.0.1:1", environ={"AIBRIDGE_RETENTION": "8w"})
    async with open_worker(settings, database):
        await until(psql, f"SELECT ({ROWS}) = 2")
    await exact(psql)
