"""Telling every replica what was just recorded: one NOTIFY for whatever came together, never one for each row.

It goes out behind the commit, on a connection of its own that does not wait for the disk. Inside the commit it would
make all writers of a database queue for one lock until each is durable
(https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/commands/async.c, `PreCommit_Notify`), and nobody
who waits for an answer gains by it. What is lost with a crash is a hint to look.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from aibridge.store.connections import Dial, Lane

RECORD_CHANNEL = "aibridge_record"
"""Where it is told what was recorded."""
MAX_PAYLOAD = 7_800
"""Bytes; PostgreSQL refuses 8,000."""
PAUSE = 0.1
"""Seconds between two announcements of one worker."""
TIMEOUT = 5.0


class Ended(Protocol):
    """What an announcement needs of an interception that has ended."""

    @property
    def initiator_id(self) -> UUID:
        """Whose it is."""
        ...


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded together."""

    initiators: Mapping[str, int]
    """Id → how many interceptions ended. Empty: more than can be said, so everybody looks."""

    def count(self, initiator: UUID | None) -> int | None:
        """How many interceptions of this initiator (None: of everybody) ended; None: unknown."""
        if not self.initiators:
            return None
        return sum(self.initiators.values()) if initiator is None else self.initiators.get(str(initiator), 0)


TOO_MUCH = Announcement(initiators={})


def encoded(announcement: Announcement) -> str:
    """As it is sent."""
    payload = msgspec.json.encode(announcement)
    return (payload if len(payload) <= MAX_PAYLOAD else msgspec.json.encode(TOO_MUCH)).decode()


def decoded(payload: str) -> Announcement:
    """As it was meant; what another version sends and nobody understands is a reason to look."""
    try:
        return msgspec.json.decode(payload, type=Announcement)
    except msgspec.DecodeError:
        return TOO_MUCH


class Announcer:
    """Collects what ended and announces it. Raises `StoreUnavailable` from `announce` alone."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=TIMEOUT, synchronous_commit="off")
        self._initiators: Counter[str] = Counter()
        self._some = asyncio.Event()

    def ended(self, batch: Iterable[Ended]) -> None:
        """Note that these interceptions ended and are on record."""
        self._initiators.update(str(row.initiator_id) for row in batch)
        self._some.set()

    async def announce(self) -> None:
        """Wait until something has ended, and announce all of it."""
        await self._some.wait()
        self._some.clear()
        announcement = Announcement(initiators=dict(self._initiators))
        self._initiators.clear()
        await self._lane.fetchval("SELECT pg_notify('" + RECORD_CHANNEL + "', $1)", encoded(announcement))

    async def close(self) -> None:
        """End the connection."""
        await self._lane.close()
