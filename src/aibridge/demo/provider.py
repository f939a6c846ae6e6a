"""A provider of models that says what it is told: a real HTTP server, three dialects, no key, no network.

upstream = Provider(says=[Think("hm"), Text("hello"), CallTool("ls", {"path": "."})])
async with serve_provider(upstream) as address:
    ...
assert upstream.requests[0].header(b"x-api-key") == b"sk-test"
"""

import asyncio
import contextlib
import ssl as tls
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

import msgspec

from aibridge.demo.anthropic import Messages
from aibridge.demo.asked import Api, Request
from aibridge.demo.elsewhere import other_route
from aibridge.demo.http_server import Server, serve
from aibridge.demo.openai_chat import Chat
from aibridge.demo.openai_responses import Responses
from aibridge.demo.player import Step
from aibridge.demo.received import Received
from aibridge.demo.script import Answer, Cut, Fail, Framing, Gate, Hold, Pair, Part, Pause, Raw, Text, Wire, answer
from aibridge.demo.voice import Mint, Voice, stream
from aibridge.demo.wire import Outgoing, framed, head, outgoing, plain_steps

Said = Answer | Part | Sequence[Part]
Script = Callable[[Request], Said]

VOICES: dict[Api, Voice] = {
    Api.MESSAGES: Messages(),
    Api.CHAT: Chat(),
    Api.RESPONSES: Responses(),
    Api.COMPACT: Responses(),
}

JSON: Pair = (b"content-type", b"application/json")
EVENTS: tuple[Pair, ...] = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))

SCRIPT_ENDED = Fail(500, message="The script of this provider has no more answers.")


def greet(request: Request) -> Said:
    """What is said when nothing was scripted."""
    return Text(f"This is a scripted provider. It read your request for {request.model} and has nothing more to say.")


class Provider:
    """What it says and what it heard.

    `says`: the same answer to every request. `answers`: one after the other, then an error 500. `script`: a function
    of the request. `elsewhere`: the same for the routes that are not intercepted; None leaves them as they are.
    `key`: any other credential is refused with 401. `keep`: how many requests are remembered; None for all.
    """

    def __init__(
        self,
        says: Said | None = None,
        *,
        answers: Iterable[Said] | None = None,
        script: Script = greet,
        elsewhere: Callable[[Received], Answer | None] | None = None,
        key: str | None = None,
        keep: int | None = None,
        seed: int = 0,
    ) -> None:
        self.requests: deque[Received] = deque(maxlen=keep)
        """In the order of their heads."""
        self.server: Server | None = None
        """While it is served: connections, and what was no HTTP."""
        self._one = None if says is None else answer(says)
        self._answers = None if answers is None else deque(answer(said) for said in answers)
        self._script = script
        self._elsewhere = elsewhere
        self._key = key.encode() if key else None
        self._mint = Mint(seed)
        self._arrived = asyncio.Event()

    async def received(self, count: int = 1) -> Received:
        """Wait until so many requests were received completely; return the last of them."""
        while len(done := [request for request in self.requests if request.complete]) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return done[count - 1]

    # ------------------------------------------------------------------ the server asks these

    def head(self, received: Received) -> Outgoing | Gate | None:
        """Early answers, and bodies that are not read yet."""
        self.requests.append(received)
        if Api.of(received.path) is None or received.method != "POST":
            return None
        following = self._answers[0] if self._answers else self._one
        if following is None:
            return None
        return self.request(received) if following.wire.early else following.wire.slow_reader

    def request(self, received: Received) -> Outgoing:
        """The answer to a complete request."""
        self._arrived.set()
        api = Api.of(received.path) if received.method == "POST" else None
        if self._key is not None and self._key not in _credentials(received):
            return self._error(_voice(api, received), Fail(401, headers=((b"x-should-retry", b"false"),)), Answer())
        if api is None:
            return self._other(received)
        request = Request(api, received)
        return self._say(request, self._choose(request))

    # ------------------------------------------------------------------ answers

    def _choose(self, request: Request) -> Answer:
        if self._answers is not None:
            return self._answers.popleft() if self._answers else answer(SCRIPT_ENDED)
        return self._one if self._one is not None else answer(self._script(request))

    def _say(self, request: Request, said: Answer) -> Outgoing:
        lead, parts = _lead(said.parts)
        if said.bare:
            return outgoing(lead, b"", _bare(parts), said.wire)
        voice = VOICES[request.api]
        failure = _failure(parts, streams=request.streams)
        if failure is not None:
            return self._error(voice, failure, said, lead)
        headers = [*voice.headers(voice.request_id(self._mint)), *said.headers]
        if not request.streams:
            body = voice.body(request, said, self._mint)
            return _plain(lead, 200, [JSON, *headers], body, parts, said)
        travel = _framed_as(said, Framing.CHUNKED)
        speaker = voice.speaker(request, said, self._mint)
        events = framed(stream(speaker, iter(parts)), travel.framing)
        return outgoing(lead, head(200, [*EVENTS, *headers], travel, 0), events, travel)

    def _error(self, voice: Voice, failure: Fail, said: Answer, lead: Sequence[Step] = ()) -> Outgoing:
        request_id = voice.request_id(self._mint)
        headers = [JSON, *voice.headers(request_id), *failure.headers, *said.headers]
        return _plain(lead, failure.status or 500, headers, voice.error(failure, request_id), (), said)

    def _other(self, received: Received) -> Outgoing:
        said = self._elsewhere(received) if self._elsewhere else None
        if said is not None:
            return outgoing((), b"", _bare(said.parts), said.wire)
        voice = _voice(None, received)
        body = other_route(received, anthropic=isinstance(voice, Messages))
        if isinstance(body, Fail):
            return self._error(voice, body, Answer())
        headers = [JSON, *voice.headers(voice.request_id(self._mint))]
        shown = b"" if received.method == "HEAD" else body
        return outgoing((), head(200, headers, Wire(), len(body)), iter((shown,)), Wire())


@contextlib.asynccontextmanager
async def serve_provider(provider: Provider, *, ssl: tls.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve on a free loopback port; yield the address, `http://127.0.0.1:PORT`.

    Raises an `ExceptionGroup` at the end when a script raised.
    """
    async with serve(provider, ssl=ssl) as (server, address):
        provider.server = server
        yield address


def _lead(parts: Sequence[Part]) -> tuple[list[Step], Sequence[Part]]:
    """Part from the others what happens before the status line."""
    lead: list[Step] = []
    for part in parts:
        if not isinstance(part, Pause | Hold | Cut):
            break
        lead.append(part)
    return lead, parts[len(lead) :]


def _failure(parts: Sequence[Part], *, streams: bool) -> Fail | None:
    """The error that stands in place of an answer: a plain body has no middle to fail in."""
    failures = [part for part in parts if isinstance(part, Fail)]
    if not failures:
        return None
    first = failures[0]
    if parts[0] is first and first.status is not None:
        return first
    return None if streams else msgspec.structs.replace(first, status=first.status or 500)


def _plain(
    lead: Sequence[Step], status: int, headers: Sequence[Pair], body: bytes, parts: Sequence[Part], said: Answer
) -> Outgoing:
    travel = _framed_as(said, Framing.LENGTH)
    steps = framed(plain_steps(body, parts), travel.framing)
    return outgoing(lead, head(status, headers, travel, len(body)), steps, travel)


def _framed_as(said: Answer, usual: Framing) -> Wire:
    return said.wire if said.wire.framing else msgspec.structs.replace(said.wire, framing=usual)


def _bare(parts: Sequence[Part]) -> Iterator[Step]:
    for part in parts:
        match part:
            case Raw(data):
                yield data
            case Pause() | Hold() | Cut():
                yield part
            case other:
                raise TypeError(f"a bare answer holds only bytes, waits and cuts, not {other}")


def _voice(api: Api | None, received: Received) -> Voice:
    if api is not None:
        return VOICES[api]
    anthropic = received.header(b"anthropic-version") is not None or b"/v1/messages" in received.path
    return VOICES[Api.MESSAGES if anthropic else Api.CHAT]


def _credentials(received: Received) -> set[bytes]:
    bearer = (value.removeprefix(b"Bearer ") for value in received.all(b"authorization"))
    return {*bearer, *received.all(b"x-api-key"), *received.all(b"api-key")}
