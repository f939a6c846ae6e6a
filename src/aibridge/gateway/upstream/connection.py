"""One connection to a provider: carries one exchange after the other, and is reused only when beyond doubt."""

import asyncio
import ssl
from enum import Enum
from http import HTTPStatus
from math import inf
from typing import Protocol, cast

from aibridge.errors import UpstreamCut, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from aibridge.gateway.upstream.answer import Answer
from aibridge.gateway.upstream.request import Request
from aibridge.gateway.upstream.timeouts import Timeouts

HIGH_WATER = 256 * 1024
"""Unread bytes of a body above which the connection stops reading, until all of them were taken."""


class IdleClosed(UpstreamCut):
    """A reused connection was closed while idle: the request never arrived."""


class Waits(Enum):
    """What a deadline is for; the value completes the sentence "the provider …"."""

    NOTHING = ""
    WRITE = "did not take the request body"
    HEAD = "did not begin its answer"
    BODY = "sent nothing more of its answer"


class Keeper(Protocol):
    """Who owns connections: the pool."""

    def adopt(self, connection: "Connection") -> None:
        """Watch over a connection from now until it is gone."""
        ...

    def keep(self, connection: "Connection") -> None:
        """Take back a connection that may be reused."""
        ...

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""
        ...


class Connection(asyncio.Protocol):
    """See the module. All times are those of `loop.time()`, in seconds."""

    def __init__(self, keeper: Keeper, origin: str, timeouts: Timeouts, loop: asyncio.AbstractEventLoop) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self.transport: asyncio.Transport | None = None
        self._keeper = keeper
        self._timeouts = timeouts
        self._loop = loop
        self._answer: Answer | None = None
        self._request: Request | None = None
        self._unsent = False
        """Part of the request was not handed to the transport yet."""
        self._reused = False
        self._began = 0.0
        self._deadline = inf
        self._waits = Waits.NOTHING
        self._waiter: asyncio.Future[None] | None = None
        self._failure: UpstreamError | None = None
        self._spoiled = False
        """Must not be reused, whatever the answer says."""
        self._writing_paused = False
        self._reading_paused = False

    # ------------------------------------------------------------------ the exchange

    async def exchange(self, request: Request) -> Answer:
        """Send a request and return its answer once the final head is there.

        Raises `UpstreamUnreachable` (nothing was sent), `IdleClosed`, `UpstreamCut`, `UpstreamProtocolError`,
        `UpstreamTimeout`. Cancelling it closes the connection.
        """
        if self._failure is None and not self.usable:
            raise UpstreamUnreachable("the provider accepted the connection and closed it at once")
        answer = self._answer = Answer(head_only=request.head_only)
        self._request = request
        self._unsent = True
        self._began = self._loop.time()
        self._write()
        while not answer.started:
            await self._wait()
        return answer

    async def more(self) -> None:
        """Wait for more of the body."""
        self._expect(Waits.BODY, self._timeouts.between_bytes)
        await self._wait()

    async def start_tls(self, context: ssl.SSLContext, hostname: str) -> None:
        """Begin again inside TLS, after a proxy opened a tunnel with its answer to CONNECT."""
        answer, self._answer = self._answer, None
        if answer is None or answer.excess or not self.usable:
            raise UpstreamCut("the proxy closed the tunnel, or spoke in it, before TLS began")
        try:
            wrapped = await self._loop.start_tls(self._wire, self, context, server_hostname=hostname)
        except BaseException:
            self.connection_lost(None)  # a transport that dies in the handshake tells nobody
            raise
        if wrapped is None or self._spoiled:
            raise UpstreamCut("the tunnel was closed while TLS began")
        self.transport = wrapped

    def drained(self) -> None:
        """The reader took everything: read on."""
        if self._reading_paused:
            self._reading_paused = False
            if self.usable:
                self._wire.resume_reading()

    def release(self) -> None:
        """Nobody reads any more."""
        answer, self._answer = self._answer, None
        self._request = None
        reusable = answer is not None and answer.reusable and not self._unsent and not self._spoiled
        if answer is not None:
            answer.abandon()
        if not reusable or not self.usable or self._wire.get_write_buffer_size():
            self.abort(UpstreamCut("the answer was closed before its end was read"))
            return
        self.drained()
        self._reused = True
        self._deadline = inf
        self.idle_since = self._loop.time()
        self._keeper.keep(self)

    def abort(self, failure: UpstreamError | None = None) -> None:
        """Close at once; whoever waits gets `failure`."""
        self._spoiled = True
        self._request = None
        self._deadline = inf
        if self._failure is None:
            self._failure = failure
        if self.transport is not None:
            self.transport.abort()
        if failure is not None:
            self._wake()

    @property
    def usable(self) -> bool:
        """The other end has not closed as far as known here, and neither have we."""
        return self.transport is not None and not self.transport.is_closing()

    def check(self, now: float) -> None:
        """Called by the sweep: end what is overdue, and let go of a body that can no longer be sent again."""
        if now >= self._deadline:
            self.abort(UpstreamTimeout(f"the provider {self._waits.value} in time"))
        elif self._request is not None and not self._unsent and now > self._began + self._timeouts.idle_race:
            self._request.release()
            self._request = None

    # ------------------------------------------------------------------ called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected; over TLS: after the handshake."""
        self.transport = cast(asyncio.Transport, transport)
        self._keeper.adopt(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer. While idle: bytes that nobody asked for."""
        answer = self._answer
        if answer is None:
            self.abort()
            return
        try:
            answer.feed(data)
        except UpstreamError as failure:
            self.abort(failure)
            return
        if not answer.news:
            return
        if self._request is not None and self._settles(answer):
            self._stop_writing()
        if answer.unread > HIGH_WATER and not self._reading_paused and not answer.complete:
            self._reading_paused = True
            self._wire.pause_reading()
        answer.news = False
        self._wake()

    def eof_received(self) -> None:
        """The other end will send nothing more; the transport closes itself."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed; `exc` is None when it was closed in an orderly way, or by us."""
        self._ended(exc)
        self.transport = None
        self._keeper.forget(self)

    def pause_writing(self) -> None:
        """The transport holds enough of the request."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """The other end took what the transport held."""
        self._writing_paused = False
        self._write()

    # ------------------------------------------------------------------ inside

    @property
    def _wire(self) -> asyncio.Transport:
        assert self.transport is not None
        return self.transport

    def _write(self) -> None:
        """Hand over one slice; the next only after the loop looked for an early answer."""
        request = self._request
        if request is None or not self._unsent or self._writing_paused or not self.usable:
            return
        piece, last = request.next()
        self._unsent = not last
        self._wire.write(piece)
        if last:
            if self._answering or not self._reused:
                self._stop_writing()
            if not self._answering:
                self._expect(Waits.HEAD, self._timeouts.first_byte)
            return
        if not self._answering:
            self._expect(Waits.WRITE, self._timeouts.write_progress)
        if not self._writing_paused:
            self._loop.call_soon(self._write)

    @property
    def _answering(self) -> bool:
        """The answer began before the whole request was written: deadlines are the reader's affair."""
        return self._answer is not None and self._answer.started

    def _settles(self, answer: Answer) -> bool:
        """Whether nothing more of the request is needed: it was written, refused, or answered in full.

        A provider may begin a good answer before it has read the request. It still reads the rest.
        """
        return not self._unsent or answer.complete or answer.status >= HTTPStatus.BAD_REQUEST

    def _stop_writing(self) -> None:
        """Let go of the request. What an answer leaves unread of it will never be read as a request."""
        request, self._request = self._request, None
        if request is not None:
            request.release()

    def _expect(self, what: Waits, within: float) -> None:
        self._waits = what
        self._deadline = self._loop.time() + within

    async def _wait(self) -> None:
        self._raise_failure()
        # The connection may be released, and serve someone else, between the wake-up and this task's turn.
        answer = self._answer
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            if self._answer is answer:
                self.abort()
            raise
        served = answer is None or bool(answer.unread) or answer.complete
        if self._answer is answer and not served:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        self._deadline = inf
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _ended(self, reason: Exception | None) -> None:
        """The other end closed, or the connection broke."""
        self._spoiled = True
        answer = self._answer
        if answer is None:
            return
        try:
            answer.end(reason)
        except UpstreamCut as cut:
            if self._failure is None:
                self._failure = IdleClosed() if self._closed_while_idle(answer) else cut
        self._wake()

    def _closed_while_idle(self, answer: Answer) -> bool:
        within = self._loop.time() - self._began <= self._timeouts.idle_race
        return self._reused and not answer.heard and within
