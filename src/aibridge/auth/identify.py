"""Turns a token into a person, on the path of every request.

A look-up in the store is kept for a few seconds, under the SHA-256 of the whole token. What makes that safe: every
revocation is announced, the cache forgets everything at each announcement and each reconnect of the listener, and a
look-up that an announcement overtook is not kept. While nobody listens, entries live one second.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from aibridge.auth.directory import TokenDirectory, TokenRecord
from aibridge.auth.tokens import parse, same_secret
from aibridge.errors import ScopeMissing, TokenExpired, TokenInvalid, TokenMissing, TokenRevoked, UserInactive
from aibridge.records import Role, Scope, UserStatus

TTL = 5.0
"""Seconds an entry lives while revocations are heard: the bound if an announcement is lost all the same."""
TTL_DEAF = 1.0
"""Seconds an entry lives while they are not."""
MAX_ENTRIES = 50_000
"""About 40 MB when full; beyond it the oldest goes."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    user_id: UUID
    username: str
    name: str
    """For people to read; may be empty."""
    role: Role
    token_id: str
    scopes: frozenset[Scope]


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    identity: Identity
    expires_at: float
    """Seconds since the epoch; infinite when the token has no end."""
    found_at: float
    """Monotonic seconds."""


_Pending = asyncio.Future[_Known | None]
"""None: the task that looked it up was cancelled; look again."""


class Identifier:
    """Answers who a token belongs to. One per process; belongs to one event loop.

    `monotonic` and `wall` are clocks in seconds, given in so that tests own the time.
    """

    def __init__(
        self,
        directory: TokenDirectory,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._directory = directory
        self._monotonic = monotonic
        self._wall = wall
        self._max_entries = max_entries
        self._ttl = TTL_DEAF
        self._known: dict[bytes, _Known] = {}
        self._pending: dict[bytes, _Pending] = {}
        self._generation = 0

    def __len__(self) -> int:
        """How many tokens are kept right now."""
        return len(self._known)

    async def identify(self, token: str | bytes, *, scope: Scope) -> Identity:
        """Who this token belongs to.

        Raises `TokenMissing`, `TokenInvalid`, `TokenRevoked`, `TokenExpired`, `UserInactive`, `ScopeMissing`, or
        `StoreUnavailable` when the token is not known here and the database cannot be asked.
        """
        raw = token.encode(errors="replace") if isinstance(token, str) else token
        if not raw.strip():
            raise TokenMissing
        key = hashlib.sha256(raw).digest()
        known = self._fresh(key)
        while known is None:
            known = await self._ask(key, raw)
        return self._admit(known, scope)

    def cached(self, token: str | bytes, *, scope: Scope) -> Identity | None:
        """The same without waiting: None when the store would have to be asked. Raises as `identify` does."""
        raw = token.encode(errors="replace") if isinstance(token, str) else token
        known = self._fresh(hashlib.sha256(raw).digest())
        return None if known is None else self._admit(known, scope)

    def forget(self) -> None:
        """Something about tokens or users changed: nothing known before this moment is believed any longer."""
        self._generation += 1
        self._known.clear()
        self._pending.clear()  # requests that come now start a new look-up

    def listening(self, *, heard: bool) -> None:
        """Say whether revocations are being heard. Both changes may have missed some: everything is forgotten."""
        self._ttl = TTL if heard else TTL_DEAF
        self.forget()

    def _fresh(self, key: bytes) -> _Known | None:
        known = self._known.get(key)
        if known is None or self._monotonic() - known.found_at >= self._ttl:
            return None
        return known

    def _admit(self, known: _Known, scope: Scope) -> Identity:
        if self._wall() >= known.expires_at:
            raise TokenExpired
        if scope not in known.identity.scopes:
            raise ScopeMissing(f"This aibridge token does not have the scope `{scope.value}`.")
        return known.identity

    async def _ask(self, key: bytes, raw: bytes) -> _Known | None:
        """Join the look-up that is under way, or start one. None: its asker was called away; ask again."""
        pending = self._pending.get(key)
        if pending is None:
            return await self._look_up(key, raw)
        return await asyncio.shield(pending) or self._fresh(key)

    async def _look_up(self, key: bytes, raw: bytes) -> _Known:
        """Ask the store once for all who wait; if a revocation comes meanwhile, the answer is not cached."""
        parsed = parse(raw)
        if parsed is None:
            raise TokenInvalid
        generation, found_at = self._generation, self._monotonic()
        pending: _Pending = asyncio.get_running_loop().create_future()
        self._pending[key] = pending
        try:
            record = await self._directory.find_token(parsed.id)
            known = _known(record, parsed.secret_sha256, found_at)
        except Exception as error:
            pending.set_exception(error)
            pending.exception()  # heard: there may be nobody else waiting
            raise
        else:
            pending.set_result(known)
            if generation == self._generation:
                self._keep(key, known)
            return known
        finally:
            if not pending.done():
                pending.set_result(None)
            if self._pending.get(key) is pending:
                del self._pending[key]

    def _keep(self, key: bytes, known: _Known) -> None:
        self._known.pop(key, None)  # so that the order of the dictionary is the order of age
        while len(self._known) >= self._max_entries:
            del self._known[next(iter(self._known))]
        self._known[key] = known


def _known(record: TokenRecord | None, secret_sha256: bytes, found_at: float) -> _Known:
    """Check what the store says. The secret comes first: without it nothing about the token is revealed."""
    if record is None or not same_secret(record.secret_sha256, secret_sha256):
        raise TokenInvalid
    if record.revoked_at is not None:
        raise TokenRevoked
    if record.status is UserStatus.DELETED:
        raise TokenInvalid
    if record.status is not UserStatus.ACTIVE:
        raise UserInactive
    return _Known(
        identity=Identity(
            user_id=record.user_id,
            username=record.username,
            name=record.name,
            role=record.role,
            token_id=record.id,
            scopes=frozenset(record.scopes),
        ),
        expires_at=record.expires_at.timestamp() if record.expires_at else float("inf"),
        found_at=found_at,
    )
