"""The API over real HTTP, on a real database, with people and a record to read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import httpx
import msgspec
import pytest
import uvicorn
from fastapi import FastAPI

from aibridge.api.application import create_api
from aibridge.api.parts import ApiParts, Records
from aibridge.auth.identify import Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.passwords import PasswordDesk
from aibridge.records import Begun, CredentialKind, CredentialType, Finished, Role, Scope
from aibridge.store.people import User
from aibridge.store.pool import Store
from support.rows import begun, call, finished, prompt, thought, usage
from support.tokens import token_of

START = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)


class Person:
    """Someone with a token and a client that sends it."""

    def __init__(self, user: User, token: str, token_id: str, client: httpx.AsyncClient) -> None:
        self.user = user
        self.id = user.id
        self.token = token
        self.token_id = token_id
        self.client = client

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.ask("GET", path, params=parameters or None)

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Ask with `body` as JSON, if there is one; `more` is httpx's."""
        return await self._request(method, path, {}, **({} if body is None else {"json": body}), **more)

    async def send(self, method: str, path: str, body: bytes, content_type: str = "application/json") -> httpx.Response:
        """Send bytes that call themselves JSON."""
        return await self._request(method, path, {"Content-Type": content_type}, content=body)

    async def _request(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        return await self.client.request(
            method, path, headers={"Authorization": f"Bearer {self.token}", **headers}, **more
        )


class Join(Protocol):
    """Makes a person."""

    async def __call__(self, username: str, role: Role = ..., *, scopes: set[Scope] | None = ...) -> Person: ...


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    """The address of the application behind a real server. The socket listens before the server starts."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
    serving = asyncio.get_running_loop().create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()


@pytest.fixture
def served() -> Callable[[FastAPI], AbstractAsyncContextManager[str]]:
    """Serve an application of the test's own: `async with _served(app) as url`."""
    return _served


def _parts_of(store: Store, records: Records | None = None) -> ApiParts:
    """The parts of an application on this store, reading `records` if given."""
    return ApiParts(
        identifier=Identifier(store.people),
        last_used=LastUsed(store.people.touch_tokens),
        people=store.people,
        prices=store.prices,
        passwords=PasswordDesk(),
        records=records or store.reader,
        exports=store.exports,
        version="0",
    )


@pytest.fixture
def parts_of() -> Callable[..., ApiParts]:
    """Make the parts of an application of the test's own: `parts_of(store, records)`."""
    return _parts_of


@pytest.fixture
async def api(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API on the test's own database, without a token."""
    app = create_api(_parts_of(store))
    async with _served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def join(store: Store, api: httpx.AsyncClient) -> Join:
    """Someone joins: `await join("dana", Role.MEMBER)`."""

    async def join(username: str, role: Role = Role.MEMBER, *, scopes: set[Scope] | None = None) -> Person:
        user = await store.people.create_user(username, role=role, name=username.title())
        minted = await token_of(store.people, user, scopes=set(Scope) if scopes is None else scopes)
        return Person(user, minted.token, minted.id, api)

    return join


# ------------------------------------------------------------------ a record to read


def begun_by(person: Person, at: datetime) -> Begun:
    """The start of an exchange with everything in it."""
    return begun(
        person.id,
        api_token_id=person.token_id,
        gateway_id=UUID(int=9),
        provider_name="anthropic-eu",
        model="claude-sonnet-4-5",
        started_at=at,
        client_session_id="a/b?c %",
        agent_id="agent",
        credential_kind=CredentialKind.BYOK,
        credential_type=CredentialType.SUBSCRIPTION,
        credential_hint="sk-a...mnop",
        mutations=("include_usage",),
        body_sha256_sent="cd" * 32,
        notes=("from the start",),
        metadata={"request_user_agent": "claude-cli/2"},
        user_prompt=prompt("Why is the build red?", at),
    )


def ended_like(start: Begun) -> Finished:
    """Its end, two seconds later."""
    at = start.started_at + timedelta(seconds=2)
    said: dict[str, Any] = {"created_at": at, "provider_response_id": "msg_01"}
    command: dict[str, Any] = {**said, "input": '{"command": "make"}'}
    later = at + timedelta(microseconds=1)
    return finished(
        start,
        ended_at=at,
        provider_response_id="msg_01",
        response_model="claude-sonnet-4-5-20250929",
        metadata={"service_tier": "standard"},
        token_usage=usage(
            input_tokens=10, output_tokens=0, cache_read_input_tokens=2**40, cache_write_input_tokens=None, **said
        ),
        tool_usages=(
            call("toolu_Bash", tool="Bash", **command),
            call("toolu_Read", tool="Read", **command | {"created_at": later}),
        ),
        model_thoughts=(thought("Look at the log first.", created_at=at),),
    )


@pytest.fixture
def exchange(store: Store) -> Callable[..., Awaitable[UUID]]:
    """Someone asked, and was answered: `await exchange(dana, at=…, ended=True, **fields of the start)`."""

    async def exchange(person: Person, *, at: datetime = START, ended: bool = True, **fields: Any) -> UUID:
        start = msgspec.structs.replace(begun_by(person, at), **fields)
        await store.write_begun([start])
        if ended:
            await store.write_finished([ended_like(start)])
        return start.id

    return exchange
