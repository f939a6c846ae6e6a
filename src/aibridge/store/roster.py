"""Everyone on one page: who may ask, with how many keys, and when somebody last did."""

from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.records import Role, UserStatus
from aibridge.store.connections import Pool
from aibridge.store.failures import mapped
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored


class RosterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A user in the list of users."""

    id: UUID
    username: str
    name: str
    email: str | None
    role: Role
    status: UserStatus
    created_at: datetime
    keys: int
    """That work."""
    last_used_at: datetime | None
    """Of any key, up to half a minute late."""
    last_used_client: str | None


class Roster:
    """The list of users. Raises `StoreUnavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, part: str = "", *, deleted: bool = False, limit: int, offset: int = 0
    ) -> tuple[list[RosterEntry], int]:
        """A page by username, and how many there are; `part` occurs in a name or an address."""
        if not can_be_stored(part):
            return [], 0
        escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        with mapped():
            rows = await self._pool.fetch(sql("roster_page"), f"%{escaped}%", deleted, limit, offset)
        found = [msgspec.convert(dict(row), RosterEntry) for row in rows if row["id"] is not None]
        return found, rows[0]["total"]
