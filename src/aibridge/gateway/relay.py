"""The one loop: the provider's bytes to the client, as they come. Everything else in this package serves it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Protocol

import msgspec

from aibridge.dialects.dialect import Filter
from aibridge.errors import StoreError, UpstreamError, UpstreamTimeout
from aibridge.gateway.asgi import Send
from aibridge.gateway.headers import RawHeaders, first, response_head
from aibridge.gateway.refusals import STOPPED, Refusal, upstream_refusal
from aibridge.gateway.tap import Tap
from aibridge.gateway.upstream import Reply
from aibridge.gateway.watch import Interrupted, Reason, Watch
from aibridge.records import ErrorType, Outcome

BODYLESS = frozenset((204, 304))


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange went, before the facts of the answer are looked at."""

    outcome: Outcome
    error_type: ErrorType | None = None
    message: str = ""
    refusal: Refusal | None = None
    """The gateway's own answer, when the provider's cannot be given."""


COMPLETED = Fate(outcome=Outcome.COMPLETED)
CLIENT_GONE = Fate(outcome=Outcome.CANCELLED, error_type=ErrorType.UNKNOWN, message=Reason.CLIENT_GONE.value)
BROKEN = Fate(
    outcome=Outcome.FAILED, error_type=ErrorType.SERVER_ERROR, message="the gateway failed while it carried the answer"
)
SHUTTING_DOWN = Fate(
    outcome=Outcome.INTERRUPTED,
    error_type=ErrorType.UNKNOWN,
    message="the gateway was stopped",
    refusal=STOPPED,
)
UNRECORDED = Fate(
    outcome=Outcome.FAILED,
    error_type=ErrorType.SERVER_ERROR,
    message=Reason.UNRECORDED.value,
    refusal=Refusal(status=503, message="The request could not be recorded, so it was not carried. Try again."),
)


class Record(Protocol):
    """What an exchange owes the record. Pass-through has none."""

    @property
    def begun(self) -> asyncio.Future[StoreError | None]:
        """Resolves to None once the start is durable, else to the reason why not."""
        ...

    @property
    def comes_first(self) -> bool:
        """The database failed lately: nothing is sent to the provider before the start is durable."""
        ...

    @property
    def crowded(self) -> bool:
        """Others are being recorded at the same time: a start is not written alone, and not at once."""
        ...

    async def seal(self, fate: Fate, exchange: "Exchange") -> bool:
        """Make the end durable; False when that was not possible in time."""
        ...

    def abandon(self, fate: Fate, exchange: "Exchange") -> None:
        """Hand the end over without waiting."""
        ...


class Exchange:
    """One request's way back: from the provider's answer to the client's last byte.

    Three phases: *answer* carries all but the last bytes, *seal* makes the record durable, *reveal* gives the rest.
    """

    def __init__(
        self,
        *,
        send: Send,
        watch: Watch,
        call: Callable[[], Awaitable[Reply]],
        refuse: Callable[[Refusal], Awaitable[None]],
        record: Record | None = None,
        listen: Callable[[Reply, bool], tuple[Tap, Filter | None]] | None = None,
        interception_id: str | None = None,
    ) -> None:
        """`listen` is told of an answer and whether it is an event stream."""
        self._send = send
        self._watch = watch
        self._call = call
        self._refuse = refuse
        self._record = record
        self._listen = listen
        self._interception_id = interception_id
        self._last = b""
        """Bytes that wait for the record."""
        self.reply: Reply | None = None
        self.tap: Tap | None = None
        self.filter: Filter | None = None
        self.started = False
        """The head of the answer went to the client."""
        self.first_byte_at: float | None = None
        """Monotonic seconds of the provider's first body byte."""

    async def run(self) -> None:
        """Carry the answer. Returning without completing the response makes the server cut the connection."""
        try:
            fate = await self._fate()
            if fate is CLIENT_GONE or fate is UNRECORDED:
                self._close()  # at once: the provider must not go on working for nobody
                self._abandon(fate)  # and nobody waits for this end to be durable
            elif self._record is not None and not await self._record.seal(fate, self):
                fate = UNRECORDED
            await self._reveal(fate)
        except asyncio.CancelledError:  # nothing but the end of the server does this: there is nobody to pass it on to
            self._abandon(SHUTTING_DOWN)
            await self._reveal(SHUTTING_DOWN)
        except BaseException:
            self._abandon(BROKEN)
            raise
        finally:
            self._close()

    def _abandon(self, fate: Fate) -> None:
        if self._record is not None:
            self._record.abandon(fate, self)

    # -------------------------------------------------------------- answer

    async def _fate(self) -> Fate:
        try:
            return await self._watch.guard(self._answer())
        except Interrupted as interruption:
            return UNRECORDED if interruption.reason is Reason.UNRECORDED else CLIENT_GONE
        except UpstreamError as problem:
            return self._fate_of(problem)

    async def _answer(self) -> Fate:
        record = self._record
        if record is not None:
            record.begun.add_done_callback(self._begin_settled)
            if record.comes_first and await record.begun is not None:
                return UNRECORDED
            if not record.crowded:
                await asyncio.sleep(0)  # the start is on its way before the request is: a commit takes longer than that
        self.reply = reply = await self._call()
        streaming = is_event_stream(reply.headers)
        if self._listen is not None:
            self.tap, self.filter = self._listen(reply, streaming)
        if record is not None and await record.begun is not None:
            return UNRECORDED
        # A stream says where it ends, or its framing does; of a plain body, as every error is, any chunk may be the
        # last: one is held back.
        await self._carry(reply, streaming=record is None or (streaming and reply.status < HTTPStatus.BAD_REQUEST))
        return COMPLETED

    def _begin_settled(self, begun: asyncio.Future[StoreError | None]) -> None:
        if not begun.cancelled() and begun.result() is not None:
            self._watch.interrupt(Reason.UNRECORDED)

    async def _carry(self, reply: Reply, *, streaming: bool) -> None:
        """Carry chunk by chunk until only bytes are left that wait for the record."""
        tap = self.tap
        while (chunk := await self._next(reply, streaming=streaming)) is not None:
            if tap is not None:
                tap.hear(chunk)
            out = chunk if self.filter is None else self.filter.feed(chunk)
            terminal = tap is not None and tap.terminal
            out, self._last = (out, b"") if streaming and not (terminal or reply.ended) else (self._last, out)
            if out:
                if not self.started:
                    await self._start(reply, alone=False)
                await self._send({"type": "http.response.body", "body": out, "more_body": True})
            elif not self.started and reply.status < HTTPStatus.BAD_REQUEST:
                await self._start(reply)  # one durable commit away from the request; its end is the body's affair
            if terminal:
                return
        if tap is not None:
            tap.end()
        self._last += self._flushed()

    async def _next(self, reply: Reply, *, streaming: bool) -> bytes | None:
        """Return what is there; only when nothing is, the head of a stream goes out and the provider is waited for.

        The head of a plain answer leaves when its body has begun: an empty body has no other last bytes. That of an
        error stays with its body, so that a client is told why when the end cannot be recorded.
        """
        chunk = reply.read_nowait()
        if chunk is None and not reply.ended:
            if streaming and not self.started:
                await self._start(reply)
            chunk = await reply.read()
        if chunk is not None and self.first_byte_at is None:
            self.first_byte_at = time.monotonic()
        return chunk

    def _fate_of(self, problem: UpstreamError) -> Fate:
        timeout = isinstance(problem, UpstreamTimeout)
        if self.reply is None:
            refusal = upstream_refusal(problem)
            kind = ErrorType.TIMEOUT if timeout else ErrorType.SERVER_ERROR
            return Fate(outcome=Outcome.FAILED, error_type=kind, message=str(problem), refusal=refusal)
        kind = ErrorType.TIMEOUT if timeout else ErrorType.UNKNOWN
        return Fate(outcome=Outcome.TRUNCATED, error_type=kind, message=str(problem))

    # -------------------------------------------------------------- reveal

    async def _reveal(self, fate: Fate) -> None:
        if fate is CLIENT_GONE:
            return
        if fate.refusal is not None:
            self._close()
            if not self.started:
                await self._refuse(fate.refusal)
            return
        if fate.outcome is Outcome.TRUNCATED:
            assert self.reply is not None
            await self._start(self.reply, alone=not self._last)
            if self._last:  # what the provider did send is the client's; what it did not send is missing for both
                await self._send({"type": "http.response.body", "body": self._last, "more_body": True})
            return
        reply = self.reply
        assert reply is not None
        if not self.started:
            await self._start(reply, alone=False)
        if reply.ended:
            await self._send({"type": "http.response.body", "body": self._last + self._flushed(), "more_body": False})
            return
        try:
            await self._watch.guard(self._rest(reply))
        except (Interrupted, UpstreamError):
            return  # the terminal event was heard and is recorded; what came after it adds nothing to the record

    async def _rest(self, reply: Reply) -> None:
        """Carry what follows the terminal event."""
        await self._send({"type": "http.response.body", "body": self._last, "more_body": True})
        while (chunk := await reply.read()) is not None:
            out = chunk if self.filter is None else self.filter.feed(chunk)
            if out:
                await self._send({"type": "http.response.body", "body": out, "more_body": True})
        await self._send({"type": "http.response.body", "body": self._flushed(), "more_body": False})

    def _flushed(self) -> bytes:
        return b"" if self.filter is None else self.filter.flush()

    async def _start(self, reply: Reply, *, alone: bool = True) -> None:
        """Send the head, once; unless it is `alone`, together with the piece of body that must be sent next.

        Who comes by with each chunk of a stream asks before, since a call in vain costs.
        """
        if self.started:
            return
        self.started = True
        # uvicorn counts body bytes against the length also where HTTP forbids a body (304)
        keep_length = self.filter is None and reply.status not in BODYLESS
        head = response_head(reply.headers, interception_id=self._interception_id, keep_length=keep_length)
        await self._send({"type": "http.response.start", "status": reply.status, "headers": head, "alone": alone})

    def _close(self) -> None:
        if self.reply is not None:
            self.reply.close()


def is_event_stream(headers: RawHeaders) -> bool:
    """Whether an answer is a stream of server-sent events."""
    return first(headers, b"content-type").lstrip().lower().startswith(b"text/event-stream")
