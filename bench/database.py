"""The database under the gateway: what it wrote, what it used, and how long one durable commit takes on it."""

import time
from typing import Any

import asyncpg
import msgspec
import uvloop

from bench.accounting import cpu_seconds
from bench.figures import percentile


class Database(msgspec.Struct, frozen=True):
    """A PostgreSQL server on this machine."""

    dsn: str
    pid: int
    """Of the postmaster; all other processes are its children."""

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the whole server."""
        return cpu_seconds(self.pid)

    def written(self) -> int:
        """Return the end of the write-ahead log, in bytes since its beginning."""
        return int(self._ask("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def version(self) -> str:
        """Return the server's version and the settings that make a commit durable."""
        return str(
            self._ask(
                """SELECT format('PostgreSQL %s, fsync %s, full_page_writes %s, synchronous_commit %s',
                    split_part(current_setting('server_version'), ' ', 1), current_setting('fsync'),
                    current_setting('full_page_writes'), current_setting('synchronous_commit'))"""
            )
        )

    def commit_us(self, count: int) -> float:
        """Return the median time of a durable commit of one small row on one connection, in microseconds."""
        return uvloop.run(self._commit_us(count))

    async def _commit_us(self, count: int) -> float:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
            await connection.execute("CREATE TABLE IF NOT EXISTS bench.commits (number integer)")
            insert = await connection.prepare("INSERT INTO bench.commits VALUES ($1)")
            times = []
            for number in range(count):
                begins = time.perf_counter_ns()
                await insert.fetch(number)
                times.append((time.perf_counter_ns() - begins) / 1000)
        finally:
            await connection.close()
        return percentile(sorted(times), 50)

    def _ask(self, query: str) -> Any:
        async def ask() -> Any:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return uvloop.run(ask())
