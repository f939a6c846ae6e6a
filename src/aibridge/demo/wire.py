"""How an answer becomes bytes on the wire: status line, headers, framing, and the places where it waits or breaks."""

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

import msgspec

from aibridge.demo.player import Step
from aibridge.demo.script import Cut, Framing, Hold, Pair, Part, Pause, Slow, Wire

PLAIN_PIECE = 1024
"""Bytes of a plain body between two waits of `Slow`."""


class Outgoing(msgspec.Struct):
    """Everything that goes out for one request."""

    steps: Iterator[Step]
    splits: Iterable[int] = ()
    close: bool = False


def outgoing(lead: Sequence[Step], head: bytes, body: Iterator[Step], wire: Wire) -> Outgoing:
    """Put the pieces together: what happens first, the head, the framed body."""
    steps = _in_order(lead, wire.before + head, body, wire.after)
    close = wire.close or wire.hang_up or wire.framing is Framing.CLOSE
    return Outgoing(steps=gathered(steps) if wire.burst else steps, splits=wire.splits, close=close)


def _in_order(lead: Sequence[Step], head: bytes, body: Iterator[Step], after: bytes) -> Iterator[Step]:
    yield from lead
    if head:
        yield head
    yield from body
    if after:
        yield after


def head(status: int, headers: Iterable[Pair], wire: Wire, length: int) -> bytes:
    """The status line and the headers. `length` counts where the framing says so."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), *(name + b": " + value for name, value in headers)]
    if wire.framing is Framing.CHUNKED:
        lines.append(b"transfer-encoding: chunked")
    elif wire.framing is not Framing.CLOSE:
        lines.append(b"content-length: %d" % length)
    if wire.close or wire.framing is Framing.CLOSE:
        lines.append(b"connection: close")
    return b"\r\n".join((*lines, b"", b""))


def framed(body: Iterator[Step], framing: Framing | None) -> Iterator[Step]:
    """Put chunk sizes around the bytes, where the framing asks for them."""
    if framing is not Framing.CHUNKED:
        yield from body
        return
    for step in body:
        if not isinstance(step, bytes):
            yield step
            if isinstance(step, Cut):
                return
        elif step:
            yield b"%x\r\n%b\r\n" % (len(step), step)
    yield b"0\r\n\r\n"


def gathered(steps: Iterator[Step]) -> Iterator[Step]:
    """Join the bytes up to the next wait."""
    held: list[bytes] = []
    for step in steps:
        if isinstance(step, bytes):
            held.append(step)
            continue
        yield b"".join(held)
        held.clear()
        yield step
    yield b"".join(held)


def plain_steps(body: bytes, parts: Sequence[Part]) -> Iterator[Step]:
    """A plain body with the waits of its parts: they stand in the middle of it, and a cut leaves half."""
    waits = [part for part in parts if isinstance(part, Pause | Hold | Cut)]
    pace = next((part.pace for part in parts if isinstance(part, Slow)), 0.0)
    half = len(body) // 2 if waits else len(body)
    yield from _paced(body[:half], pace)
    for wait in waits:
        yield wait
        if isinstance(wait, Cut):
            return
    yield from _paced(body[half:], pace)


def _paced(data: bytes, pace: float) -> Iterator[Step]:
    if not pace:
        yield data
        return
    for start in range(0, len(data), PLAIN_PIECE):
        yield data[start : start + PLAIN_PIECE]
        yield Pause(pace)
