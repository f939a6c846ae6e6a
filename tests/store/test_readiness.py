import asyncio

import pytest

from aibridge.errors import SettingsError, StoreUnavailable
from aibridge.store import readiness
from aibridge.store.readiness import server_version, wait_until_ready
from support.postgres import dsn_of


async def test_a_server_that_is_there_tells_its_version(database: str) -> None:
    assert await wait_until_ready(database, 1) == await server_version(database) >= 14


async def test_a_server_that_is_not_there_is_waited_for_in_vain(tmp_path: object) -> None:
    """Whoever waits is told once, and in the end, that it is the database."""
    told: list[StoreUnavailable] = []
    async with asyncio.timeout(30):
        with pytest.raises(StoreUnavailable, match="The database does not answer"):
            await wait_until_ready(f"postgresql://nobody@/nothing?host={tmp_path}", 0.5, told.append)
    assert len(told) == 1


async def test_an_unknown_database_is_a_wrong_setting_and_not_waited_for(database: str) -> None:
    async with asyncio.timeout(30):
        with pytest.raises(SettingsError, match="database URL"):
            await wait_until_ready(dsn_of(database, "no_such_database"), 60)


async def test_an_old_server_is_refused_by_name(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "OLDEST_VERSION", 99)
    with pytest.raises(SettingsError, match="aibridge needs 99 or newer"):
        await server_version(database)
