"""One gateway for many tests: the address of its providers stays, what they say changes with every test.

A database and a server cost a hundred times what most tests of the data plane do.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx

from aibridge.demo.http_server import serve
from aibridge.demo.provider import Provider, Said
from aibridge.demo.received import Received
from aibridge.demo.script import Answer, Gate
from aibridge.demo.wire import Outgoing
from aibridge.records import Role
from support.gateway import Gateway, open_gateway

USAGE_KEY = "sk-usage-0123456789abcdefghij"
MORE_PROVIDERS = {
    # An OpenAI whose streams are asked for their usage.
    "AIBRIDGE_PROVIDER_0_TYPE": "openai",
    "AIBRIDGE_PROVIDER_0_NAME": "openai-usage",
    "AIBRIDGE_PROVIDER_0_KEY": USAGE_KEY,
    "AIBRIDGE_PROVIDER_0_INCLUDE_USAGE": "true",
    "AIBRIDGE_PROVIDER_0_BASE_URL": "{upstream}/v1",
    # Two of one type, side by side.
    "AIBRIDGE_PROVIDER_1_TYPE": "copilot",
    "AIBRIDGE_PROVIDER_1_BASE_URL": "{upstream}",
    "AIBRIDGE_PROVIDER_2_TYPE": "copilot",
    "AIBRIDGE_PROVIDER_2_NAME": "copilot-business",
    "AIBRIDGE_PROVIDER_2_BASE_URL": "{upstream}/business",
    # Nobody configured a key for this one.
    "AIBRIDGE_PROVIDER_3_TYPE": "anthropic",
    "AIBRIDGE_PROVIDER_3_NAME": "keyless",
    "AIBRIDGE_PROVIDER_3_BASE_URL": "{upstream}/own/path",
}


class Revolving:
    """Satisfies `http_server.Handler`: hands everything to the provider of the hour."""

    def __init__(self) -> None:
        self.provider = Provider()

    def head(self, received: Received) -> Outgoing | Gate | None:
        return self.provider.head(received)

    def request(self, received: Received) -> Outgoing:
        return self.provider.request(received)


class Stage:
    """A running gateway before a provider that a test scripts."""

    def __init__(self, gateway: Gateway, revolving: Revolving, database: str, upstream: str) -> None:
        self.gateway = gateway
        self.upstream = upstream
        """The address of its provider."""
        self.database = database
        """The address of its database."""
        self._revolving = revolving

    def play(self, provider: Provider) -> Provider:
        """From now on this provider answers."""
        self._revolving.provider = provider
        return provider

    def says(self, *said: Said) -> Provider:
        """From now on these answers are given, one after the other; one alone is given every time."""
        return self.play(Provider(says=said[0]) if len(said) == 1 else Provider(answers=said))

    def elsewhere(self, said: Answer) -> Provider:
        """From now on this bare answer is given on the routes that are passed through."""
        return self.play(Provider(elsewhere=lambda _: said))

    @property
    def token(self) -> str:
        """This user's."""
        return self.gateway.user.token

    async def visited_by(self, *, role: Role = Role.MEMBER) -> "Stage":
        """The same stage, with somebody new on it, whose record is still empty."""
        self._revolving.provider = Provider()
        user = await self.gateway.new_user(f"user-{secrets.token_hex(6)}", role=role)
        return Stage(replace(self.gateway, user=user), self._revolving, self.database, self.upstream)

    async def directly(self, path: str, body: bytes) -> httpx.Response:
        """Ask the provider past the gateway."""
        return await self.gateway.http.post(f"{self.upstream}{path}", content=body)

    async def begun(self) -> None:
        """Wait until the start of this user's request is durable."""
        connection = await asyncpg.connect(self.database)
        try:
            async with asyncio.timeout(60):
                while not await connection.fetchval(
                    "SELECT 1 FROM aibridge_interceptions WHERE initiator_id = $1", self.gateway.user.id
                ):
                    await asyncio.sleep(0.01)
        finally:
            await connection.close()

    @asynccontextmanager
    async def record_held(self, table: str = "aibridge_interceptions") -> AsyncIterator[None]:
        """Nothing becomes durable during the block: somebody holds the table. What was there can be read.

        Without `aibridge_sessions` starts become durable, and no ends.
        """
        connection = await asyncpg.connect(self.database)
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()


@asynccontextmanager
async def open_stage(database: str, *, environ: Mapping[str, str] | None = None) -> AsyncIterator[Stage]:
    """A gateway of its own with all kinds of providers. `environ` adds settings; `{upstream}` is where they all are."""
    revolving = Revolving()
    async with serve(revolving) as (_, address):
        more = {
            name: value.replace("{upstream}", address) for name, value in {**MORE_PROVIDERS, **(environ or {})}.items()
        }
        async with open_gateway(database, address, environ=more) as gateway:
            yield Stage(gateway, revolving, database, address)
