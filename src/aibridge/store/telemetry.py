"""What an hour was like, and who has reported it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from aibridge.store.connections import Dial, Lane
from aibridge.store.sql import sql

EVENT = "aibridge_interceptions_summary"
HOUR = timedelta(hours=1)
REMEMBERED = 24 * HOUR
"""How long it is known that an hour was reported, and how long a missed one is made up for."""
SUMMARY_TIMEOUT = 60.0
"""Seconds. An hour of a large deployment is a million rows."""


_SUMS = ("input", "output", "cache_read", "cache_write")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The ended interceptions of one provider type, model and client in one hour. Figures only, nobody's name."""

    provider: str
    model: str
    client: str
    interceptions: int
    initiators: int
    """How many people; nobody learns who."""
    routes: Mapping[str, int]
    """Interceptions by endpoint."""
    millis: tuple[int, int, int, int]
    """From start to end: the 50th, 90th, 95th and 99th percentile."""
    prompts: int
    usages: int
    """Responses whose tokens are known."""
    input: int
    output: int
    cache_read: int
    cache_write: int
    injected: int
    non_injected: int
    errors: int
    """Injected tools whose call failed."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One full hour that is ours to report until the claim runs out."""

    period_ending_at: datetime
    report_id: UUID
    """The same at every try, so that a receiver knows one that it had already."""
    attempts: int
    """This try included."""

    @property
    def period_started_at(self) -> datetime:
        """The hour is half-open: its end belongs to the next."""
        return self.period_ending_at - HOUR


class Telemetry:
    """Summaries and claims. A claim is a committed row: no transaction is open while a report is sent."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=SUMMARY_TIMEOUT)

    async def summaries(self, start: datetime, end: datetime) -> list[Summary]:
        """What ended in [start, end)."""
        async with self._lane.hold() as connection:
            rows = await connection.fetch(sql("hour_summaries"), start, end)
        return [_summary(dict(row)) for row in rows]

    async def claim(self, newest: datetime, *, now: datetime, until: datetime) -> Claim | None:
        """Take the earliest unreported hour of the day that ends at `newest`; None when there is none for us now."""
        oldest = newest - REMEMBERED + HOUR
        async with self._lane.hold() as connection:
            row = await connection.fetchrow(sql("claim_hour"), EVENT, oldest, newest, now, until, uuid4())
        return None if row is None else Claim(**row)

    async def reported(self, claim: Claim, *, now: datetime) -> None:
        """The receiver has it: nobody reports this hour again."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("hour_reported"), EVENT, claim.period_ending_at, now)

    async def failed(self, claim: Claim, *, again_at: datetime) -> None:
        """The receiver has not got it: whoever is there at that time tries again."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("hour_not_reported"), EVENT, claim.period_ending_at, again_at, claim.attempts)

    async def forget(self, *, now: datetime) -> None:
        """Remove what is older than a day."""
        async with self._lane.hold() as connection:
            await connection.execute(sql("forget_hours"), now - REMEMBERED)

    async def close(self) -> None:
        """End the connection."""
        await self._lane.close()


def _summary(row: dict[str, Any]) -> Summary:
    for name in _SUMS:
        row[name] = int(row[name])  # `numeric` at the server, since a sum of 63-bit counts may be longer
    return Summary(**{**row, "millis": tuple(map(int, row["millis"]))})
