"""Repricing what is on record: costs change, and sessions and usage with them, in batches of one transaction each.

Each batch holds its interceptions, then their sessions, as whoever removes does; a finish that comes meanwhile waits
and adds to the result. Doing it twice changes nothing, so what was interrupted is simply done again.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec

from aibridge.records import TokenUsageRow, UsageCost
from aibridge.store.bookkeeping import enter_costs
from aibridge.store.connections import Connection, Dial, Lane
from aibridge.store.failures import past_conflicts
from aibridge.store.sessions import recompute
from aibridge.store.sql import sql

BATCH = 250
"""Interceptions in one transaction; those who write to the same sessions wait for it."""

TIMEOUT = 120.0
"""Seconds for one batch."""

Place = tuple[datetime, UUID]
"""Start and id of the last interception of a batch: the next one begins behind it."""

START = UUID(int=0)


class Pricing(Protocol):
    """Tells what tokens cost."""

    def __call__(
        self, usage: TokenUsageRow, /, *, provider: str, provider_name: str, model: str, response_model: str
    ) -> tuple[UsageCost | None, tuple[str, ...]]:
        """The cost of a usage at its own moment, None where there is no price; and notes."""
        ...


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What is repriced: interceptions by their start."""

    start: datetime
    end: datetime
    """Exclusive."""
    model: str | None = None
    """As requested; None: any."""


class Repriced(msgspec.Struct, frozen=True, kw_only=True):
    """What repricing came to."""

    interceptions: int = 0
    usages: int = 0
    changed: int = 0
    """Usages whose cost, rates or certainty became others."""
    gained: int = 0
    """Of these, usages that had no cost before."""
    lost: int = 0
    """Of these, usages that have none any more."""
    unpriced: int = 0
    """Usages without a cost afterwards."""
    cost_before: int = 0
    """Micro-dollars, as is the next."""
    cost_after: int = 0

    def __add__(self, other: "Repriced") -> "Repriced":
        return Repriced(**{name: getattr(self, name) + getattr(other, name) for name in Repriced.__struct_fields__})


class Repricing:
    """Batches, on a connection of its own. Raises `StoreUnavailable`."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=TIMEOUT)

    async def batch(
        self,
        window: Window,
        pricing: Pricing,
        *,
        after: Place | None = None,
        limit: int = BATCH,
        dry_run: bool = False,
    ) -> tuple[Repriced, Place | None]:
        """Price the next interceptions of the window; None where there are no more behind these.

        `dry_run`: tell what would become of them, and change nothing.
        """

        async def attempt() -> tuple[Repriced, Place | None]:
            async with self._lane.transaction() as connection:
                return await _batch(connection, window, pricing, after or (window.start, START), limit, dry_run=dry_run)

        return await past_conflicts(attempt)

    async def close(self) -> None:
        """Ends the connection."""
        await self._lane.close()


async def _batch(
    connection: Connection, window: Window, pricing: Pricing, after: Place, limit: int, *, dry_run: bool
) -> tuple[Repriced, Place | None]:
    page = await connection.fetch(sql("page_to_reprice"), window.start, window.end, *after, window.model, limit)
    if not page:
        return Repriced(), None
    ids = [row["id"] for row in page]
    if not dry_run:
        await connection.execute(sql("hold_to_reprice"), ids)
    usages = [_Priced(row, pricing) for row in await connection.fetch(sql("usages_to_reprice"), ids)]
    if not dry_run and (changed := [usage for usage in usages if usage.changed]):
        await _change(connection, usages, changed)
    return _told(len(page), usages), (page[-1]["started_at"], page[-1]["id"])


class _Priced:
    """A token usage with its cost before and after."""

    def __init__(self, row: asyncpg.Record, pricing: Pricing) -> None:
        fields: dict[str, Any] = dict(row)
        self.key: tuple[UUID, UUID] = row["interception_id"], row["id"]
        self.session: tuple[str, UUID] = row["session_id"], row["initiator_id"]
        self.before = msgspec.convert(fields, UsageCost) if row["price_source"] is not None else None
        self.after, _ = pricing(
            msgspec.convert(fields, TokenUsageRow),
            provider=row["provider"],
            provider_name=row["provider_name"],
            model=row["model"],
            response_model=row["response_model"],
        )

    @property
    def changed(self) -> bool:
        """Not by its source alone: a newer list that says the same is no reason to write."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        return _sum_of(self.before) != _sum_of(self.after)

    @property
    def was(self) -> int | None:
        """Micro-dollars before."""
        return self.before.micros if self.before else None

    @property
    def costs(self) -> int | None:
        """Micro-dollars now."""
        return self.after.micros if self.after else None


def _sum_of(cost: UsageCost) -> tuple[object, ...]:
    """The sum, its certainty and its rates."""
    return msgspec.structs.astuple(cost)[:7]


async def _change(connection: Connection, usages: Sequence[_Priced], changed: Sequence[_Priced]) -> None:
    """Interceptions are held already; then come usages, sessions, and what is kept of usage."""
    told = [{"interception_id": one.key[0], "id": one.key[1], "cost": one.after} for one in changed]
    await connection.execute(sql("change_costs"), msgspec.json.encode(told))
    await recompute(connection, {one.session for one in changed})
    differences = _differences(usages, {one.key[0] for one in changed})
    await enter_costs(connection, list(differences), *map(list, zip(*differences.values(), strict=True)))


def _differences(usages: Sequence[_Priced], of: AbstractSet[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """Of each of these interceptions: how much more it costs, and how much more unpriced it is: -1, 0 or 1."""
    by_interception = groupby(usages, key=lambda one: one.key[0])
    return {id_: _difference(list(group)) for id_, group in by_interception if id_ in of}


def _difference(usages: Sequence[_Priced]) -> tuple[int, int]:
    more = sum(one.costs or 0 for one in usages) - sum(one.was or 0 for one in usages)
    return more, any(one.costs is None for one in usages) - any(one.was is None for one in usages)


def _told(interceptions: int, usages: Sequence[_Priced]) -> Repriced:
    return Repriced(
        interceptions=interceptions,
        usages=len(usages),
        changed=sum(one.changed for one in usages),
        gained=sum(one.was is None and one.costs is not None for one in usages),
        lost=sum(one.was is not None and one.costs is None for one in usages),
        unpriced=sum(one.costs is None for one in usages),
        cost_before=sum(one.was or 0 for one in usages),
        cost_after=sum(one.costs or 0 for one in usages),
    )
