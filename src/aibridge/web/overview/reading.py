"""What the overview reads: the usage of a time and of the one before, and who and what had most of it."""

import asyncio
from uuid import UUID

import msgspec

from aibridge.filters import Filter
from aibridge.store.reading import Reader
from aibridge.store.usage import Bucket, By, Figures, Ranked, ReadUsage, Sort, UsageAsked
from aibridge.web.ranges import DAY, Window

MOST_SERIES = 5
"""Groups of a chart that stand for themselves; all others are one more."""
MOST_LISTED = 6
"""Groups of a list."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one time."""

    now: ReadUsage
    """In steps, by what the cost is split by."""
    before: Figures
    """Of as long a time before."""
    users: list[Ranked]
    models: list[Ranked]
    clients: list[Ranked]
    """All of them, as of models."""
    tools: list[Ranked]


async def read(reader: Reader, scope: UUID | None, window: Window, filter_: Filter, by: By) -> Read:
    """Read it all at once."""
    filter_ = msgspec.structs.replace(filter_, started_after=None, started_before=None)
    whole = UsageAsked(start=window.start, end=window.end, filter=filter_)
    earlier = msgspec.structs.replace(whole, start=window.start - (window.end - window.start), end=window.start)
    series = msgspec.structs.replace(
        whole,
        bucket=Bucket.HOUR if window.step < DAY else Bucket.DAY,
        by=by,
        sort=Sort.COST,
        limit=MOST_SERIES,
        group_users=False,
        group_durations=False,
    )
    now, before, users, tools, others = await asyncio.gather(
        reader.usage(scope, series),
        reader.usage(scope, earlier),
        reader.ranking(scope, msgspec.structs.replace(whole, sort=Sort.COST, limit=MOST_LISTED), By.USER),
        reader.ranking(scope, msgspec.structs.replace(whole, sort=Sort.TOOL_CALLS, limit=MOST_LISTED), By.TOOL),
        reader.ranking(scope, whole, By.MODEL, By.CLIENT),
    )
    return Read(
        now=now,
        before=before.totals,
        users=users[By.USER],
        models=others[By.MODEL],
        clients=others[By.CLIENT],
        tools=tools[By.TOOL],
    )
