"""When the requests of a filter began, counted one by one: what is too fine or too special for the hourly roll-ups."""

from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg
import msgspec

from aibridge.store.connections import PooledConnection
from aibridge.store.interception_list import Matching
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored

MOST = 20_000
"""Requests that are counted one by one while somebody waits: about 100 ms."""
NEWEST = 1_000
"""Of more, only so many are counted, the newest: counting all that match has taken its time already."""


class Steps(msgspec.Struct, frozen=True):
    """Time cut into steps of equal length."""

    length: timedelta
    start: datetime
    """Of the first step, with a time zone."""


class ActivityStep(msgspec.Struct, frozen=True, kw_only=True):
    """What began in one step. Tokens and cost are those that are known."""

    starts_at: datetime
    requests: int
    failures: int
    """Failed, truncated or interrupted."""
    unpriced: int
    """Requests that used tokens without a known price."""
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    cost_micros: int
    """Micro-dollars."""


async def countable(connection: PooledConnection, those: Matching) -> Matching:
    """All of them, or of too many the newest."""
    return those if those.total <= MOST and not those.more else await those.newest(connection, NEWEST)


async def activity(connection: PooledConnection, those: Matching, steps: Steps) -> list[ActivityStep]:
    """The steps in which any of these began, oldest first. They must be `countable`."""
    rows = await connection.fetch(sql("activity"), *(await those.conditions(connection)), steps.length, steps.start)
    return [_step(row) for row in rows]


def _step(row: asyncpg.Record) -> ActivityStep:
    sums = {key: int(value) for key, value in row.items() if key != "starts_at"}  # sums of bigints are numerics
    return ActivityStep(starts_at=row["starts_at"], **sums)


class Menu(StrEnum):
    """Which values of requests a menu lists."""

    USER = "user"
    """By name; `name` is what people call them."""
    PROVIDER = "provider"
    """Names of configured providers."""
    MODEL = "model"
    CLIENT = "client"
    STATUS = "status"
    """Outcomes."""
    TOOL = "tool"


class MenuValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a menu lists."""

    value: str
    name: str
    """Of a user, if they have one; else empty."""
    requests: int
    """That have it."""


async def menu_values(
    connection: PooledConnection, those: Matching | None, menu: Menu, find: str, limit: int, *, newest: bool
) -> list[MenuValue] | None:
    """The values that hold `find` in any case, most used first.

    Of too many requests to count the values of the `newest`, else None.
    """
    if those is None or not those.total or not can_be_stored(find):
        return []
    if (those.total > MOST or those.more) and not newest:
        return None
    conditions = await (await countable(connection, those)).conditions(connection)
    rows = await connection.fetch(sql("values_matching"), *conditions, menu, find.lower(), limit)
    return [MenuValue(**row) for row in rows]
