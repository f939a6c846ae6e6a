"""A provider on a raw socket: a test says which bytes it sends, and when."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aibridge.gateway.upstream import Reply, Target, UpstreamClient


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    line: bytes
    head: bytes
    """With the request line and the final blank line."""
    body: bytes

    def header(self, name: bytes) -> list[bytes]:
        lines = [line.partition(b": ") for line in self.head.split(b"\r\n")[1:]]
        return [value for key, _, value in lines if key.lower() == name.lower()]


class Peer:
    """The provider's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> Asked:
        head = await self.head()
        asked = Asked(head.partition(b"\r\n")[0], head, b"")
        length = asked.header(b"content-length")
        body = await self.reader.readexactly(int(length[0])) if length else b""
        return Asked(asked.line, head, body)

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def gone(self) -> int:
        """Wait until the client closed the connection; returns how many more bytes it had sent."""
        count = 0
        try:
            while data := await self.reader.read(1 << 18):
                count += len(data)
        except ConnectionError:
            pass
        return count

    def reset(self) -> None:
        """Close so that the client is told of an error, not of an end."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Provider:
    """Runs `script` on every connection; the connection is closed when the script returns."""

    def __init__(self, script: Script, group: asyncio.TaskGroup) -> None:
        self.connections = 0
        self.port = 0
        self._script = script
        self._group = group
        self._serving: list[asyncio.Task[None]] = []

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.append(self._group.create_task(self._serve(Peer(reader, writer))))

    async def _serve(self, peer: Peer) -> None:
        try:
            await self._script(peer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            peer.writer.close()

    def target(self, path: str = "", *, scheme: str = "http", host: str = "127.0.0.1") -> Target:
        return Target.parse(f"{scheme}://{host}:{self.port}{path}")

    def stop(self) -> None:
        for task in self._serving:
            task.cancel()


@asynccontextmanager
async def provider(
    script: Script, *, tls: ssl.SSLContext | None = None, within: float = 60.0, limit: int = 1 << 16
) -> AsyncIterator[Provider]:
    """Listen on a free port of 127.0.0.1 while the block runs, at most `within` seconds."""
    async with asyncio.timeout(within), asyncio.TaskGroup() as group:
        it = Provider(script, group)
        server = await asyncio.start_server(it.connected, "127.0.0.1", 0, ssl=tls, limit=limit)
        it.port = server.sockets[0].getsockname()[1]
        try:
            yield it
        finally:
            server.close()
            it.stop()


async def ask(
    client: UpstreamClient,
    target: Target,
    *,
    method: bytes = b"POST",
    path: bytes = b"/v1/messages",
    headers: list[tuple[bytes, bytes]] | None = None,
    body: bytes | bytearray | memoryview = b"{}",
) -> Reply:
    """Send a small request."""
    return await client.send(target, method=method, path=path, headers=headers or [], body=body)


async def rest(reply: Reply) -> bytes:
    """Read to the clean end."""
    chunks = []
    while (chunk := await reply.read()) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until something is so."""
    while not condition():
        await asyncio.sleep(0)
