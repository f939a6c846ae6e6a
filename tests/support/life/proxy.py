"""A proxy between the gateway and PostgreSQL that loses acknowledgements, cuts, and stalls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

READY = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery, idle: what was asked is committed. https://www.postgresql.org/docs/current/protocol-message-formats.html"""
STARTS, ENDS = b'"started_at"', b'"ended_at"'
"""Stand in a batch of starts, and in a batch of ends."""


class DatabaseProxy:
    """Carries bytes, unless it is told otherwise."""

    def __init__(self, dsn: str) -> None:
        self._to = urlsplit(dsn)
        self._open: set[asyncio.Task[None]] = set()
        self._reachable = True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._losing: tuple[bytes, asyncio.Event] | None = None
        self.port = 0

    @property
    def dsn(self) -> str:
        """The address of the same database through this proxy."""
        user, at, _ = self._to.netloc.rpartition("@")
        return f"postgresql://{user}{at}127.0.0.1:{self.port}{self._to.path}?sslmode=disable"

    async def lose_acknowledgement(self, of: bytes) -> None:
        """Let the next statement with these bytes be committed, swallow the answer, cut; return when that happened."""
        happened = asyncio.Event()
        self._losing = of, happened
        await happened.wait()

    def cut(self) -> None:
        """End all connections and let nobody in."""
        self._reachable = False
        for task in self._open:
            task.cancel()

    def mend(self) -> None:
        """Let everybody in again."""
        self._reachable = True

    def stall(self) -> None:
        """Carry nothing any more; whoever connects is let in and hears nothing."""
        self._flowing.clear()

    def flow(self) -> None:
        """Carry what has collected, and go on."""
        self._flowing.set()

    # -------------------------------------------------------------- inside

    async def _database(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        told = parse_qs(self._to.query)
        port = self._to.port or int(told.get("port", ["5432"])[0])
        if "host" in told:
            return await asyncio.open_unix_connection(f"{told['host'][0]}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._to.hostname, port)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        writers = [writer]
        try:
            if self._reachable:
                answers, requests = await self._database()
                writers.append(requests)
                await self._carry(_Pipe(reader, requests), _Pipe(answers, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            for each in writers:
                each.transport.abort()

    async def _carry(self, asked: "_Pipe", answered: "_Pipe") -> None:
        lost: list[asyncio.Event] = []

        async def ask(data: bytes) -> None:
            if self._losing is not None and self._losing[0] in data:
                lost.append(self._losing[1])
                self._losing = None
            await asked.write(data)

        async def answer(data: bytes) -> None:
            if not lost:
                await answered.write(data)
            elif data.endswith(READY):
                lost.pop().set()
                raise ConnectionAbortedError

        async with asyncio.TaskGroup() as tasks:
            ways = [tasks.create_task(self._flow(asked, ask)), tasks.create_task(self._flow(answered, answer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()

    async def _flow(self, pipe: "_Pipe", carry: Callable[[bytes], Awaitable[None]]) -> None:
        with suppress(OSError):
            while data := await pipe.reader.read(1 << 18):
                await self._flowing.wait()
                await carry(data)


class _Pipe:
    """One way of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


@asynccontextmanager
async def database_proxy(dsn: str) -> AsyncIterator[DatabaseProxy]:
    """Stand before this database on a free port of 127.0.0.1."""
    proxy = DatabaseProxy(dsn)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0, limit=1 << 20)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.flow()
        proxy.cut()
        await server.wait_closed()
