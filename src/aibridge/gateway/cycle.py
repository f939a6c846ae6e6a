"""One request and its response as ASGI: what uvicorn's cycle does, for less.

uvicorn checks every field of a head with two regular expressions, makes an event and a timer for each request, and
copies the body twice. Without that a 4 KB request takes 35,000 of 1,171,000 instructions less (outside the kernel).
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from aibridge.gateway.asgi import Message, Scope

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
LENGTHLESS = frozenset((204, 304))
"""No body follows, so nothing has to say how long it is."""
RESET, ORDERLY = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
"""What closing a socket does, as values of SO_LINGER."""
NO_ANSWER = {"type": "http.disconnect"}


class Cycle(RequestResponseCycle):
    """What uvicorn's protocol asks of a cycle; how it runs an application and reports its failures is inherited."""

    # Class attributes are the initial values: a cycle is made for every request, and most of these stay as they are.
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    _unread = 0
    """Bytes in `_pieces`."""
    _told_all = False
    """`receive` has given the last bytes of the body: next it tells of the end."""
    _waiter: asyncio.Future[None] | None = None
    _head = b""
    """Waits for the piece of body that follows it, to be written with it."""
    _until_close = False
    """The body ends with the connection."""

    def __init__(
        self,
        scope: Scope,
        transport: asyncio.Transport,
        flow: FlowControl,
        *,
        expects_continue: bool,
        keep_alive: bool,
        on_response: Callable[[], None],
        loop: asyncio.AbstractEventLoop,
        logger: Any,
    ) -> None:
        self.scope = scope  # type: ignore[assignment]
        self.transport = transport
        self.flow = flow
        self.logger = logger
        self.on_response = on_response
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expects_continue
        self._loop = loop
        self._pieces: list[bytes] = []
        self._headless = scope["method"] == "HEAD"

    # -------------------------------------------------------------- the request

    def feed(self, piece: bytes) -> None:
        """Take bytes of the body; stop reading when many wait."""
        self._pieces.append(piece)
        self._unread += len(piece)
        if self._unread > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.set()

    @property
    def message_event(self) -> "Cycle":  # type: ignore[override]
        """Uvicorn sets an event whenever `receive` has something new to say; here that is the cycle itself."""
        return self

    def set(self) -> None:
        """Wake `receive`."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def receive(self) -> Message:  # type: ignore[override]
        """Return what came of the body since the last call, or that the client has left."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(CONTINUE)
            self.waiting_for_100_continue = False
        while not (self.disconnected or self.response_complete):
            if self._pieces or not (self.more_body or self._told_all):
                return self._taken()
            self.flow.resume_reading()
            self._waiter = self._loop.create_future()
            await self._waiter
        return NO_ANSWER

    def _taken(self) -> Message:
        pieces, self._pieces, self._unread = self._pieces, [], 0
        self._told_all = not self.more_body
        self.flow.resume_reading()
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    # -------------------------------------------------------------- the response

    async def send(self, message: Message) -> None:  # type: ignore[override]
        """Write a head or a piece of body, once the client has taken enough of what was written before.

        A head whose message says that it is not `alone` is followed by a piece of body at once, and written with it:
        of what a small answer costs, each write is a tenth.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start":
            head = self._head_of(message["status"], message.get("headers", ()))
            if message.get("alone", True):
                self.transport.write(head)
            else:
                self._head = head
        else:
            self._write_body(message.get("body", b""), more=message.get("more_body", False))

    def _head_of(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        if self.response_started:
            raise RuntimeError("The head of this response was sent already.")
        self.response_started = True
        self.waiting_for_100_continue = False
        lines = [b"%b: %b\r\n" % pair for pair in headers]
        for name, value in headers:
            match name:
                case b"content-length":
                    self.expected_content_length = int(value)
                    self.chunked_encoding = False
                case b"connection" if b"close" in value:
                    self.keep_alive = False
        if not self.keep_alive and b"connection: close\r\n" not in lines:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and not self._headless and status not in LENGTHLESS:
            if self.scope["http_version"] == "1.0":
                self._end_with_the_connection()
            else:
                self.chunked_encoding = True
                lines.append(b"transfer-encoding: chunked\r\n")
        fields = b"".join(lines)
        if fields.count(b"\n") != len(lines) or fields.count(b"\r") != len(lines) or b"\0" in fields:
            raise RuntimeError("A field of the head would be read as several.")
        return b"%b%b\r\n" % (STATUS_LINE[status], fields)

    def _end_with_the_connection(self) -> None:
        """HTTP/1.0 knows no chunks (RFC 9112 §6.1): its client would take their sizes for text.

        Nothing but a reset tells such a client of an answer that was cut.
        """
        self._until_close = True
        self._on_close(RESET)

    def _on_close(self, linger: bytes) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _write_body(self, body: bytes, *, more: bool) -> None:
        if not self.response_started or self.response_complete:
            raise RuntimeError("A body belongs between a head and its end.")
        if self._headless:
            self.expected_content_length = 0
        elif self.chunked_encoding:
            self._write_chunk(body, more=more)
        elif self._until_close:
            self._write(body)
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("Response content longer than Content-Length")
            self._write(body)
        if self._head:
            self._write(b"")
        if not more:
            self._complete()

    def _write_chunk(self, body: bytes, *, more: bool) -> None:
        if body:
            self._write(b"%x\r\n%b\r\n%b" % (len(body), body, b"" if more else LAST_CHUNK))
        elif not more:
            self._write(LAST_CHUNK)

    def _write(self, piece: bytes) -> None:
        """Write a piece of body, behind the head if that waits for it."""
        if self._head:
            head, self._head = self._head, b""
            self.transport.writelines((head, piece))
        else:
            self.transport.write(piece)

    def _complete(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("Response content shorter than Content-Length")
        if self._until_close:
            self._on_close(ORDERLY)
        self.response_complete = True
        self.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
