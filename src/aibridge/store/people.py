"""Users and their tokens. What takes rights away is announced in the commit that does it, see `listening`."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

import asyncpg
import msgspec

from aibridge.errors import AlreadyExists, LastOwner, NotFound, RowsRefused
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.connections import Dial, Lane, Pool
from aibridge.store.failures import mapped
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored

AUTH_CHANNEL = "aibridge_auth"
"""Where changes are announced that a cache of tokens must know: `user <id>` or `token <id>`."""

OWNERS_LOCK = 0x616962726F776E73
"""Key of the advisory lock: "aibrowns" in ASCII. Who takes an owner away holds it, by transaction."""

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


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes different about a user; None leaves a thing as it is."""

    name: str | None = None
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    """None takes it away."""
    avatar_url: str | None = None
    role: Role | None = None
    status: UserStatus | None = None

    @property
    def may_unseat(self) -> bool:
        """Whether it could take an active owner away."""
        return self.role not in {None, Role.OWNER} or self.status not in {None, UserStatus.ACTIVE}


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its owner sees it; the secret is kept nowhere."""

    id: str
    user_id: UUID
    username: str
    display_name: str
    """The user's name for people to read; may be empty."""
    name: str
    """What the token is for."""
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
        # On a connection of its own: giving one back to the pool waits for a server that hangs, and the end must not.
        self._last_words = Lane(dial, timeout=LAST_WORDS_TIMEOUT)
        self._look_ups = Lane(dial, timeout=LOOK_UP_TIMEOUT)

    async def create_user(
        self,
        username: str,
        *,
        role: Role = Role.MEMBER,
        name: str = "",
        email: str | None = None,
        avatar_url: str = "",
        password_hash: str | None = None,
    ) -> User:
        """A new active user.

        Raises `AlreadyExists` when a live user bears the name, `RowsRefused` when it is none: 1 to 64 of
        `a-z 0-9 . _ -`, a letter or digit at both ends.
        """
        row = await self._one(
            sql("create_user"),
            *(uuid4(), username, name, email, avatar_url, role, password_hash),
            taken=f"There is a user {username} already.",
        )
        return _user(row)

    async def list_users(self, *, deleted: bool = False) -> list[User]:
        """Everyone by name; with `deleted`, those who are marked so come last."""
        return [_user(row) for row in await self._all(sql("list_users"), deleted)]

    async def users_page(
        self, only: UUID | None = None, *, deleted: bool = False, limit: int, offset: int = 0
    ) -> tuple[list[User], int]:
        """A page of `list_users`, or of the one user `only`; and how many there are."""
        return _page(await self._all(sql("users_page"), only, deleted, limit, offset), User)

    async def find_user(self, user: UUID | str) -> User | None:
        """By id, whatever the status; or by name, which a deleted user no longer bears."""
        query = sql("find_user_by_id") if isinstance(user, UUID) else sql("find_user_by_name")
        rows = await self._all(query, user)
        return _user(rows[0]) if rows else None

    async def find_bearers(self, name: str) -> list[UUID]:
        """Whose record goes by this name: who bears it, else those who bore it when they were deleted."""
        if not can_be_stored(name):
            return []
        return [row["id"] for row in await self._all(sql("find_bearers"), name)]

    async def find_to_sign_in(self, name: str) -> User | None:
        """The user who bears this name, or is the only one with this address; whatever the status, but not deleted."""
        if not can_be_stored(name):
            return None
        rows = await self._all(sql("find_user_to_sign_in"), name)
        return _user(rows[0]) if rows else None

    async def change_user(self, user_id: UUID, change: UserChange) -> User:
        """Change a user, announced on `AUTH_CHANNEL`. Deleting also revokes the tokens and forgets the password.

        Raises `NotFound`, also for a deleted user, and `LastOwner`: two owners who unseat each other at once do it one
        after the other, and the second is refused.
        """
        email = None if change.email is msgspec.UNSET else change.email
        values = (change.name, change.email is not msgspec.UNSET, email, change.avatar_url, change.role, change.status)
        with mapped():
            async with self._pool.acquire() as connection, connection.transaction():
                if change.may_unseat:
                    await connection.execute(sql("lock_owners"), OWNERS_LOCK)
                    if await connection.fetchval(sql("is_last_owner"), user_id):
                        raise LastOwner
                row = await connection.fetchrow(sql("change_user"), user_id, *values)
                if row is None:
                    raise NotFound("There is no such user.")
                if change.status is UserStatus.DELETED:
                    await connection.execute(sql("revoke_tokens_of"), user_id)
        return _user(row)

    async def set_status(self, user_id: UUID, status: UserStatus) -> User:
        """Activate, suspend or delete; see `change_user`."""
        return await self.change_user(user_id, UserChange(status=status))

    async def set_role(self, user_id: UUID, role: Role) -> User:
        """Give a role; see `change_user`."""
        return await self.change_user(user_id, UserChange(role=role))

    async def set_password_hash(self, user_id: UUID, password_hash: str | None) -> None:
        """Set a password, or take it away; the user is signed out everywhere. Raises `NotFound`."""
        await self._one(sql("set_password_hash"), user_id, password_hash, missing="There is no such user.")

    async def renew_password_hash(self, user_id: UUID, password_hash: str, *, before: str) -> None:
        """Keep the same password under another hash, unless it was changed meanwhile."""
        await self._all(sql("renew_password_hash"), user_id, password_hash, before)

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
        return _token(row)

    async def list_tokens(self, user_id: UUID | None = None) -> list[Token]:
        """The tokens of one user, or of everyone; newest first, revoked and expired ones too."""
        return [_token(row) for row in await self._all(sql("list_tokens"), user_id)]

    async def tokens_page(self, user_id: UUID | None = None, *, limit: int, offset: int = 0) -> tuple[list[Token], int]:
        """A page of `list_tokens`, and how many there are."""
        return _page(await self._all(sql("tokens_page"), user_id, limit, offset), Token)

    async def show_token(self, token_id: str) -> Token | None:
        """The token of this id, whatever its state."""
        rows = await self._all(sql("show_token"), token_id)
        return _token(rows[0]) if rows else None

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
        async with self._last_words.hold() as connection:
            await connection.execute(sql("touch_tokens"), ids, times, clients)

    async def close(self) -> None:
        """Ends the connections of its own; the pool is its owner's."""
        await self._look_ups.close()
        await self._last_words.close()

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


_Row = TypeVar("_Row", User, Token)


def _user(row: asyncpg.Record) -> User:
    return msgspec.convert(dict(row), User)


def _token(row: asyncpg.Record) -> Token:
    return msgspec.convert(dict(row), Token)


def _page(rows: Sequence[asyncpg.Record], kind: type[_Row]) -> tuple[list[_Row], int]:
    """The page and the total; the first row of an empty page bears only the total."""
    return [msgspec.convert(dict(row), kind) for row in rows if row["id"] is not None], rows[0]["total"]


LAST_WORDS_TIMEOUT = 5.0
"""Seconds to note when tokens were used."""
