"""What the three dialects share: how an answer's parts become a stream or a body."""

import random
import string
from collections.abc import Iterator
from typing import Protocol

import msgspec

from aibridge.demo.asked import Request
from aibridge.demo.player import Step
from aibridge.demo.script import (
    Answer,
    CallTool,
    Commentary,
    Cut,
    Fail,
    Hold,
    Pair,
    Part,
    Pause,
    Raw,
    ServerTool,
    Slow,
    Text,
    Think,
)

Spoken = Think | Text | Commentary | CallTool | ServerTool

encode = msgspec.json.Encoder().encode
BASE62 = string.digits + string.ascii_letters


class Mint:
    """Makes ids that look like the providers' own; the same seed makes the same ids."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids of a fake, not secrets

    def base62(self, prefix: str, length: int = 22) -> str:
        """For instance `msg_01` and 22 letters."""
        return prefix + "".join(self._random.choices(BASE62, k=length))

    def hex(self, prefix: str, length: int = 50) -> str:
        """For instance `resp_` and 50 hexadecimal digits."""
        return f"{prefix}{self._random.getrandbits(length * 4):0{length}x}"


class Speaker(Protocol):
    """Writes one answer as a stream of events."""

    def start(self) -> Iterator[bytes]:
        """What comes before the first part."""
        ...

    def say(self, part: Spoken) -> Iterator[bytes]:
        """One part; its closing events may wait for the next part, so that a cut falls inside it."""
        ...

    def fail(self, fail: Fail) -> bytes:
        """An error in the middle of the stream."""
        ...

    def finish(self) -> Iterator[bytes]:
        """What comes after the last part, terminal event included."""
        ...


class Voice(Protocol):
    """One dialect of one provider family."""

    def speaker(self, request: Request, answer: Answer, mint: Mint) -> Speaker:
        """Write this answer as a stream."""
        ...

    def body(self, request: Request, answer: Answer, mint: Mint) -> bytes:
        """Write this answer as one JSON object."""
        ...

    def error(self, fail: Fail, request_id: str) -> bytes:
        """The JSON of an error status."""
        ...

    def headers(self, request_id: str) -> list[Pair]:
        """The headers this provider puts on every answer."""
        ...

    def request_id(self, mint: Mint) -> str:
        """A fresh id of a request."""
        ...


def stream(speaker: Speaker, parts: Iterator[Part]) -> Iterator[Step]:
    """The events of an answer and the waits between them, made one by one."""
    pace = 0.0
    yield from speaker.start()
    for part in parts:
        match part:
            case Pause() | Hold():
                yield part
            case Raw(data):
                yield data
            case Slow(seconds):
                pace = seconds
            case Cut():
                yield part
                return
            case Fail():
                yield speaker.fail(part)
                return
            case Think() | Text() | Commentary() | CallTool() | ServerTool():
                for event in speaker.say(part):
                    yield event
                    if pace:
                        yield Pause(pace)
    yield from speaker.finish()


def spoken(answer: Answer) -> list[Spoken]:
    """The parts that belong into a body."""
    return [part for part in answer.parts if isinstance(part, Think | Text | Commentary | CallTool | ServerTool)]


def arguments(part: CallTool) -> str:
    """The arguments as the provider writes them."""
    return part.arguments if isinstance(part.arguments, str) else encode(part.arguments).decode()


def deltas(text: str, size: int) -> Iterator[str]:
    """Cut a text as a stream does."""
    for start in range(0, len(text), size):
        yield text[start : start + size]


def event(name: str, data: object) -> bytes:
    """A named server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(data))
