"""The gateway of the demo: the real one, before the scripted provider and over a database of its own."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aibridge.app.answering import GatewayServer
from aibridge.app.parts import open_worker
from aibridge.app.serving import kept_up, prepare
from aibridge.auth.tokens import mint
from aibridge.config import LogLevel, ProviderSettings, Secret, Settings
from aibridge.demo.people import Person
from aibridge.demo.run import DATABASE, PROVIDER_KEY
from aibridge.gateway.upstream import Proxies
from aibridge.records import ProviderType, Scope
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.people import People
from aibridge.store.scratch import recreate

DRAIN_SECONDS = 1
"""What a client of somebody who looks on gets to end, when the demo ends."""


class House:
    """A started gateway and its accounts."""

    def __init__(self, address: str, people: People) -> None:
        self.address = address
        self._people = people

    async def enrol(self, person: Person) -> str:
        """Create the account in the fresh database and return a token with both scopes."""
        user = await self._people.create_user(person.username, role=person.role, name=person.name, email=person.email)
        minted = mint()
        await self._people.create_token(
            user,
            id=minted.id,
            secret_sha256=minted.secret_sha256,
            name="demo",
            scopes=frozenset(Scope),
            expires_at=None,
        )
        return minted.token


@asynccontextmanager
async def open_house(settings: Settings, listener: socket.socket, provider: str) -> AsyncIterator[House]:
    """Serve on `listener`, in this process and loop, with the provider at the address `provider`.

    Raises:
        SettingsError: the database that is set cannot be used.
        StoreError: a second demo runs on the same server, or the server cannot be reached.

    """
    async with _server(settings) as (server, embedded):
        database = await recreate(server, DATABASE)
        await prepare(database)
        staged = staged_settings(settings, provider)
        # The provider is on loopback, where no proxy of the environment can reach it.
        async with kept_up(embedded), open_worker(staged, database, proxies=Proxies()) as worker:
            address = dataclasses.replace(settings.listen, port=listener.getsockname()[1]).url
            serving = GatewayServer(worker, drain_seconds=DRAIN_SECONDS)
            async with asyncio.TaskGroup() as tasks:
                served = tasks.create_task(serving.serve(sockets=[listener]))
                try:
                    yield House(address, worker.store.people)
                finally:
                    serving.stop()
                    await served


def staged_settings(settings: Settings, provider: str) -> Settings:
    """The settings with the scripted provider in place of all others, and nothing of the real database."""
    providers = (
        ProviderSettings(name="anthropic", type=ProviderType.ANTHROPIC, base_url=provider, key=Secret(PROVIDER_KEY)),
        ProviderSettings(name="openai", type=ProviderType.OPENAI, base_url=f"{provider}/v1", key=Secret(PROVIDER_KEY)),
    )
    return dataclasses.replace(settings, providers=providers, database_url=None, database_direct_url=None)


def quiet(settings: Settings) -> Settings:
    """Leave the log to what goes wrong: the terminal belongs to the play."""
    if settings.log_level is LogLevel.INFO:
        return dataclasses.replace(settings, log_level=LogLevel.WARNING)
    return settings


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """The DSN of a server to make the database on: the one that is set, or the embedded one."""
    chosen = settings.database_direct_url or settings.database_url
    if chosen is not None:
        yield chosen.reveal(), None
        return
    async with open_embedded(settings.data_dir) as embedded:
        yield embedded.dsn, embedded
