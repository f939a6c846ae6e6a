"""A client on a raw socket: a test says which bytes it sends, and sees which bytes come."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Answered:
    """One response as it came over the wire."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    """Lower-cased names."""
    body: bytes
    """Without its framing, as far as it came."""
    whole: bool
    """The framing says that nothing is missing."""

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def head(self) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
        """Status and headers of the next response that is not an interim one."""
        while True:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            status = int(lines[0].split()[1])
            if status >= 200:
                pairs = (line.partition(b": ") for line in lines[1:] if line)
                return status, tuple((name.lower(), value) for name, _, value in pairs)

    async def answer(self, *, head_only: bool = False) -> Answered:
        """Read one response to its end, or to where it is cut."""
        status, headers = await self.head()
        fields = dict(headers)
        if head_only or status in (204, 304):
            return Answered(status, headers, b"", whole=True)
        if fields.get(b"transfer-encoding") == b"chunked":
            body, whole = await self._chunks()
        else:
            body, whole = await self._exactly(int(fields[b"content-length"]))
        return Answered(status, headers, body, whole)

    async def rest(self) -> bytes:
        """Everything until the other end closes."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    async def nothing_yet(self) -> bool:
        """Whether no byte has come. Other tasks get many turns first."""
        for _ in range(50):
            await asyncio.sleep(0)
        return not self.reader._buffer  # type: ignore[attr-defined]

    async def until_silent(self, seconds: float = 0.1) -> bytes:
        """Everything that comes before so many seconds pass without a byte."""
        seen = b""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    data = await self.reader.read(2**16)
            except TimeoutError:
                return seen
            if not data:
                return seen
            seen += data

    def half_close(self) -> None:
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close so that the other end is told of an error."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _exactly(self, length: int) -> tuple[bytes, bool]:
        try:
            return await self.reader.readexactly(length), True
        except asyncio.IncompleteReadError as cut:
            return cut.partial, False
        except ConnectionError:
            return b"", False

    async def _chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            try:
                size = int(await self.reader.readuntil(b"\r\n"), 16)
                data = await self.reader.readexactly(size + 2)
            except (asyncio.IncompleteReadError, ConnectionError):
                return body, False
            if size == 0:
                return body, True
            body += data[:-2]


@asynccontextmanager
async def connect(port: int, *, buffer: int | None = None, within: float = 60.0) -> AsyncIterator[RawClient]:
    """Connect to a port of 127.0.0.1; the block may take `within` seconds, so that no test waits for ever.

    `buffer`: bytes that the kernel may hold of what this client does not read.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    limit = 2**16 if buffer is None else buffer
    reader, writer = await asyncio.open_connection(sock=sock, limit=limit)
    try:
        async with asyncio.timeout(within):
            yield RawClient(reader, writer)
    finally:
        writer.transport.abort()


def request(target: str, body: bytes = b"", *, token: str | None = None, method: str = "POST", **headers: str) -> bytes:
    """A request as bytes; underscores in names of `headers` are hyphens."""
    fields = {"host": "gateway", "content-length": str(len(body))}
    if token is not None:
        fields["authorization"] = f"Bearer {token}"
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return head(method, target, fields) + body


def head(method: str, target: str, fields: Mapping[str, str]) -> bytes:
    """The head of a request as bytes."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")
