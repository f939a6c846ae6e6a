"""Whether a database is there, and one that aibridge can work with."""

import asyncio
import time
from collections.abc import Callable

import asyncpg

from aibridge.errors import SettingsError, StoreUnavailable
from aibridge.store.connections import CONNECT_TIMEOUT, Connection
from aibridge.store.failures import mapped

OLDEST_VERSION = 14
"""PostgreSQL's oldest major version with all that the queries use."""

_BETWEEN = 0.2
"""Seconds between two attempts."""

_WRONG_ADDRESS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.exceptions.ClientConfigurationError,
)
"""What no waiting mends."""


async def server_version(dsn: str) -> int:
    """The server's major version. Raises `StoreUnavailable`, or `SettingsError` when it is too old or refuses us."""
    with mapped():
        try:
            connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT, statement_cache_size=0)
        except _WRONG_ADDRESS as error:
            raise SettingsError(f"The database does not let aibridge in ({error}). Check the database URL.") from error
        try:
            number = int(await connection.fetchval("SHOW server_version_num")) // 10_000
        finally:
            connection.terminate()
    if number < OLDEST_VERSION:
        raise SettingsError(f"The database is PostgreSQL {number}; aibridge needs {OLDEST_VERSION} or newer.")
    return number


async def wait_until_ready(
    dsn: str,
    timeout: float,  # noqa: ASYNC109 - it bounds the tries, not the last one
    waiting: Callable[[StoreUnavailable], None] | None = None,
) -> int:
    """Waits up to `timeout` seconds for the server and returns its major version. Raises like `server_version`.

    `waiting` is called once, when the first try has failed: somebody may be watching a start that shows nothing else.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return await server_version(dsn)
        except StoreUnavailable as error:
            if time.monotonic() + _BETWEEN > deadline:
                raise
            if waiting is not None:
                waiting(error)
                waiting = None
            await asyncio.sleep(_BETWEEN)
