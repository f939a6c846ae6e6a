"""The gateway of the demo: the real one, before the scripted provider and over a database of its own."""

import asyncio
import dataclasses
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aibridge.app.answering import GatewayServer
from aibridge.app.parts import open_worker
from aibridge.app.serving import kept_up, prepare
from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.auth.tokens import mint
from aibridge.capture import Capture
from aibridge.config import LogLevel, ProviderSettings, Secret, Settings
from aibridge.demo.past import invent
from aibridge.demo.people import Person
from aibridge.demo.run import DATABASE, PROVIDER_KEY
from aibridge.gateway.upstream import Proxies
from aibridge.records import ProviderType, Scope
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.pool import Store
from aibridge.store.scratch import recreate

LINK_LASTS = timedelta(days=365)
"""Longer than any demo runs."""
DRAIN_SECONDS = 1
"""What a client of somebody who looks on gets to end, when the demo ends."""


class House:
    """A gateway that is ready to answer, and its accounts."""

    def __init__(self, address: str, store: Store, server: GatewayServer, listener: socket.socket) -> None:
        self.address = address
        self._people = store.people
        self._sign_ins = store.sign_ins
        self._server = server
        self._listener = listener

    async def enrol(self, person: Person) -> str:
        """Create the account, unless it has a past, and return a token with both scopes."""
        user = await self._people.find_user(person.username) or await self._people.create_user(
            person.username, role=person.role, name=person.name, email=person.email
        )
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

    async def link(self, person: Person) -> str:
        """Return the address that signs in as somebody enrolled, until the next start makes the database again."""
        user, secret = await self._people.find_user(person.username), mint_secret()
        assert user is not None
        await self._sign_ins.make_link(user.id, secret_sha256=sha256_of(secret), lifetime=LINK_LASTS)
        return f"{self.address}/signin?token={secret}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer requests during the block."""
        async with asyncio.TaskGroup() as tasks:
            served = tasks.create_task(self._server.serve(sockets=[self._listener]))
            try:
                yield
            finally:
                self._server.stop()
                await served


@asynccontextmanager
async def open_house(settings: Settings, listener: socket.socket, past: int, provider: str) -> AsyncIterator[House]:
    """Make ready to serve on `listener`, in this process and loop, with the provider at the address `provider`.

    `past`: so many interceptions are on record already.

    Raises:
        SettingsError: the database that is set cannot be used.
        StoreError: a second demo runs on the same server, or the server cannot be reached.

    """
    async with _server(settings) as (server, embedded):
        database = await recreate(server, DATABASE)
        await prepare(database)
        if past:
            await invent(database, interceptions=past, until=time.time_ns() // 1000)
        address = dataclasses.replace(settings.listen, port=listener.getsockname()[1]).url
        staged = staged_settings(settings, provider, address)
        # The provider is on loopback, where no proxy of the environment can reach it.
        async with kept_up(embedded), open_worker(staged, database, proxies=Proxies()) as worker:
            yield House(address, worker.store, GatewayServer(worker, drain_seconds=DRAIN_SECONDS), listener)


def staged_settings(settings: Settings, provider: str, address: str) -> Settings:
    """The settings with the scripted provider in place of all others, at its own address, without the real database.

    Every text is kept, so that the pages show what they can: nobody's words are in them.
    """
    key, everything = Secret(PROVIDER_KEY), Capture(answers=True, tool_results=True)
    providers = tuple(
        ProviderSettings(name=type_.value, type=type_, base_url=url, key=key, capture=everything)
        for type_, url in ((ProviderType.ANTHROPIC, provider), (ProviderType.OPENAI, f"{provider}/v1"))
    )
    return dataclasses.replace(
        settings, providers=providers, access_url=address, database_url=None, database_direct_url=None
    )


def quiet(settings: Settings) -> Settings:
    """Leave the log to what goes wrong: the terminal belongs to the play, and models without a price to its cast."""
    if settings.log_level is LogLevel.INFO:
        return dataclasses.replace(settings, log_level=LogLevel.ERROR)
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
