"""The PostgreSQL of a test run: one server for all xdist workers, and databases copied from one migrated template."""

import asyncio
import fcntl
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from aibridge.store.embedded import EmbeddedPostgres
from aibridge.store.migrate import migrate

SETTINGS = ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET max_connections = 1000")
"""No test needs it to be durable, and each worker keeps gateways open, with pools of their own."""


def shared_folder(base: Path, worker_id: str) -> Path:
    """The server's folder below the base folder of pytest's temporary files, the same for every worker of the run."""
    return (base if worker_id == "master" else base.parent) / "postgresql"


@contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """The address of aibridge's own embedded server; the last worker out stops it."""
    with alone(folder.with_suffix(".settings.lock")):
        if not folder.exists():
            with EmbeddedPostgres(folder) as server:  # they hold from its next start
                in_a_thread(execute(server.dsn, *SETTINGS))
    with EmbeddedPostgres(folder) as server:
        yield server.dsn


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One worker at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """For synchronous fixtures: in a thread of its own, so that no test's event loop is touched."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def dsn_of(server: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{quote(database)}"))


async def execute(server: str, *statements: str) -> None:
    """Runs statements, each in a transaction of its own."""
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def make_template(server: str, template: str) -> None:
    """A migrated database to copy, unless it is there."""
    connection = await asyncpg.connect(server)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
            return
        await connection.execute(f"DROP DATABASE IF EXISTS {template}_new")
        await connection.execute(f"CREATE DATABASE {template}_new")
        await migrate(dsn_of(server, f"{template}_new"))
        await connection.execute(f"ALTER DATABASE {template}_new RENAME TO {template}")
    finally:
        await connection.close()


async def _copy(server: str, template: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        # Copying the files takes 0.1 s, writing them to the WAL (the default since there is a choice) 0.25 s.
        strategy = "STRATEGY file_copy" if connection.get_server_version().major >= 15 else ""
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
    finally:
        await connection.close()


@asynccontextmanager
async def fresh_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """The address of a new copy of `template`, dropped at the end whoever is still connected."""
    name = f"test_{secrets.token_hex(6)}"
    await _copy(server, template, name)
    try:
        yield dsn_of(server, name)
    finally:
        await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def database_copy(server: str, template: str) -> Iterator[str]:
    """The same for a test without an event loop."""
    name = f"test_{secrets.token_hex(6)}"
    in_a_thread(_copy(server, template, name))
    try:
        yield dsn_of(server, name)
    finally:
        in_a_thread(execute(server, f"DROP DATABASE {name} WITH (FORCE)"))
