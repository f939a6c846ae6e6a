"""What has become of a session since a page showed it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from aibridge.web.session.tree import Row, Thread

LATE = timedelta(minutes=1)
"""By which a step may come on record after it ended."""
MOST = 5_000
"""Rows that are told at once."""


def fresh(threads: Sequence[Thread], since: datetime) -> frozenset[UUID]:
    """The steps that ended since then, and those right before one: only now it is known how their calls went."""
    return frozenset(row.id for rows in _threads(threads) for row in _fresh(rows, since - LATE))


def _threads(threads: Sequence[Thread]) -> Iterator[Sequence[Row]]:
    for thread in threads:
        yield thread.rows
        yield from (agent.rows for row in thread.all_rows for agent in row.agents)


def _fresh(rows: Sequence[Row], since: datetime) -> Iterator[Row]:
    for row, following in pairwise([*rows, None]):
        if row is not None and (row.step.ended_at > since or (following and following.step.ended_at > since)):
            yield row
