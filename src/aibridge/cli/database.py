"""The database of a command: the one that is set, or the embedded one, running already or not."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from aibridge.cli.settings import settings
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.migrate import migrate
from aibridge.store.people import People
from aibridge.store.pool import Store, open_store

T = TypeVar("T")


@contextmanager
def database() -> Iterator[str]:
    """The database's address, past any transaction pooler. The embedded server runs for the block at least."""
    chosen = settings()
    url = chosen.database_direct_url or chosen.database_url
    if url:
        yield url.reveal()
        return
    with EmbeddedPostgres(chosen.data_dir) as server:
        yield server.dsn


@asynccontextmanager
async def people() -> AsyncIterator[People]:
    """Users and tokens."""
    async with store() as opened:
        yield opened.people


@asynccontextmanager
async def store() -> AsyncIterator[Store]:
    """The record, in a database that is migrated: the first command may come before the first start."""
    chosen = settings()
    url = chosen.database_direct_url or chosen.database_url
    if url:
        async with _store_at(url.reveal()) as opened:
            yield opened
        return
    async with open_embedded(chosen.data_dir) as server, _store_at(server.dsn) as opened:
        yield opened


@asynccontextmanager
async def _store_at(dsn: str) -> AsyncIterator[Store]:
    await migrate(dsn)
    async with open_store(dsn, pool_size=1, application_name="aibridge cli") as opened:
        yield opened


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    return asyncio.run(work)
