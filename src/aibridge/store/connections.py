"""Connections to PostgreSQL: how they are made, and one that is kept for a single kind of work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import msgspec

from aibridge.store.failures import mapped, store_error

CONNECT_TIMEOUT = 5.0
"""Seconds until a server that does not answer counts as unreachable."""

CLOSE_TIMEOUT = 0.5
"""Seconds until a connection is closed without a goodbye: a process that ends owes none."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PooledConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the database."""

    dsn: str
    pooled: bool = False
    """Behind a transaction pooler (pgbouncer): no prepared statements, no settings of a session."""
    application_name: str = "aibridge"

    def arguments(self, **settings: str) -> dict[str, Any]:
        """Keyword arguments of `asyncpg.connect`. `settings` are left out behind a pooler, which refuses them."""
        return {
            "dsn": self.dsn,
            "timeout": CONNECT_TIMEOUT,
            "statement_cache_size": 0 if self.pooled else 200,
            "max_cacheable_statement_size": 0,  # of any: the longest is the one that must not be planned each time
            "server_settings": {
                "application_name": self.application_name,
                **({} if self.pooled else {"jit": "off", "timezone": "UTC", **settings}),
            },
        }


def _jsonb_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _same(value: bytes) -> bytes:
    return value


async def teach_json(connection: Connection) -> None:
    """`json` travels as the bytes it is; `jsonb` as Python objects."""
    await connection.set_type_codec("json", schema="pg_catalog", encoder=_same, decoder=_same, format="binary")
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb_text, decoder=msgspec.json.decode, format="text"
    )


_UNUSABLE_AFTER = frozenset({"08", "0A", "25", "26", "53", "57", "58", "XX"})
"""SQLSTATE classes that say something about the connection, its transaction, its plans, or the server."""


class Lane:
    """One connection for one kind of work, one at a time, made when needed and made again after it broke.

    A lane costs no acquire and no reset for each use, and its statements stay planned. Whatever goes wrong below the
    SQL level ends the connection: nothing is known of its state, and the next use gets a fresh one.
    """

    def __init__(self, dial: Dial, *, timeout: float, **settings: str) -> None:
        self._arguments = dial.arguments(**settings)
        self._timeout = timeout
        self._busy = asyncio.Lock()
        self._connection: Connection | None = None

    async def fetchval(self, query: str, argument: object) -> Any:
        """Run one statement and return its first value, or None.

        The path of every batch: what `hold` does, without its layers of context managers, which cost as much as the
        statement itself. Raises the errors of `failures.mapped`.
        """
        async with self._busy:
            try:
                connection = self._connection
                if connection is None or connection.is_closed():
                    connection = await self._connected()
                return await connection.fetchval(query, argument, timeout=self._timeout)
            except Exception as error:
                self._drop_unless_usable(error)
                raise store_error(error) from error
            except BaseException:
                self._drop()
                raise

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Connection]:
        """The connection, for one caller. Raises the errors of `failures.mapped`; the timeout is in seconds."""
        async with self._busy:
            with mapped():
                connection = await self._connected()
                try:
                    async with asyncio.timeout(self._timeout):
                        yield connection
                except Exception as error:
                    self._drop_unless_usable(error)
                    raise
                except BaseException:
                    self._drop()
                    raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """The same, in a transaction. Whoever is cancelled leaves at once: the server rolls back what lost its client.

        A ROLLBACK would have to be answered, and a server that hangs would hold up the end of the process.
        """
        async with self.hold() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            except Exception:
                await transaction.rollback()
                raise
            except BaseException:
                self._drop()
                raise
            await transaction.commit()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            connection: Connection = await asyncpg.connect(**self._arguments)
            try:
                await teach_json(connection)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    def _drop_unless_usable(self, error: Exception) -> None:
        """After an error of SQL the connection goes on; after any other nothing is known of its state."""
        if not isinstance(error, asyncpg.PostgresError) or (error.sqlstate or "")[:2] in _UNUSABLE_AFTER:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Ends the connection after what is under way, or without regard to it when that takes too long."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT), self._busy:
                if self._connection is not None and not self._connection.is_closed():
                    await self._connection.close()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._drop()
        self._connection = None
