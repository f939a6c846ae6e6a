"""What the provider remembers of a request: every byte of it, and how its answer ended."""

import asyncio
import json
from enum import Enum
from functools import cached_property
from typing import Any


class Ending(Enum):
    """How an answer ended, seen from the provider."""

    WHOLE = "whole"
    """Everything was written."""
    CUT = "cut"
    """The script broke the connection."""
    LEFT = "left"
    """The client went away before everything was written."""


class Received:
    """One request as it came in."""

    def __init__(self, *, connection: int, at: float) -> None:
        self.connection = connection
        """Number of the connection, from 1: equal numbers shared one."""
        self.at = at
        """Seconds on the clock of the event loop."""
        self.method = ""
        self.target = b""
        """Path and query, as received."""
        self.headers: list[tuple[bytes, bytes]] = []
        """In order, with repetitions, in the case they were sent."""
        self.complete = False
        """The whole body arrived."""
        self.ending: Ending | None = None
        self.ended_at: float | None = None
        """Seconds on the clock of the event loop."""
        self._chunks: list[bytes] = []
        self._over = asyncio.Event()

    @property
    def path(self) -> bytes:
        """The target before the question mark."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The target after the question mark."""
        return self.target.partition(b"?")[2]

    @property
    def body(self) -> bytes:
        """The body without its framing, as far as it arrived."""
        if len(self._chunks) > 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0] if self._chunks else b""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self._chunks.append(chunk)

    def all(self, name: bytes) -> list[bytes]:
        """The values of every header with this name, whatever its case."""
        name = name.lower()
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: bytes) -> bytes | None:
        """The value of the first header with this name."""
        return next(iter(self.all(name)), None)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def finish(self, ending: Ending) -> None:
        """Note how the answer ended."""
        self.ending = ending
        self.ended_at = asyncio.get_running_loop().time()
        self._over.set()

    async def over(self) -> Ending:
        """Wait until the answer has ended, and say how."""
        await self._over.wait()
        assert self.ending is not None
        return self.ending
