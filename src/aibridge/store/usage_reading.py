"""Reading usage: which rows of the ledger tell what is asked, and what they come to."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.filtering import resolved
from aibridge.store.people_shown import Person, person
from aibridge.store.sql import sql
from aibridge.store.usage import (
    DAY,
    HOUR,
    ActiveUsers,
    Bucket,
    By,
    Figures,
    GroupInStep,
    Ranked,
    ReadUsage,
    UsageAsked,
    UsageGroup,
    UsageStep,
    full_hours,
    midnight,
    new_month,
    steps_of,
)
from aibridge.store.usage_sums import Sums

_LISTED = ("requests", "tool_calls", "cost_micros", "unpriced")
_OF_COMBINATIONS = frozenset({By.MODEL, By.CLIENT, By.PROVIDER, By.PROVIDER_NAME})
_BY_MONTH = frozenset({"all", "everyone", "user", "everyone_tool"})
"""Grains that are kept by month, too; see `post_usage`."""


class _Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are asked for."""

    asked: UsageAsked
    initiators: list[UUID] | None
    combinations: list[int] | None
    tool: str | None

    def rows(self, *, users: bool = False, combinations: bool = False, tools: bool = False) -> tuple[object, ...]:
        """Parameters of `usage_rows` for rows that tell users, combinations or tools apart, if need be."""
        users = users or self.initiators is not None
        combinations = combinations or self.combinations is not None
        tools = tools or self.tool is not None
        of_combinations = combinations or tools
        grain = ("both" if of_combinations else "user") if users else ("everyone" if of_combinations else "all")
        if tools:
            grain += "_tool"
        tool = self.tool if tools else ""
        months = self.asked.bucket is Bucket.NONE and grain in _BY_MONTH
        time = _time(self.asked.start, self.asked.end, days=self.asked.bucket is not Bucket.HOUR, months=months)
        return *time, self.asked.bucket, grain, self.initiators, self.combinations, tool


def _time(
    start: datetime, end: datetime, *, days: bool, months: bool
) -> tuple[datetime, datetime, list[datetime], list[datetime]]:
    """Start and end; where whole days and whole months begin between them, and where months and days end."""
    first_day, last_day = midnight(start + DAY - HOUR), midnight(end)
    if not days or first_day > last_day:
        return start, end, [end, end], [end, end]
    first_month, last_month = new_month(first_day.replace(day=28) + 4 * DAY), new_month(last_day)
    if first_day.day == 1:
        first_month = first_day
    if not months or first_month > last_month:
        first_month = last_month = last_day
    return start, end, [first_day, first_month], [last_month, last_day]


async def usage(connection: PooledConnection, viewer: UUID | None, asked: UsageAsked) -> ReadUsage:
    """What was asked for and spent; of `viewer` alone, or of everyone with None. In one snapshot, please."""
    start, end = full_hours(asked.start, asked.end)
    asked = msgspec.structs.replace(asked, start=start, end=end)
    where = await _where(connection, viewer, asked)
    if where is None:
        return _told(asked, {}, {}, _Groups())
    groups = _Groups()
    if asked.by in _OF_COMBINATIONS:
        groups = await _groups(connection, where)
        totals = {step: Sums.together(of_groups.values()) for step, of_groups in groups.steps.items()}
    else:
        rows = await connection.fetch(sql("usage_totals"), *where.rows())
        totals = {row["step"]: Sums.of(dict(row)) for row in rows}
        if asked.by is By.USER:
            groups = await _groups_of_users(connection, where, totals)
        elif asked.by is By.TOOL:
            groups = await _groups(connection, where)
    users = await _users(connection, where) if asked.users else {}
    return _told(asked, totals, users, groups)


async def active_users(connection: PooledConnection, viewer: UUID | None, asked: UsageAsked) -> ActiveUsers:
    """What `usage` tells of users, alone; `asked.by` is of no account. In one snapshot, please."""
    start, end = full_hours(asked.start, asked.end)
    where = await _where(connection, viewer, msgspec.structs.replace(asked, start=start, end=end))
    users = {} if where is None else await _users(connection, where)
    return ActiveUsers(
        total=users.get(None, 0), series=[users.get(step, 0) for step in steps_of(start, end, asked.bucket)]
    )


async def _users(connection: PooledConnection, where: _Where) -> dict[datetime | None, int]:
    """How many there are in each step, and at all (None)."""
    query = "usage_users_of_days" if where.asked.bucket is Bucket.DAY else "usage_users"
    rows = await connection.fetch(sql(query), *where.rows(users=True))
    return {row["step"]: row["users"] for row in rows}


async def ranking(
    connection: PooledConnection, viewer: UUID | None, asked: UsageAsked, kinds: Collection[By]
) -> dict[By, list[Ranked]]:
    """The groups of each kind over the whole time, most first, `asked.limit` of them. In one snapshot, please.

    One reading serves several kinds, unless these are users or tools; `asked.by` is of no account.
    """
    start, end = full_hours(asked.start, asked.end)
    first = next(iter(kinds))
    where = await _where(
        connection, viewer, msgspec.structs.replace(asked, start=start, end=end, bucket=Bucket.NONE, by=first)
    )
    found: dict[By, list[Ranked]] = {by: [] for by in kinds}
    if where is None:
        return found
    rows = await connection.fetch(sql("usage_ranking"), *_rows_of(where), list(kinds), asked.limit, asked.sort)
    people = await _people(connection, [row["key"] for row in rows]) if first is By.USER else {}
    for row in rows:
        figures = {name: int(row[name]) for name in _LISTED}
        found[By(row["by"])].append(Ranked(key=row["key"], person=people.get(row["key"]), **figures))
    return found


def _rows_of(where: _Where) -> tuple[object, ...]:
    by = where.asked.by
    return where.rows(users=by is By.USER, combinations=by in _OF_COMBINATIONS, tools=by is By.TOOL)


async def _where(connection: PooledConnection, viewer: UUID | None, asked: UsageAsked) -> _Where | None:
    """None when nothing can match. From here on the transaction's plans keep to themselves."""
    what = await resolved(connection, viewer, asked.filter)
    if what is None:
        return None
    await connection.execute(sql("read_alone"))
    return _Where(
        asked=asked,
        initiators=what.people,
        combinations=what.combinations,
        tool=next(iter(what.tools or ()), None),
    )


# ------------------------------------------------------------------ groups


class _Groups(msgspec.Struct, kw_only=True):
    """What was found of the groups; all beyond the limit together have the key None."""

    places: dict[str | None, int] = {}
    """In which order they come."""
    steps: dict[datetime, dict[str | None, Sums]] = {}
    users: Mapping[str | None, int] = {}
    people: Mapping[str | None, Person] = {}
    count: int = 0

    @property
    def keys(self) -> list[str | None]:
        """In their order, all others last."""
        return sorted(self.places, key=lambda key: (key is None, self.places[key]))

    @property
    def named(self) -> list[str]:
        """Those that are shown on their own."""
        return [key for key in self.keys if key is not None]

    def whole(self, key: str | None) -> Sums:
        """The sums of a group over all steps."""
        return Sums.together(groups[key] for groups in self.steps.values() if key in groups)


async def _groups(connection: PooledConnection, where: _Where) -> _Groups:
    """Of combinations, or of tools; with all others in a group of their own they are the whole."""
    found = await _added(connection, "usage_groups", where)
    if where.asked.users and where.asked.group_users:
        found.users = await _users_by(connection, where, found.named)
    return found


async def _groups_of_users(connection: PooledConnection, where: _Where, totals: Mapping[datetime, Sums]) -> _Groups:
    """Those with most; all others are what is left of the totals."""
    found = await _added(connection, "usage_groups_of_users", where)
    named = found.named
    if len(named) < found.count:
        found.places[None] = found.count
        for step, whole in totals.items():
            groups = found.steps.setdefault(step, {})
            groups[None] = whole.without(list(groups.values()))
    found.users = {key: 1 if key else found.count - len(named) for key in found.places}
    found.people = await _people(connection, named)
    return found


async def _added(connection: PooledConnection, query: str, where: _Where) -> _Groups:
    asked, found = where.asked, _Groups()
    for row in await connection.fetch(sql(query), *_rows_of(where), asked.by, asked.limit, asked.sort):
        key = row["key"]
        found.places[key] = min(row["place"], found.places.get(key, row["place"]))
        found.steps.setdefault(row["step"], {})[key] = Sums.of(dict(row))
        found.count = row["groups"]
    return found


async def _users_by(connection: PooledConnection, where: _Where, keys: list[str]) -> Mapping[str | None, int]:
    if where.asked.by is By.TOOL:
        rows = await connection.fetch(sql("usage_users_by_tool"), *where.rows(users=True, tools=True), keys)
    else:
        of_both = where.rows(users=True, combinations=True)
        rows = await connection.fetch(sql("usage_users_by"), *of_both, where.asked.by, keys)
    return {row["key"]: row["users"] for row in rows}


async def _people(connection: PooledConnection, ids: list[str]) -> dict[str | None, Person]:
    return {str(row["initiator_id"]): person(row) for row in await connection.fetch(sql("people_of_usage"), ids)}


# ------------------------------------------------------------------ what is told


def _told(
    asked: UsageAsked, totals: Mapping[datetime, Sums], users: Mapping[datetime | None, int], groups: _Groups
) -> ReadUsage:
    keys = groups.keys
    return ReadUsage(
        start=asked.start,
        end=asked.end,
        bucket=asked.bucket,
        by=asked.by,
        totals=Figures(**Sums.together(totals.values()).told(), active_users=users.get(None, 0)),
        groups=[
            UsageGroup(
                key=key,
                person=groups.people.get(key),
                groups=1 if key is not None else groups.count - len(keys) + 1,
                active_users=groups.users.get(key, 0),
                **groups.whole(key).told(durations=asked.group_durations),
            )
            for key in keys
        ],
        series=[
            UsageStep(
                starts_at=max(step, asked.start),
                active_users=users.get(step, 0),
                groups=[
                    GroupInStep(key=key, **sums.told(durations=asked.group_durations))
                    for key in keys
                    if (sums := groups.steps.get(step, {}).get(key)) and sums.requests
                ],
                **totals.get(step, Sums()).told(),
            )
            for step in steps_of(asked.start, asked.end, asked.bucket)
        ],
    )
