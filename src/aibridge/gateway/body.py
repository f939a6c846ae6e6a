"""Taking in request bodies: bounded each, bounded together, and never waiting for ever."""

import asyncio
from collections.abc import Mapping
from typing import Self

import msgspec

from aibridge.errors import RequestRefused
from aibridge.gateway.asgi import Message, Receive

BODY_SECONDS = 30.0
"""Without a single byte for so long, the client is told that it is too slow."""


class BodyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes."""

    one: int = 64 * 2**20
    together: int = 512 * 2**20


class ClientGone(Exception):
    """The client left before its request was complete: there is nobody to answer."""


class Bodies:
    """Reads bodies and keeps count of what all of them hold."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._held = 0
        self.freed = 0
        """Bytes of all bodies that were let go of since the start."""

    @property
    def limit(self) -> int:
        """The most bytes of one body."""
        return self._limits.one

    def hold(self) -> "Held":
        """Return a counter of what one request holds; a context manager that gives back at its end."""
        return Held(self)

    def take(self, count: int) -> None:
        """Count bytes in; raises `RequestRefused` (503) when all bodies together would be too much."""
        if self._held + count > self._limits.together:
            raise RequestRefused("The gateway holds too many large requests right now. Try again soon.", status=503)
        self._held += count

    def give_back(self, count: int) -> None:
        """Count bytes out."""
        self._held -= count
        self.freed += count


class Held:
    """What one request holds."""

    __slots__ = ("_bodies", "_count")

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """The body is no longer held."""
        self._bodies.give_back(self._count)
        self._count = 0

    async def read(self, fields: Mapping[bytes, bytes], receive: Receive, *, whole: bool) -> bytes | bytearray:
        """Return the whole body; `whole` says that all of it has arrived already.

        Raises `RequestRefused` 413 (too large; said before reading where the length is known), 408 (too slow),
        503 (too much memory held), or `ClientGone`.
        """
        self._check(int(fields.get(b"content-length", b"0")))
        if whole:
            return self._taken(await receive())
        try:
            async with asyncio.timeout(BODY_SECONDS) as patience:
                return await self._all(receive, patience)
        except TimeoutError:
            raise RequestRefused(f"No byte of the body came for {BODY_SECONDS:.0f} s.", status=408) from None

    async def _all(self, receive: Receive, patience: asyncio.Timeout) -> bytes | bytearray:
        message = await receive()
        chunk = self._taken(message)
        if not message.get("more_body", False):
            return chunk
        now = asyncio.get_running_loop().time
        body = bytearray(chunk)
        while message.get("more_body", False):
            patience.reschedule(now() + BODY_SECONDS)
            message = await receive()
            body += self._taken(message)
        return body

    def _taken(self, message: Message) -> bytes:
        if message["type"] != "http.request":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._bodies.take(len(chunk))
        self._count += len(chunk)
        self._check(self._count)
        return chunk

    def _check(self, size: int) -> None:
        if size > self._bodies.limit:
            raise RequestRefused(f"The request body is larger than {self._bodies.limit} bytes.", status=413)
