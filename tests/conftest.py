"""What every room's tests may ask for: a PostgreSQL, a database of one's own, an open store.

The server is aibridge's own embedded one in the folder of this run, shared by all xdist workers, or the one that
AIBRIDGE_TEST_DATABASE_URL names (its role must be allowed to create databases). It is migrated once, into a template.
"""

import asyncio
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import pytest

from aibridge.store.embedded import EmbeddedPostgres
from aibridge.store.migrate import load_migrations, migrate
from aibridge.store.pool import Store, open_store

_FOLDER = pytest.StashKey[Path]()


def _shared_folder(factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "postgresql"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last word is the controller's: workers that were killed have left their server running."""
    folder = config.stash.get(_FOLDER, None)
    if folder is not None and folder.exists() and not hasattr(config, "workerinput"):
        with EmbeddedPostgres(folder):
            pass


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    factory = getattr(config, "_tmp_path_factory", None)
    if isinstance(factory, pytest.TempPathFactory) and not hasattr(config, "workerinput"):
        config.stash[_FOLDER] = factory.getbasetemp() / "postgresql"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder.parent / f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(work: Coroutine[Any, Any, None]) -> None:
    """From a synchronous fixture: in a thread of its own, so that no test's event loop is touched."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def dsn_of(server: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{quote(database)}"))


async def _execute(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _make_template(server: str, template: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
            return
        await connection.execute(f"CREATE DATABASE {template}_new")
        await migrate(dsn_of(server, f"{template}_new"))
        await connection.execute(f"ALTER DATABASE {template}_new RENAME TO {template}")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of a PostgreSQL server, as the role that may do everything there."""
    given = os.environ.get("AIBRIDGE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(_shared_folder(tmp_path_factory, worker_id)) as server:
        _run(_execute(server.dsn, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
        yield server.dsn


@pytest.fixture(scope="session")
def template(database_server: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The name of a migrated database to copy, made once for each state of the migrations."""
    state = hashlib.sha256(b"".join(migration.sha256 for migration in load_migrations())).hexdigest()[:12]
    with _alone(_shared_folder(tmp_path_factory, worker_id)):
        _run(_make_template(database_server, f"aibridge_template_{state}"))
    return f"aibridge_template_{state}"


@pytest.fixture
async def empty_database(database_server: str) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    name = f"test_{secrets.token_hex(6)}"
    await _execute(database_server, f"CREATE DATABASE {name}")
    yield dsn_of(database_server, name)
    await _execute(database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_server: str, template: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    await _execute(database_server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield dsn_of(database_server, name)
    await _execute(database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """An open store on that database."""
    async with open_store(database) as opened:
        yield opened
