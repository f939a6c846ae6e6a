"""An upstream that replays recorded answers, cut at random places: what networks do to streams."""

import random
from collections.abc import Iterable, Iterator

from aibridge.demo.provider import Provider
from aibridge.demo.script import Answer, Framing, Wire, exactly
from aibridge.demo.wire import framed, head
from support.fixtures import Recorded, Recording

SIZES = (1, 7, 90, 1400)
"""Bytes: a torn character, a torn line, an event, a network packet."""


def upstream(*recordings: Recording, seed: int = 0, framing: Framing | None = None) -> Provider:
    """A provider that gives these answers one after the other. `framing`: None leaves it to chance."""
    chance = random.Random(seed)
    answers = [replayed(one.answer, chance, framing) for one in recordings]
    passed = iter(answers)
    return Provider(answers=answers, elsewhere=lambda _: next(passed, None))


def replayed(recorded: Recorded, chance: random.Random, framing: Framing | None = None) -> Answer:
    """One recorded answer with a framing of our own: HTTP/1.1, its length told correctly."""
    chosen = framing or chance.choice(list(Framing))
    wire = Wire(framing=chosen, splits=positions(chance), close=chosen is Framing.CLOSE)
    body = framed(iter(pieces(recorded.body, chance)), chosen)
    sent = b"".join(step for step in body if isinstance(step, bytes))
    return exactly(head(recorded.status, recorded.headers, wire, len(recorded.body)) + sent, wire=wire)


def positions(chance: random.Random) -> Iterator[int]:
    """Rising places to cut at, near and far from each other."""
    at = 0
    while True:
        at += chance.randint(1, chance.choice(SIZES))
        yield at


def pieces(body: bytes, chance: random.Random) -> Iterable[bytes]:
    """A body in the chunks of its framing, which follow neither lines nor events."""
    at = 0
    while at < len(body):
        size = chance.randint(1, 600)
        yield body[at : at + size]
        at += size
