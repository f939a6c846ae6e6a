"""Every connection of one client: the idle ones to reuse, and the one timer that watches over all."""

import asyncio

from aibridge.errors import UpstreamCut
from aibridge.gateway.upstream.connection import Connection


class Pool:
    """Idle connections by origin, newest first; old ones are closed where a provider would soon close them itself."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, max_idle_per_target: int, idle_seconds: float, tick: float
    ) -> None:
        self._loop = loop
        self._max_idle = max_idle_per_target
        self._idle_seconds = idle_seconds
        self._tick = min(tick, max(0.005, idle_seconds / 10))
        self._alive: set[Connection] = set()
        self._idle: dict[str, list[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    def take(self, origin: str) -> Connection | None:
        """The connection used last, if one is idle and fit."""
        idle = self._idle.get(origin)
        oldest = self._loop.time() - self._idle_seconds
        while idle:
            connection = idle.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    def adopt(self, connection: Connection) -> None:
        """Watch over a connection from now until it is gone."""
        self._alive.add(connection)
        if self._emptied is not None:
            connection.abort(UpstreamCut("the gateway is shutting down"))
            return
        if self._timer is None:
            self._timer = self._loop.call_later(self._tick, self._sweep)

    def keep(self, connection: Connection) -> None:
        """Take back a connection that may be reused."""
        idle = self._idle.setdefault(connection.origin, [])
        if len(idle) >= self._max_idle or self._emptied is not None:
            connection.abort()
            return
        idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._alive.discard(connection)
        idle = self._idle.get(connection.origin, ())
        if idle and connection in idle:
            idle.remove(connection)
        if self._emptied is not None and not self._alive and not self._emptied.done():
            self._emptied.set_result(None)

    async def close(self) -> None:
        """Close every connection, also those in use, and return when their sockets are closed."""
        self._emptied = self._loop.create_future()
        for connection in tuple(self._alive):
            connection.abort(UpstreamCut("the gateway is shutting down"))
        if self._alive:
            await self._emptied
        if self._timer is not None:
            self._timer.cancel()

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in tuple(self._alive):
            connection.check(now)
        for idle in self._idle.values():
            while idle and idle[0].idle_since <= now - self._idle_seconds:
                idle.pop(0).abort()
        self._timer = self._loop.call_later(self._tick, self._sweep) if self._alive else None
