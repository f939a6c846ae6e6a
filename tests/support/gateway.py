"""A whole gateway for a test: real server, real PostgreSQL, users with tokens; only the provider is scripted."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from aibridge.app.answering import GatewayServer, bind, url_of
from aibridge.app.parts import Worker, open_worker
from aibridge.config import Settings, load_settings
from aibridge.records import Role, Scope
from support.tokens import token_of

PROVIDER_KEY = "sk-provider-0123456789abcdef"
"""What the gateway puts on in place of the user's token."""
ROOT = "/api/v2/aibridge"
BOTH = frozenset((Scope.GATEWAY, Scope.API))


@dataclass(frozen=True, kw_only=True)
class User:
    """Someone with a token."""

    id: UUID
    username: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A running gateway and ways to ask it."""

    url: str
    worker: Worker
    user: User
    """An owner: sees everything."""
    http: httpx.AsyncClient
    """Bare: no token, no retries, no proxies."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        provider: str = "anthropic",
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Send a request to the data plane and read the whole answer."""
        sent = {"authorization": f"Bearer {token or self.user.token}", "content-type": "application/json"}
        return await self.http.post(
            f"{self.url}{ROOT}/{provider}{path}", content=body, headers={**sent, **(headers or {})}
        )

    async def interceptions(self, *, token: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return the record as the API shows it, newest first."""
        answer = await self.http.get(
            f"{self.url}{ROOT}/interceptions",
            params={"limit": limit},
            headers={"authorization": f"Bearer {token or self.user.token}"},
        )
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    async def only(self) -> dict[str, Any]:
        """Return the one interception there is."""
        (found,) = await self.interceptions()
        return found

    async def ended(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many interceptions have ended; for those whose client did not wait for the end."""
        async with asyncio.timeout(60):
            while len(found := await self.interceptions()) < count:
                await asyncio.sleep(0.01)
        return found

    async def new_user(self, username: str, *, role: Role = Role.MEMBER, scopes: frozenset[Scope] = BOTH) -> User:
        """Make another user with a token."""
        return await _user(self.worker, username, role, scopes)


async def _user(worker: Worker, username: str, role: Role, scopes: frozenset[Scope]) -> User:
    people = worker.store.people
    made = await people.create_user(username, role=role)
    minted = await token_of(people, made, scopes=scopes)
    return User(id=made.id, username=username, token=minted.token)


def settings_for(
    upstream: str, *, environ: Mapping[str, str] | None = None, providers: Sequence[str] = ("anthropic", "openai")
) -> Settings:
    """Settings with the default providers behind one address."""
    known = {
        "anthropic": {"AIBRIDGE_ANTHROPIC_KEY": PROVIDER_KEY, "AIBRIDGE_ANTHROPIC_BASE_URL": upstream},
        "openai": {"AIBRIDGE_OPENAI_KEY": PROVIDER_KEY, "AIBRIDGE_OPENAI_BASE_URL": f"{upstream}/v1"},
    }
    values = {"HOME": "/nonexistent", "AIBRIDGE_LISTEN": "127.0.0.1:0"}
    for name in providers:
        values |= known[name]
    return load_settings({**values, **(environ or {})}, Path("/nonexistent"))


@asynccontextmanager
async def open_gateway(
    database: str, upstream: str, *, environ: Mapping[str, str] | None = None, drain_seconds: int = 5
) -> AsyncIterator[Gateway]:
    """Serve on a free port, in this process and loop. `environ` adds settings."""
    settings = settings_for(upstream, environ=environ)
    listener = bind("127.0.0.1", 0)
    async with open_worker(settings, database) as worker, httpx.AsyncClient(trust_env=False, timeout=60) as http:
        user = await _user(worker, "olivia", Role.OWNER, BOTH)
        server = GatewayServer(worker, drain_seconds=drain_seconds)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield Gateway(url=url_of(listener), worker=worker, user=user, http=http)
            finally:
                server.stop()
                await serving
