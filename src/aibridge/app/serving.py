"""`aibridge serve`: database, sockets, workers, and their orderly end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
import uvloop

from aibridge.app.answering import bind, configure, run_worker, url_of
from aibridge.app.stopping import stopped_by_signals
from aibridge.app.workers import supervise
from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.config import Settings
from aibridge.errors import StoreUnavailable
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.migrate import migrate
from aibridge.store.pool import open_store
from aibridge.store.readiness import wait_until_ready

DATABASE_SECONDS = 30.0
"""How long a database that is still starting is waited for."""

WELCOME_LASTS = timedelta(days=7)
"""A start after that prints a new link."""

FirstSteps = Callable[[str], str]
"""What is printed while nobody has an account, with the link that makes the first owner."""

log = structlog.get_logger(__name__)


def serve(settings: Settings, *, first_steps: FirstSteps) -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit status."""
    configure(settings)
    with contextlib.closing(bind(settings.listen.host, settings.listen.port)) as listener:
        uvloop.run(_serve(settings, listener, first_steps))
    return 0


async def _serve(settings: Settings, listener: socket.socket, first_steps: FirstSteps) -> None:
    with stopped_by_signals() as stopping:
        async with _database(settings) as (dsn, embedded):
            await prepare(dsn)
            token = await _welcome_token(dsn)
            if token is not None:
                address = welcome_url(settings, listener, token)
                print(first_steps(address), flush=True)  # noqa: T201  for the person at the terminal
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
    await wait_until_ready(dsn, DATABASE_SECONDS, _waiting)
    for name in await migrate(dsn):
        log.info("migrated the database", migration=name)


def _waiting(error: StoreUnavailable) -> None:
    log.warning("waiting for the database", seconds=DATABASE_SECONDS, reason=str(error))


async def _welcome_token(dsn: str) -> str | None:
    """What makes the first owner, kept as a hash; None when somebody has an account."""
    async with open_store(dsn, pool_size=1) as store:
        if await store.people.list_users(deleted=True):
            return None
        secret = mint_secret()
        await store.sign_ins.make_link(None, secret_sha256=sha256_of(secret), lifetime=WELCOME_LASTS)
        return secret


def welcome_url(settings: Settings, listener: socket.socket, token: str) -> str:
    """Where the first owner is made. A port that was left to the system is known by now."""
    root = url_of(listener) if settings.listen.port == 0 else settings.access_url
    return f"{root}/welcome?token={token}"


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
