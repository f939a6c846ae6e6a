"""Retention goes through everything that has grown old, batch by batch, and says how much it was."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from structlog.testing import capture_logs

from aibridge.ops.retention import remove_aged
from aibridge.store.connections import Connection
from aibridge.store.keeping import BATCH, Removed
from aibridge.store.pool import Store
from support.rollups import exact
from support.rows import begun, finished


async def test_everything_that_has_grown_old_goes_and_is_logged(store: Store, psql: Connection, alice: UUID) -> None:
    old, recent = datetime.now(UTC) - timedelta(days=90), datetime.now(UTC)
    starts = [begun(alice, started_at=old if n % 6 else recent) for n in range(BATCH + 80)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    with capture_logs() as logs:
        removed = await remove_aged(store.keeping, timedelta(days=60))
    stay = sum(n % 6 == 0 for n in range(BATCH + 80))
    assert removed == Removed(interceptions=BATCH + 80 - stay)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == stay
    assert [(log["event"], log["interceptions"]) for log in logs] == [
        ("removed what has grown old", removed.interceptions)
    ]
    await exact(psql)


async def test_nothing_old_is_nothing_to_tell(store: Store) -> None:
    with capture_logs() as logs:
        assert not await remove_aged(store.keeping, timedelta(days=60))
    assert logs == []
