"""Tokens of people in a record."""

from collections.abc import Collection
from datetime import datetime

from aibridge.auth.tokens import MintedToken, mint
from aibridge.records import Scope
from aibridge.store.people import People, User


async def token_of(
    people: People,
    user: User,
    *,
    scopes: Collection[Scope] = frozenset(Scope),
    expires_at: datetime | None = None,
) -> MintedToken:
    """Mint one for this user, for everything and for ever unless told otherwise."""
    minted = mint()
    await people.create_token(
        user, id=minted.id, secret_sha256=minted.secret_sha256, name="", scopes=scopes, expires_at=expires_at
    )
    return minted
