"""A small HTTP/1.1 server that leaves every byte to its handler: what a test needs and no framework gives.

It is driven by callbacks alone. An answer without pauses is written in the callback that completed the request,
so that the server costs little when it stands behind a gateway under load.
"""
# ruff: noqa: D102 - most methods here are the callbacks of asyncio and httptools, documented there

import asyncio
import contextlib
import ssl as tls
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Protocol, TypeVar, cast

import httptools

from aibridge.demo.player import Player, Step, hang_up
from aibridge.demo.received import Ending, Received
from aibridge.demo.script import Gate

Answer = TypeVar("Answer")


class Reply(Protocol):
    """Everything that goes out for one request."""

    @property
    def steps(self) -> Iterator[Step]:
        """Bytes and waits, status line included."""
        ...

    @property
    def splits(self) -> Iterable[int]:
        """Rising positions on the wire at which the bytes are cut into separate writes."""
        ...

    @property
    def close(self) -> bool:
        """Close the connection afterwards."""
        ...


class Handler(Protocol):
    """Decides about requests. What it raises is kept, and raised again when the server is closed."""

    def head(self, received: Received) -> Reply | Gate | None:
        """The head was read. A reply is an early one; a gate stops the reading of the body until it opens."""
        ...

    def request(self, received: Received) -> Reply | None:
        """The request is complete."""
        ...


class Server:
    """Who is connected, and what went wrong."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections: set[Connection] = set()
        self.accepted = 0
        self.deserted = asyncio.Event()
        """Nobody is connected any more."""
        self.garbled: list[bytes] = []
        """What clients sent that is not HTTP."""
        self.problems: list[Exception] = []
        """What the handler raised."""


class Connection(asyncio.Protocol):
    """One client connection: requests in, replies out in the same order."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Received, Reply]] = deque()
        self._playing: tuple[Received, Player] | None = None
        self._closing = False
        self._blocked = False
        self._early = False
        server.accepted += 1
        self._number = server.accepted

    # ------------------------------------------------------------------ asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from it
        self._server.connections.add(self)
        self._server.deserted.clear()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._server.connections.discard(self)
        if not self._server.connections:
            self._server.deserted.set()
        if self._playing is not None:
            self._playing[1].stop(Ending.LEFT)
        for received, _ in self._waiting:
            received.finish(Ending.LEFT)
        self._waiting.clear()

    def pause_writing(self) -> None:
        self._blocked = True
        if self._playing is not None:
            self._playing[1].pause()

    def resume_writing(self) -> None:
        self._blocked = False
        if self._playing is not None:
            self._playing[1].resume()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return  # what follows an announced end is nobody's
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # answered like any request; no protocol but HTTP is spoken here
        except httptools.HttpParserError:
            self._server.garbled.append(data)
            self.transport.abort()

    # ------------------------------------------------------------------ httptools calls these

    def on_message_begin(self) -> None:
        self._received = Received(connection=self._number, at=self._loop.time())

    def on_url(self, url: bytes) -> None:
        self._received.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._received.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._received.method = self._parser.get_method().decode("ascii")
        decision = self._ask(self._server.handler.head)
        self._early = decision is not None and not isinstance(decision, Gate)
        if isinstance(decision, Gate):
            self.transport.pause_reading()
            decision.wait(self._read_on)
        elif decision is not None:
            self._reply(decision)

    def on_body(self, body: bytes) -> None:
        self._received.add(body)

    def on_message_complete(self) -> None:
        self._received.complete = True
        if self._early or self.transport.is_closing():
            return
        reply = self._ask(self._server.handler.request)
        if reply is not None:
            self._reply(reply)

    # ------------------------------------------------------------------ replies

    def _ask(self, question: Callable[[Received], Answer]) -> Answer | None:
        try:
            return question(self._received)
        except Exception as problem:  # noqa: BLE001 - a script is other people's code; `serve` raises this again
            self._server.problems.append(problem)
            self.transport.abort()
            return None

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _reply(self, reply: Reply) -> None:
        self._waiting.append((self._received, reply))
        if self._playing is None:
            self._play_next()

    def _play_next(self) -> None:
        received, reply = self._waiting.popleft()
        self._closing = reply.close

        def done(ending: Ending) -> None:
            self._playing = None
            received.finish(ending)
            if ending is Ending.WHOLE:
                self._after(received, reply)

        player = Player(self.transport, reply.steps, reply.splits, done=done)
        self._playing = received, player
        if self._blocked:
            player.pause()
        player.play()

    def _after(self, received: Received, reply: Reply) -> None:
        if reply.close and not received.complete and self.transport.can_write_eof():
            self.transport.write_eof()  # closing with unread bytes would be a reset, and could cost the answer
        elif reply.close:
            hang_up(self.transport, reset=False)
        elif self._waiting:
            self._play_next()


@contextlib.asynccontextmanager
async def serve(handler: Handler, *, ssl: tls.SSLContext | None = None) -> AsyncIterator[tuple[Server, str]]:
    """Listen on a free loopback port; yield the server and its address, `http://127.0.0.1:PORT`.

    Raises an `ExceptionGroup` at the end when the handler raised.
    """
    server = Server(handler)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, ssl=ssl)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield server, f"{'https' if ssl else 'http'}://127.0.0.1:{port}"
    finally:
        listener.close()
        for connection in list(server.connections):
            connection.transport.abort()
        await listener.wait_closed()
        if server.connections:
            await server.deserted.wait()
    if server.problems:
        raise ExceptionGroup("the script of the provider raised", server.problems)
