"""What the overview reads: the usage of a time and of the one before, and who and what had most of it."""

import asyncio
from uuid import UUID

import msgspec

from aibridge.filters import Filter
from aibridge.store.reading import Reader
from aibridge.store.usage import ActiveUsers, Bucket, By, Figures, Ranked, ReadUsage, Sort, UsageAsked, UsageGroup
from aibridge.web.ranges import DAY, Window

MOST_LISTED = 6
"""Groups of a list."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one time."""

    now: ReadUsage
    """In steps, by what the cost is split by; of users nothing."""
    active: ActiveUsers
    """In the same steps. Counted beside the rest: one after the other would take twice as long."""
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
        limit=MOST_LISTED,
        users=False,
        group_users=False,
        group_durations=False,
    )
    now, active, before, users, tools, others = await asyncio.gather(
        reader.usage(scope, series),
        reader.active_users(scope, series),
        reader.usage(scope, earlier),
        _spenders(reader, scope, None if by is By.USER else whole),
        reader.ranking(scope, msgspec.structs.replace(whole, sort=Sort.TOOL_CALLS, limit=MOST_LISTED), By.TOOL),
        reader.ranking(scope, whole, By.MODEL, By.CLIENT),
    )
    return Read(
        now=now,
        active=active,
        before=before.totals,
        users=[_listed(group, group.key) for group in now.groups if group.key] if by is By.USER else users,
        models=others[By.MODEL],
        clients=others[By.CLIENT],
        tools=tools[By.TOOL],
    )


async def _spenders(reader: Reader, scope: UUID | None, asked: UsageAsked | None) -> list[Ranked]:
    """Who spent most; nobody where that is not asked for."""
    if asked is None:
        return []
    found = await reader.ranking(scope, msgspec.structs.replace(asked, sort=Sort.COST, limit=MOST_LISTED), By.USER)
    return found[By.USER]


def _listed(group: UsageGroup, key: str) -> Ranked:
    """A group of the chart as the list has it, that the same is not added up twice."""
    return Ranked(
        key=key,
        person=group.person,
        requests=group.requests,
        tool_calls=group.tool_calls,
        cost_micros=group.cost_micros,
        unpriced=group.unpriced,
    )
