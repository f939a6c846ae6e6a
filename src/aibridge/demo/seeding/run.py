"""`aibridge demo seed`: a database filled from the first user to the last statistic."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import msgspec

from aibridge.demo.seeding.people import people
from aibridge.demo.seeding.traffic import Traffic, anyone
from aibridge.errors import AIBridgeError
from aibridge.store.bulk import Account, Filling, Rows, fill_beside, fill_empty, interceptions_on_record
from aibridge.store.migrate import migrate


class RecordNotEmpty(AIBridgeError):
    """The database holds interceptions already. Use an empty one, or `--add` to put these beside them."""


class Watcher(Protocol):
    """Sees how far it is."""

    def stage(self, name: str) -> None:
        """One of `rows`, `roll-ups`, `indexes`, `statistics` begins."""
        ...

    def advance(self, interceptions: int) -> None:
        """So many more are on record."""
        ...


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """What was made."""

    interceptions: int
    rows: int
    """With prompts, tokens, tools and thoughts."""
    people: list[Account]
    """Those who do most first."""
    seconds: float


async def seed(dsn: str, *, interceptions: int, seed: int, until: int, add: bool = False, watcher: Watcher) -> Seeded:
    """Fill the database behind `dsn`, migrating it first, with the two months `until` (microseconds since 1970).

    The same `seed`, size and time give the same record. Raises `RecordNotEmpty` unless told to `add`, and the errors of
    `migrate` and `store.bulk`.
    """
    began = time.monotonic()
    await migrate(dsn)
    present = await interceptions_on_record(dsn)
    if present and not add:
        raise RecordNotEmpty
    chance = random.Random(f"{seed}:{present}")  # noqa: S311 - beside what is there, other sessions
    accounts = people(interceptions, chance)
    opening = fill_beside if present else fill_empty
    async with opening(dsn, watcher.stage) as filling:
        hired = [anyone(id_, chance) for id_ in await filling.accounts(accounts)]
        traffic = Traffic(hired, interceptions=interceptions, until=until, chance=chance)
        written = await put(filling, traffic, watcher.advance)
    return Seeded(interceptions=interceptions, rows=written, people=accounts, seconds=time.monotonic() - began)


async def put(filling: Filling, traffic: Traffic, advance: Callable[[int], None]) -> int:
    """Put everything on record, telling how many interceptions each portion had; return the number of rows."""
    written = 0
    async for rows in _ahead(traffic.rows()):
        await filling.put(rows)
        advance(len(rows.interceptions))
        written += sum(map(len, msgspec.structs.astuple(rows)))
    return written


async def _ahead(portions: Iterator[Rows]) -> AsyncIterator[Rows]:
    """Each portion, while a thread makes the next: the server has something to do meanwhile."""
    loop = asyncio.get_running_loop()
    coming = loop.run_in_executor(None, next, portions, None)
    while (rows := await coming) is not None:
        coming = loop.run_in_executor(None, next, portions, None)
        yield rows
