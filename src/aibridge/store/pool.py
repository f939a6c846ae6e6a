"""Opening the store: one object with a part for each kind of work, and every connection closed behind it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from aibridge.records import Begun, Finished
from aibridge.store.announcing import Announcer
from aibridge.store.bookkeeping import Bookkeeping
from aibridge.store.connections import Connection, Dial, Pool, teach_json
from aibridge.store.exports import Exports
from aibridge.store.failures import mapped
from aibridge.store.indexing import Indexing
from aibridge.store.keeping import Keeping
from aibridge.store.people import People
from aibridge.store.prices import Prices
from aibridge.store.probing import Probe
from aibridge.store.pulse import Pulse
from aibridge.store.reading import Reader
from aibridge.store.recovery import Recovery
from aibridge.store.repricing import Repricing
from aibridge.store.roster import Roster
from aibridge.store.sign_ins import SignIns
from aibridge.store.telemetry import Telemetry
from aibridge.store.writing import Writer

POOL_SIZE = 10
"""Connections for reading and for people, at most; writing, recovery, look-ups of tokens, telemetry, announcements and
the look whether the server is there have seven of their own."""

READ_TIMEOUT = 30.0
"""Seconds until a reading query is given up."""


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The record in PostgreSQL. Satisfies `recording.sink.Sink` by shape."""

    writer: Writer
    reader: Reader
    exports: Exports
    people: People
    prices: Prices
    repricing: Repricing
    sign_ins: SignIns
    roster: Roster
    pulse: Pulse
    recovery: Recovery
    keeping: Keeping
    books: Bookkeeping
    indexing: Indexing
    telemetry: Telemetry
    probe: Probe
    announcer: Announcer

    async def write_begun(self, batch: Sequence[Begun]) -> None:
        """See `Writer.write_begun`."""
        await self.writer.write_begun(batch)

    async def write_finished(self, batch: Sequence[Finished]) -> None:
        """See `Writer.write_finished`."""
        await self.writer.write_finished(batch)
        self.announcer.ended(batch)
        self.indexing.ended()


@asynccontextmanager
async def open_store(
    dsn: str, *, pooled: bool = False, pool_size: int = POOL_SIZE, application_name: str = "aibridge"
) -> AsyncIterator[Store]:
    """The store behind `dsn`, which must be migrated.

    `pooled` says that a transaction pooler is in front of the server. Connections are made when they are first needed,
    so an unreachable server shows as `StoreUnavailable` at use, and the store recovers by itself when it is back.
    """
    dial = Dial(dsn=dsn, pooled=pooled, application_name=application_name)
    writer, recovery, telemetry, probe = Writer(dial), Recovery(dial), Telemetry(dial), Probe(dial)
    keeping, announcer = Keeping(dial), Announcer(dial)
    books = Bookkeeping(dial)
    repricing = Repricing(dial)
    indexing = Indexing(dial)
    pool = await _make_pool(dial, pool_size)
    people = People(pool, dial)
    try:
        yield Store(
            writer=writer,
            reader=Reader(pool),
            exports=Exports(pool),
            people=people,
            prices=Prices(pool),
            repricing=repricing,
            sign_ins=SignIns(pool),
            roster=Roster(pool),
            pulse=Pulse(pool),
            recovery=recovery,
            keeping=keeping,
            books=books,
            indexing=indexing,
            telemetry=telemetry,
            probe=probe,
            announcer=announcer,
        )
    finally:
        lanes = (writer, recovery, keeping, books, repricing, indexing, telemetry, probe, announcer, people)
        await asyncio.gather(*(lane.close() for lane in lanes))  # together: one that hangs holds up no other
        pool.terminate()


async def _make_pool(dial: Dial, size: int) -> Pool:
    async def learn(connection: Connection) -> None:
        await teach_json(connection)

    with mapped():
        pool: Pool = await asyncpg.create_pool(
            **dial.arguments(plan_cache_mode="force_custom_plan"),
            min_size=0,
            max_size=size,
            init=learn,
            command_timeout=READ_TIMEOUT,
        )
    return pool
