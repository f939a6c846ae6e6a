"""Users and their tokens. What takes rights away is announced in the commit that does it, see `listening`."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
import msgspec

from aibridge.errors import AlreadyExists, NotFound, RowsRefused
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.connections import Dial, Lane, Pool
from aibridge.store.failures import mapped
from aibridge.store.sql import sql

AUTH_CHANNEL = "aibridge_auth"
"""Where changes are announced that a cache of tokens must know: `user <id>` or `token <id>`."""

LOOK_UP_TIMEOUT = 5.0
"""Seconds that a request waits for its token to be looked up: as long as for its start to be durable."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may ask."""

    id: UUID
    username: str
    name: str
    email: str | None
    avatar_url: str
    role: Role
    status: UserStatus
    password_hash: str | None
    created_at: datetime
    updated_at: datetime


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its owner sees it; the secret is kept nowhere."""

    id: str
    user_id: UUID
    username: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_client: str | None


class BearerToken(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known of a token to let its bearer in. Satisfies `auth.directory.TokenRecord` by shape."""

    id: str
    secret_sha256: bytes
    scopes: frozenset[Scope]
    expires_at: datetime | None
    revoked_at: datetime | None
    user_id: UUID
    username: str
    name: str
    role: Role
    status: UserStatus


class TokenUse(Protocol):
    """The latest use of one token."""

    @property
    def token_id(self) -> str:
        """The public part of the token."""
        ...

    @property
    def used_at(self) -> datetime:
        """When."""
        ...

    @property
    def client(self) -> str | None:
        """The client's name, when known."""
        ...


class People:
    """Users and tokens. Every method raises `StoreUnavailable` when the database cannot be reached."""

    def __init__(self, pool: Pool, dial: Dial) -> None:
        self._pool = pool
        self._look_ups = Lane(dial, timeout=LOOK_UP_TIMEOUT)

    async def create_user(
        self,
        username: str,
        *,
        role: Role = Role.MEMBER,
        name: str = "",
        email: str | None = None,
        password_hash: str | None = None,
    ) -> User:
        """A new active user.

        Raises `AlreadyExists` when a live user bears the name, `RowsRefused` when it is none: 1 to 64 of
        `a-z 0-9 . _ -`, a letter or digit at both ends.
        """
        row = await self._one(
            sql("create_user"),
            *(uuid4(), username, name, email, role, password_hash),
            taken=f"There is a user {username} already.",
        )
        return _user(row)

    async def list_users(self, *, deleted: bool = False) -> list[User]:
        """Everyone by name; with `deleted`, those who are marked so come last."""
        return [_user(row) for row in await self._all(sql("list_users"), deleted)]

    async def find_user(self, user: UUID | str) -> User | None:
        """By id, whatever the status; or by name, which a deleted user no longer bears."""
        query = sql("find_user_by_id") if isinstance(user, UUID) else sql("find_user_by_name")
        rows = await self._all(query, user)
        return _user(rows[0]) if rows else None

    async def set_status(self, user_id: UUID, status: UserStatus) -> User:
        """Activate, suspend or delete. The change is announced on `AUTH_CHANNEL`. Raises `NotFound`."""
        return _user(await self._one(sql("set_user_status"), user_id, status, missing="There is no such user."))

    async def set_role(self, user_id: UUID, role: Role) -> User:
        """Give a role. The change is announced on `AUTH_CHANNEL`. Raises `NotFound`."""
        return _user(await self._one(sql("set_user_role"), user_id, role, missing="There is no such user."))

    async def set_password_hash(self, user_id: UUID, password_hash: str | None) -> None:
        """Set a password, or take it away. Raises `NotFound`."""
        await self._one(sql("set_password_hash"), user_id, password_hash, missing="There is no such user.")

    async def create_token(
        self,
        user: User,
        *,
        id: str,  # noqa: A002 - the field's name
        secret_sha256: bytes,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None,
    ) -> Token:
        """Keep a minted token. Raises `AlreadyExists` for a used id, `NotFound` when the user is gone."""
        row = await self._one(
            sql("create_token"),
            *(id, user.id, name, secret_sha256, sorted(scopes), expires_at),
            missing="There is no such user.",
            taken="There is a token with this id already.",
        )
        return _token({**row, "username": user.username})

    async def list_tokens(self, user_id: UUID | None = None) -> list[Token]:
        """The tokens of one user, or of everyone; newest first, revoked and expired ones too."""
        return [_token(row) for row in await self._all(sql("list_tokens"), user_id)]

    async def revoke_token(self, token_id: str, *, user_id: UUID | None = None) -> None:
        """Revoke, announced on `AUTH_CHANNEL`. Raises `NotFound`, also for a token of another user than `user_id`."""
        await self._one(sql("revoke_token"), token_id, user_id, missing="There is no such token.")

    async def find_token(self, token_id: str) -> BearerToken | None:
        """The token of this id with its user, whatever their state. A request waits for this: `LOOK_UP_TIMEOUT`.

        On a connection of its own: however busy the pages are, nobody's agent waits behind them.
        """
        with mapped():
            async with asyncio.timeout(LOOK_UP_TIMEOUT), self._look_ups.hold() as connection:
                rows = await connection.fetch(sql("find_token"), token_id)
        return msgspec.convert(dict(rows[0]), BearerToken) if rows else None

    async def touch_tokens(self, uses: Sequence[TokenUse]) -> None:
        """Note when and by which client tokens were last used; one entry per token, in the order of their ids."""
        ids = [use.token_id for use in uses]
        times, clients = [use.used_at for use in uses], [use.client for use in uses]
        await self._all(sql("touch_tokens"), ids, times, clients)

    async def close(self) -> None:
        """Ends the connection for look-ups; the pool is its owner's."""
        await self._look_ups.close()

    async def _all(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with mapped():
            return await self._pool.fetch(query, *arguments)

    async def _one(self, query: str, *arguments: object, missing: str = "", taken: str = "") -> asyncpg.Record:
        try:
            rows = await self._all(query, *arguments)
        except RowsRefused as error:
            if isinstance(error.__cause__, asyncpg.UniqueViolationError):
                raise AlreadyExists(taken) from error
            raise
        if not rows:
            raise NotFound(missing)
        return rows[0]


def _user(row: asyncpg.Record) -> User:
    return msgspec.convert(dict(row), User)


def _token(row: "asyncpg.Record | dict[str, object]") -> Token:
    return msgspec.convert(dict(row), Token)
