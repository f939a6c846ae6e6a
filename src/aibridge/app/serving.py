"""`aibridge serve`: database, sockets, workers, and their orderly end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvloop

from aibridge.app.answering import bind, configure, run_worker
from aibridge.app.stopping import stopped_by_signals
from aibridge.app.workers import supervise
from aibridge.config import Settings
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.migrate import migrate
from aibridge.store.pool import open_store
from aibridge.store.readiness import wait_until_ready

DATABASE_SECONDS = 30.0
"""How long a database that is still starting is waited for."""

log = structlog.get_logger(__name__)


def serve(settings: Settings, *, first_steps: str = "") -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit status. `first_steps` is printed when nobody has an account yet."""
    configure(settings)
    with contextlib.closing(bind(settings.listen.host, settings.listen.port)) as listener:
        uvloop.run(_serve(settings, listener, first_steps))
    return 0


async def _serve(settings: Settings, listener: socket.socket, first_steps: str) -> None:
    with stopped_by_signals() as stopping:
        async with _database(settings) as (dsn, embedded):
            await prepare(dsn)
            if first_steps and not await _has_users(dsn):
                print(first_steps, flush=True)  # noqa: T201  for the person at the terminal
            async with kept_up(embedded):
                if settings.workers == 1:
                    await run_worker(settings, dsn, listener, stopping)
                else:
                    await supervise(settings.workers, dsn, listener, stopping)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """The address of the one that is set, or of the embedded one, which runs for the block at least."""
    if settings.database_url is not None:
        yield settings.database_url.reveal(), None
        return
    async with open_embedded(settings.data_dir) as embedded:
        yield embedded.dsn, embedded


async def prepare(dsn: str) -> None:
    """Wait for the database and bring its schema up to date."""
    await wait_until_ready(dsn, DATABASE_SECONDS)
    for name in await migrate(dsn):
        log.info("migrated the database", migration=name)


async def _has_users(dsn: str) -> bool:
    async with open_store(dsn, pool_size=1) as store:
        return bool(await store.people.list_users())


@asynccontextmanager
async def kept_up(embedded: EmbeddedPostgres | None) -> AsyncIterator[None]:
    """Start the embedded server again should it die."""
    if embedded is None:
        yield
        return
    async with asyncio.TaskGroup() as tasks:
        monitor = tasks.create_task(embedded.monitor())
        try:
            yield
        finally:
            monitor.cancel()
