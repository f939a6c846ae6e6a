"""Hearing what other replicas announce, on a direct connection: a transaction pooler cannot carry LISTEN."""

import asyncio
from collections.abc import AsyncGenerator
from enum import Enum

import asyncpg
import msgspec

from aibridge.store.connections import Connection, Dial

PING = 15.0
"""Seconds of silence after which the connection is tried: a dead peer says nothing, and nor does a quiet channel."""

FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0
"""Seconds between attempts to connect again, doubling."""


class Hearing(Enum):
    """What a listener must know besides the messages."""

    CONNECTED = "connected"
    """From here on every message is heard; what was said before may have been missed: forget what it was about."""
    LOST = "lost"
    """Nothing is heard until the next CONNECTED."""


class Said(msgspec.Struct, frozen=True):
    """One announcement."""

    channel: str
    payload: str


async def listen(dsn: str, *channels: str, ping: float = PING) -> AsyncGenerator[Said | Hearing, None]:
    """Yields what is said on any of the channels, and `Hearing.CONNECTED` / `LOST` around every connection.

    One connection hears them all, in the order in which it was said; it is made again for ever. `dsn` must lead to the
    server directly.
    """
    dial = Dial(dsn=dsn, application_name="aibridge-listen")
    delay = FIRST_DELAY
    while True:
        try:
            connection: Connection = await asyncpg.connect(**dial.arguments())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)
            continue
        delay = FIRST_DELAY
        try:
            async for event in _heard(connection, channels, ping):
                yield event
        finally:
            connection.terminate()
        yield Hearing.LOST


async def _heard(
    connection: Connection, channels: tuple[str, ...], ping: float
) -> AsyncGenerator[Said | Hearing, None]:
    """Ends when the connection does."""
    told: asyncio.Queue[Said | None] = asyncio.Queue()
    connection.add_termination_listener(lambda _: told.put_nowait(None))
    try:
        for channel in channels:
            await connection.add_listener(
                channel, lambda _c, _pid, channel, payload: told.put_nowait(Said(channel, str(payload)))
            )
        yield Hearing.CONNECTED
        while True:
            try:
                async with asyncio.timeout(ping):
                    said = await told.get()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=ping)
                continue
            if said is None:
                return
            yield said
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return
