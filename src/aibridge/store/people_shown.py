"""Users as the record shows them: also those who are suspended or deleted."""

from uuid import UUID

import asyncpg
import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A user as others see one."""

    id: UUID
    username: str
    name: str
    avatar_url: str


def person(row: asyncpg.Record) -> Person:
    """The initiator of a row that was joined with `users`."""
    return Person(id=row["initiator_id"], username=row["username"], name=row["name"], avatar_url=row["avatar_url"])
