"""What auth needs of the store: tokens by id, and word of every change. Satisfied by shape."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from aibridge.records import Role, Scope, UserStatus


class TokenRecord(Protocol):
    """What the store knows about a token and its user."""

    @property
    def id(self) -> str:
        """The public part of the token."""
        ...

    @property
    def secret_sha256(self) -> bytes:
        """32 bytes."""
        ...

    @property
    def scopes(self) -> Collection[Scope]:
        """What the token opens."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """None: never."""
        ...

    @property
    def revoked_at(self) -> datetime | None:
        """None: not revoked."""
        ...

    @property
    def user_id(self) -> UUID:
        """Whose token it is."""
        ...

    @property
    def username(self) -> str:
        """The user's unique name."""
        ...

    @property
    def name(self) -> str:
        """The user's name for people to read; may be empty."""
        ...

    @property
    def role(self) -> Role:
        """The user's role."""
        ...

    @property
    def status(self) -> UserStatus:
        """The user's status."""
        ...


class TokenDirectory(Protocol):
    """Where tokens are looked up."""

    async def find_token(self, token_id: str) -> TokenRecord | None:
        """The token of this id, with its user. Raises `StoreUnavailable`."""
        ...
