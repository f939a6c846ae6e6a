"""uvicorn's HTTP/1.1 protocol with the bounds it leaves open, and a way to learn at once that a client went away."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from aibridge.gateway.cycle import Cycle
from aibridge.gateway.lingering import Lingering
from aibridge.gateway.scope import scope_of
from aibridge.gateway.silence import Silence

MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_FIELDS = 200
HEAD_SECONDS = 10.0
"""From the first byte of a request until its head is complete."""
SILENT_SECONDS = 75.0
"""A fresh connection that sends nothing, like a kept-alive one."""
STALLED_SECONDS = 600.0
"""A client that takes nothing of its answer for so long counts as gone."""
LINGER_SECONDS = 5.0
"""How long the rest of a refused body is read and thrown away, so that the refusal is not lost in a reset."""

BODY_FRAMING = (b"content-length", b"transfer-encoding")


READ_AT_ONCE = frozenset((b"host", b"transfer-encoding", b"expect"))
"""Fields that are looked at when they come; all others only when the head is whole."""


class UnacceptableError(Exception):
    """The request's head is not accepted; what the client is told stands on the connection."""


class GatewayProtocol(HttpToolsProtocol):
    """One client connection."""

    cycle: Any
    """A `Cycle`, or None before the first request; uvicorn declares its own class here."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._on_leave: Callable[[], None] | None = None
        self._in_head = False
        self._head_bytes = 0
        self._arriving = 0
        """Bytes of what is being parsed."""
        self._verdict: tuple[int, str] | None = None
        """Status and message, once a callback of the parser has refused the request."""
        self._offered = False
        """This request offers another protocol, and its body is still to come."""
        self._hosts = 0
        """Fields of this head that say whom it is for."""
        self._framing_bytes = 0
        """In a row that are not body: chunk sizes and extensions, trailers. The parser holds a field until it ends."""
        self._silence = Silence(self.loop, self._is_asked)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._ahead: Any = None
        """The `Cycle` that is being answered, while others that came behind it wait."""
        self._deaf = False
        self._lost = False

    # -------------------------------------------------------------- for the relay

    def watch(self, on_leave: Callable[[], None] | None) -> None:
        """Call `on_leave` when the client goes away; None ends the watch. One watcher: one request runs at a time."""
        self._on_leave = on_leave

    @property
    def gone(self) -> bool:
        """Whether the client has gone away."""
        return self._lost or self.transport.is_closing()

    @property
    def body_is_here(self) -> bool:
        """Whether the whole body of the running request has arrived."""
        return not self.cycle.more_body

    # -------------------------------------------------------------- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection alive at TCP's level, and bound its silence."""
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        super().connection_made(Lingering(transport, self))  # type: ignore[arg-type]
        self._silence.begins(SILENT_SECONDS, self.transport.close)

    def _is_asked(self) -> bool:
        cycle: Cycle | None = self.cycle
        return self._in_head or (cycle is not None and not cycle.response_complete)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the relay, once."""
        self._lost = True
        for timer in (self._head_timer, self._stall_timer):
            self._stop(timer)
        self._silence.ends()
        if self._ahead is not None:  # uvicorn tells only the request that came last
            self._ahead.disconnected = True
            self._ahead.set()
        super().connection_lost(exc)
        leave, self._on_leave = self._on_leave, None
        if leave is not None:
            leave()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, bounding the head by size and time."""
        if self._deaf:
            return
        self._arriving = len(data)
        self._framing_bytes += self._arriving
        self._feed(data)
        if self._in_head:
            self._bound_head(len(data))
        elif self._framing_bytes > MAX_HEAD_BYTES:
            self._refuse(400, "too much between two parts of the request body")

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("this is not HTTP/1.1")

    def _decline(self, rest: bytes) -> None:
        """Nobody takes the offer to speak another protocol; Java's client makes it (h2c) beside an ordinary body.

        httptools ends the message where the other protocol could begin. The body is read by a parser of its own, after
        which the connection closes.
        """
        if not self._offered:
            return
        self._offered = False
        self.cycle.keep_alive = False
        framing = b"".join(b"%b: %b\r\n" % pair for pair in self.headers if pair[0] in BODY_FRAMING)
        self.parser = httptools.HttpRequestParser(_BodyOnly(self))
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")
        self._feed(rest)

    def _bound_head(self, received: int) -> None:
        self._head_bytes += received
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, "request header fields too large: at most 64 KiB are accepted")
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408, "the request head did not arrive")

    def on_message_begin(self) -> None:
        """Start counting a head."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._head_bytes = 0
        self._hosts = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take the field. A trailer is dropped: it would stand among the headers that were judged."""
        if not self._in_head:
            return
        name = name.lower()
        if name in READ_AT_ONCE:
            self._look_at(name, value.lower())
        self.headers.append((name, value))

    def _look_at(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self.expect_100_continue = self.expect_100_continue or value == b"100-continue"
        elif value != b"chunked":
            self._reject(501, "the only transfer coding that is understood is chunked")

    def on_body(self, body: bytes) -> None:
        """The body goes on."""
        self._framing_bytes = 0
        cycle: Cycle = self.cycle
        if not cycle.response_complete:
            cycle.feed(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._framing_bytes = 0
        cycle: Cycle = self.cycle
        if not (self._offered or cycle.response_complete):
            cycle.more_body = False
            cycle.set()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._bound_fields()
        self._framing_bytes = 0
        if self._head_timer is not None:
            self._stop(self._head_timer)
            self._head_timer = None
        self._begin_cycle()
        self._offered = self.parser.should_upgrade() and any(name in BODY_FRAMING for name, _ in self.headers)

    def _begin_cycle(self) -> None:
        """Start the application on this request, or let it wait for the answer to the one before."""
        before: Cycle | None = self.cycle
        http_version = self.parser.get_http_version()
        if self._hosts != 1:
            self._check_host(http_version)
        self.cycle = cycle = Cycle(
            scope_of(self, self.url, http_version),
            self.transport,
            self.flow,
            expects_continue=self.expect_100_continue and http_version != "1.0",
            keep_alive=http_version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
            loop=self.loop,
            logger=self.logger,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            if not self.pipeline:
                self._ahead = before
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_response_complete(self) -> None:
        """Begin the next of the requests that wait, or listen to silence."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._ahead = cycle if self.pipeline else None
            self._start_asgi_task(cycle, app)
        else:
            self._silence.begins(self.timeout_keep_alive, self.transport.close)

    def _check_host(self, http_version: str) -> None:
        """One `Host`, as RFC 9112 §3.2 demands of all but HTTP/1.0: what stands before us may have gone by another."""
        if self._hosts > 1 or (self._hosts == 0 and http_version != "1.0"):
            self._reject(400, "a request has one Host header field")

    def _bound_fields(self) -> None:
        """Only what arrived in one piece with more than a head may hold too large a one: hardly any is measured."""
        large = self._head_bytes + self._arriving > MAX_HEAD_BYTES
        if len(self.headers) > MAX_HEAD_FIELDS or (large and _size(self.headers) > MAX_HEAD_BYTES):
            self._reject(431, "request header fields too large: at most 64 KiB and 200 fields are accepted")

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or too much of it."""
        self._refuse(*(self._verdict or (400, msg)))

    def _reject(self, status: int, message: str) -> None:
        self._verdict = status, message
        raise UnacceptableError

    # -------------------------------------------------------------- a client that does not read

    def pause_writing(self) -> None:
        """The client reads slower than the provider writes: the relay waits, but not for ever."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client made progress."""
        self._stop(self._stall_timer)
        super().resume_writing()

    # -------------------------------------------------------------- refusing

    def _refuse(self, status: int, message: str) -> None:
        if self._deaf or self.transport.is_closing():
            return
        if self.pipeline:
            self.transport.abort()
            return
        cycle: Cycle | None = self.cycle
        if cycle is not None and not (cycle.response_complete or cycle.more_body):
            # The answer to the request before is under way: nothing may be written into its middle.
            self._deaf = True
            cycle.keep_alive = False
            return
        body = json.dumps({"message": message}).encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.linger()

    def linger(self) -> None:
        """Half-close: let the client finish sending into the void and read its answer.

        Closing a socket with unread input sends a reset, which may overtake the answer (nginx: `lingering_close`).
        """
        self._deaf = True
        transport = self.transport
        if not transport.can_write_eof():
            transport.abort()
            return
        transport.write_eof()
        transport.resume_reading()
        self.loop.call_later(LINGER_SECONDS, transport.abort)

    @property
    def refuses_the_rest(self) -> bool:
        """Whether the answer is out while the client is still sending its request."""
        cycle: Cycle | None = self.cycle
        return not self._deaf and cycle is not None and cycle.response_complete and cycle.more_body

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    """Bytes that the fields of a head take on the wire."""
    return sum(len(name) + len(value) + 4 for name, value in headers)


class _BodyOnly:
    """Receives a parser's callbacks about a body whose head is already known."""

    def __init__(self, protocol: GatewayProtocol) -> None:

        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete
