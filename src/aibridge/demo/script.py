"""What a scripted provider is told to say. An `Answer` is a sequence of parts, the same in every dialect."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

Pair = tuple[bytes, bytes]
"""One header: name and value, as they stand on the wire."""


class Part(msgspec.Struct, frozen=True):
    """Something that happens in an answer."""


class Think(Part, frozen=True):
    """Extended thinking, reasoning content or a reasoning summary, by dialect."""

    text: str


class Text(Part, frozen=True):
    """Words for the person."""

    text: str


class Commentary(Part, frozen=True):
    """Words between the acts: a message with `phase: commentary` in Responses, text elsewhere."""

    text: str


class CallTool(Part, frozen=True):
    """A tool that the client shall run."""

    name: str
    arguments: Mapping[str, Any] | str
    """An object, or the text to send as it is: broken JSON, or the input of a free-form tool."""
    id: str | None = None
    """The provider's tool-call id; made up when None."""
    custom: bool = False
    """A free-form tool of Responses (`custom_tool_call`)."""
    namespace: str | None = None


class ServerTool(Part, frozen=True):
    """A tool that the provider runs itself, such as `web_search`. Chat Completions has none and says nothing."""

    name: str
    arguments: Mapping[str, Any]


class Raw(Part, frozen=True):
    """Bytes put into the body as they are."""

    data: bytes


class Pause(Part, frozen=True):
    """Nothing is sent for so many seconds."""

    seconds: float


class Slow(Part, frozen=True):
    """From here on, so many seconds pass after every event."""

    pace: float


class Hold(Part, frozen=True):
    """Nothing is sent until the gate is opened."""

    gate: "Gate"


class Cut(Part, frozen=True):
    """The connection breaks here. As the first part: before the status line."""

    reset: bool = False
    """RST, which may overtake what was sent; else FIN after it."""


class Fail(Part, frozen=True):
    """An error: with a status, in place of an answer; without, an event in the middle of the stream."""

    status: int | None = None
    kind: str | None = None
    """The provider's own name of the error; the dialect's usual one for this status when None."""
    message: str | None = None
    headers: Sequence[Pair] = ()


class Gate:
    """Lets a test stop an answer at a part and know that it got there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = False
        self._waiting: list[Callable[[], None]] = []

    def wait(self, then: Callable[[], None]) -> None:
        """Call `then` when the gate opens: at once when it is open."""
        self.reached.set()
        if self.opened:
            then()
        else:
            self._waiting.append(then)

    def open(self) -> None:
        """Let everyone through, now and later."""
        self.opened = True
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, counted apart as the audit does; each dialect adds them up as its provider would."""

    input: int = 24
    """Billed at the full rate: neither read from nor written to a cache."""
    output: int = 61
    cache_read: int = 1843
    cache_write: int = 256
    reasoning: int = 0
    """The part of `output` spent on reasoning."""


class Framing(Enum):
    """How the end of a body is told."""

    CHUNKED = "chunked"
    LENGTH = "length"
    CLOSE = "close"
    """Ends with the connection."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer travels."""

    framing: Framing | None = None
    """None: chunked for streams, a length for plain bodies."""
    before: bytes = b""
    """Written ahead of the status line as it is, for example `100 Continue` or `103 Early Hints`."""
    after: bytes = b""
    """Written behind the whole message: what no client asked for."""
    splits: Iterable[int] = ()
    """Rising positions, counted from the status line, at which the bytes are cut into separate writes."""
    burst: bool = False
    """Write as much as possible at once, instead of every event on its own."""
    close: bool = False
    """Say `Connection: close`, and do it."""
    hang_up: bool = False
    """Close after the answer without saying so: the race of idle connections."""
    early: bool = False
    """Answer when the head of the request is read, before its body."""
    slow_reader: Gate | None = None
    """Read nothing of the request's body until this gate opens."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider does with one request."""

    parts: Sequence[Part] = ()
    usage: Usage = Usage()
    id: str | None = None
    """The response id; made up when None."""
    model: str | None = None
    """The model that says it answered; the requested one when None."""
    stop: str | None = None
    """The stop or finish reason, in the dialect's own word; follows from the parts when None."""
    delta: int = 14
    """Characters in a delta: about three tokens, as the providers send."""
    headers: Sequence[Pair] = ()
    """Sent after the usual ones."""
    wire: Wire = Wire()
    bare: bool = False
    """The `Raw` parts are everything that is sent, status line included."""


def answer(said: "Answer | Part | Sequence[Part]") -> Answer:
    """Let a part, or a list of parts, stand for an answer."""
    if isinstance(said, Answer):
        return said
    return Answer(parts=(said,) if isinstance(said, Part) else tuple(said))


HANG_UP = Wire(hang_up=True)


def exactly(data: bytes, *, wire: Wire = HANG_UP) -> Answer:
    """These bytes and nothing else: a recorded response, or garbage."""
    return Answer(parts=(Raw(data),), bare=True, wire=wire)
