"""Browsers that are signed in, links that sign in, and how often somebody tried."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec

from aibridge.errors import AlreadyExists, NotFound
from aibridge.records import Role
from aibridge.store.connections import Pool
from aibridge.store.failures import mapped
from aibridge.store.people import OWNERS_LOCK
from aibridge.store.sql import sql

IDLE = timedelta(days=3)
"""A browser that asks for nothing for so long is signed out."""
LONGEST = timedelta(days=30)
"""After so long everybody signs in again (NIST SP 800-63B, AAL1)."""
TRIES_COUNT_FOR = timedelta(minutes=5)
"""From the first of several tries."""
USER_AGENT_LENGTH = 300
"""Characters that are kept of what a browser says it is."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, as they are now."""

    id: UUID
    """Of the sign-in."""
    user_id: UUID
    username: str
    name: str
    """For people to read; may be empty."""
    role: Role


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A browser, as its user sees it."""

    id: UUID
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    """Up to a minute late."""
    expires_at: datetime


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody has tried lately."""

    subject: str
    tries: int
    """With this one."""
    remaining: timedelta
    """Until they no longer count."""


class SignIns:
    """Every method raises `StoreUnavailable` when the database cannot be reached."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def start(self, user_id: UUID, *, secret_sha256: bytes, user_agent: str, address: str) -> UUID:
        """Let a browser in and return the sign-in's id. Raises `NotFound` for somebody who is not active."""
        values = (uuid4(), secret_sha256, user_id, user_agent[:USER_AGENT_LENGTH], address, LONGEST)
        rows = await self._all("sign_in", *values)
        if not rows:
            raise NotFound("There is no such user.")
        started: UUID = rows[0]["id"]
        return started

    async def find(self, secret_sha256: bytes) -> SignedIn | None:
        """Who is signed in with the cookie of this hash. Looked up for every page, so that it can end at once."""
        rows = await self._all("find_sign_in", secret_sha256, IDLE)
        return msgspec.convert(dict(rows[0]), SignedIn) if rows else None

    async def role_of(self, secret_sha256: bytes) -> Role | None:
        """The role of whoever is still signed in; that a page is open does not keep them so."""
        rows = await self._all("role_of_sign_in", secret_sha256, IDLE)
        return Role(rows[0]["role"]) if rows else None

    async def of(self, user_id: UUID) -> list[SignIn]:
        """Where somebody is signed in, latest first."""
        return [msgspec.convert(dict(row), SignIn) for row in await self._all("sign_ins_of", user_id, IDLE)]

    async def end(self, sign_in_id: UUID, user_id: UUID) -> None:
        """Sign one browser out. Nothing happens when it is another's, or gone."""
        await self._all("end_sign_in", sign_in_id, user_id)

    async def end_all(self, user_id: UUID) -> None:
        """Sign somebody out everywhere."""
        await self._all("end_sign_ins_of", user_id)

    async def forget(self) -> None:
        """Remove what has ended by itself."""
        await self._all("forget_sign_ins", IDLE, TRIES_COUNT_FOR)

    # -------------------------------------------------------------- tries

    async def count(self, *subjects: str) -> list[Tries]:
        """Count one more try for each of these, before anything is looked at: tries at once count too."""
        rows = await self._all("count_tries", subjects, TRIES_COUNT_FOR)
        return [msgspec.convert(dict(row), Tries) for row in rows]

    async def forgive(self, forgotten: str, *others: str) -> None:
        """A try was good: it does not count."""
        await self._all("forgive_tries", forgotten, others)

    # -------------------------------------------------------------- links

    async def make_link(self, user_id: UUID | None, *, secret_sha256: bytes, lifetime: timedelta) -> None:
        """Keep a link that signs in as this user; None: that makes the first owner."""
        await self._all("make_link", secret_sha256, user_id, lifetime)

    async def find_link(self, secret_sha256: bytes) -> UUID | None:
        """Whom this link signs in; None when it signs in nobody."""
        rows = await self._all("find_link", secret_sha256)
        return rows[0]["user_id"] if rows else None

    async def is_welcome(self, secret_sha256: bytes) -> bool:
        """Whether this link may make the first owner."""
        rows = await self._all("is_welcome", secret_sha256)
        return bool(rows[0][0])

    async def create_first_owner(self, secret_sha256: bytes, *, username: str, name: str, password_hash: str) -> UUID:
        """Use the link up and return the owner's id. Raises `AlreadyExists` when it may not be used (any longer)."""
        with mapped():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(sql("lock_owners"), OWNERS_LOCK)
                if not await connection.fetchval(sql("is_welcome"), secret_sha256):
                    raise AlreadyExists("Somebody has an account already.")
                values = (uuid4(), username, name, None, "", Role.OWNER, password_hash)
                row = await connection.fetchrow(sql("create_user"), *values)
                await connection.execute(sql("forget_welcomes"))
        assert row is not None
        owner: UUID = row["id"]
        return owner

    async def _all(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        with mapped():
            return await self._pool.fetch(sql(query), *arguments)
