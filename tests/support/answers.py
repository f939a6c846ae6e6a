"""Letting a listener hear an answer, whole or in pieces, and writing streams by hand."""

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from aibridge.dialects.dialect import Dialect, Listener
from aibridge.records import ReplyFacts


def event(data: object, name: str | None = None) -> bytes:
    """One event as providers write it; `name` defaults to the data's own type, where it has one."""
    if isinstance(data, dict) and name is None:
        name = str(data.get("type", ""))
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def stream(*events: object) -> bytes:
    """An event stream of these data."""
    return b"".join(event(one) for one in events)


def heard(
    dialect: Dialect, chunks: bytes | Iterable[bytes], *, status: int = 200, streaming: bool = True, ends: bool = True
) -> ReplyFacts:
    """What is told of an answer."""
    listener = listening(dialect, chunks, status=status, streaming=streaming)
    if ends:
        listener.end()
    return listener.tell()


def listening(
    dialect: Dialect, chunks: bytes | Iterable[bytes], *, status: int = 200, streaming: bool = True
) -> Listener:
    """A listener that has heard this much."""
    listener = dialect.listen(status=status, streaming=streaming)
    for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
        listener.hear(chunk)
    return listener


def plain(dialect: Dialect, body: Any, *, status: int = 200) -> ReplyFacts:
    """What is told of a plain answer; `body` is JSON unless it is bytes."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return heard(dialect, written, status=status, streaming=False)


def pieces(whole: bytes, seed: int) -> Iterator[bytes]:
    """The same bytes, cut anywhere; every seed cuts at other places and at another rate."""
    chance = random.Random(seed)
    most = chance.choice([1, 3, 40, 700, 5000])
    at = 0
    while at < len(whole):
        size = chance.randint(1, most)
        yield whole[at : at + size]
        at += size
