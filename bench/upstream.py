"""The provider's stand-in, a process of its own: precomputed bytes, and as little else as possible.

The query of a request is its script: `?answer=plain` or `?answer=stream`, then `&delay=5` for milliseconds before the
first byte, `&pace=10` for milliseconds between writes. It prints its port and ends when its standard input does.
"""

import asyncio
import contextlib
import os
import re
import sys
from functools import lru_cache
from typing import NamedTuple, cast

import uvloop

from bench.payloads import pieces, plain_answer, streamed_answer
from bench.serving import until_input_ends

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
SCRIPT = re.compile(rb"[?&]answer=(plain|stream)(?:&delay=(\d+))?(?:&pace=(\d+))?")
BACKLOG = 4096


class Script(NamedTuple):
    """How one request is answered."""

    writes: tuple[bytes, ...]
    delay: float
    """Seconds before the first write."""
    pace: float
    """Seconds between writes; 0 writes at once."""


def plain_wire() -> tuple[bytes, ...]:
    """Return the plain answer as it goes over the wire."""
    body = plain_answer()
    return (_head(b"application/json", b"Content-Length: %d" % len(body)) + body,)


def stream_wire() -> tuple[bytes, ...]:
    """Return the streamed answer as it goes over the wire, one chunk a write."""
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces(streamed_answer())]
    chunks[0] = _head(b"text/event-stream; charset=utf-8", b"Transfer-Encoding: chunked") + chunks[0]
    chunks[-1] += b"0\r\n\r\n"
    return tuple(chunks)


def _head(content_type: bytes, framing: bytes) -> bytes:
    lines = (b"HTTP/1.1 200 OK", b"Content-Type: " + content_type, b"request-id: req_011Bench", framing, b"", b"")
    return b"\r\n".join(lines)


@lru_cache
def script_of(request_line: bytes) -> Script:
    """Read the script in a request line. Raises `ValueError`."""
    found = SCRIPT.search(request_line)
    if found is None:
        raise ValueError(f"no script in {request_line!r}")
    writes = plain_wire() if found[1] == b"plain" else stream_wire()
    return Script(writes, int(found[2] or 0) / 1000, int(found[3] or 0) / 1000)


class Provider(asyncio.Protocol):
    """One connection: request after request, each body counted and dropped."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self._missing = 0
        self._script = Script((), 0, 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self._fd: int = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        elif not self._read_head(self._head + data):
            return
        if not self._missing:
            self._answer()

    def _read_head(self, data: bytes) -> bool:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return False
        self._head = b""
        length = LENGTH.search(data, 0, end)
        self._missing = int(length[1] if length else 0) - (len(data) - end - 4)
        self._script = script_of(data[: data.index(b"\r\n")])
        return True

    def _answer(self) -> None:
        if self._script.delay:
            self._loop.call_later(self._script.delay, self._write, self._script, 0)
        else:
            self._write(self._script, 0)

    def _write(self, script: Script, number: int) -> None:
        if not script.pace:
            for data in script.writes:
                self._write_now(data)
            return
        if self._transport.is_closing():
            return
        self._write_now(script.writes[number])
        if number + 1 < len(script.writes):
            self._loop.call_later(script.pace, self._write, script, number + 1)

    def _write_now(self, data: bytes) -> None:
        """Past the transport, which would gather the writes of one turn of the loop into one."""
        if self._transport.get_write_buffer_size():
            self._transport.write(data)
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the transport notices by itself
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                written = 0
            if written < len(data):
                self._transport.write(data[written:])


async def serve() -> None:
    """Serve on a free port of the loopback until the standard input ends."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await until_input_ends()


if __name__ == "__main__":
    uvloop.run(serve())
