"""A filter as the lists' queries take it.

Its values become the few combinations that have them, and those the sets of combinations that hold one; what is then
asked of the large tables is a handful of hashes that stand in the indexes which order them.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.filters import Filter
from aibridge.store.connections import PooledConnection
from aibridge.store.searching import Bounds
from aibridge.store.sql import sql

FEW = 10_000
"""Interceptions that are sooner looked up one by one than met on the way through all of them, or all sessions."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as parameters of the queries: None is not a condition."""

    initiator: UUID | None
    initiators: list[UUID] | None
    session_ids: list[str] | None
    combinations: list[int] | None
    tools: list[str] | None
    after: datetime | None
    before: datetime | None

    @property
    def whose(self) -> tuple[object, ...]:
        """The first three parameters of every list's conditions."""
        return self.initiator, self.initiators, self.session_ids

    @property
    def people(self) -> list[UUID] | None:
        """The initiators, however many."""
        return [self.initiator] if self.initiator else self.initiators

    @property
    def narrow(self) -> bool:
        """Whether more is asked for than whose it is."""
        return any((self.combinations, self.tools, self.after, self.before))

    @property
    def bounds(self) -> Bounds:
        """The same beside a text."""
        return Bounds(
            initiators=self.people,
            session_ids=self.session_ids,
            tools=self.tools,
            combinations=self.combinations,
            after=self.after,
            before=self.before,
        )


async def resolved(connection: PooledConnection, viewer: UUID | None, filter_: Filter) -> Asked | None:
    """Resolve a filter for one viewer (None: may read everyone's); None when nothing can match."""
    initiators = filter_.initiator_ids
    if viewer is not None:
        initiators = frozenset([viewer]) if initiators is None else initiators & {viewer}
    combinations = await _combinations_of(connection, filter_)
    if combinations == [] or (initiators is not None and not initiators):
        return None
    one = next(iter(initiators)) if initiators is not None and len(initiators) == 1 else None
    return Asked(
        initiator=one,
        initiators=None if one or initiators is None else sorted(initiators),
        session_ids=_given(filter_.session_ids),
        combinations=combinations,
        tools=_given(filter_.tools),
        after=await _bound(connection, filter_.started_after),
        before=filter_.started_before,
    )


async def _bound(connection: PooledConnection, after: datetime | None) -> datetime | None:
    """None where the whole record began later: a bound that leaves nothing out costs a look at every row, too."""
    if after is None or await connection.fetchval(sql("all_started_since"), after):
        return None
    return after


async def _combinations_of(connection: PooledConnection, filter_: Filter) -> list[int] | None:
    """The ids of the combinations that have the values of a filter; None when it names none."""
    values = (
        filter_.providers,
        filter_.provider_names,
        filter_.models,
        filter_.clients,
        filter_.outcomes,
        filter_.error_types,
        filter_.credential_kinds,
        filter_.credential_types,
    )
    if not any(values):
        return None
    rows = await connection.fetch(sql("combinations_matching"), *map(_given, values))
    return [row["id"] for row in rows]


def _given(values: Collection[str]) -> list[str] | None:
    return sorted(values) if values else None
