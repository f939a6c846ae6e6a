"""An export on its way to a client: a body that is made while it is taken, and no faster."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aibridge.errors import StoreError

HEAD_ASKED = "aibridge.head"
"""Key among the ASGI extensions of a HEAD request that was turned into a GET: nobody waits for a body."""

_MOST_OF_A_NAME = 80
"""Characters of a file's name that come from the record."""
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")

_log = structlog.get_logger("aibridge.exports")


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken away. Its first piece was read already, so that what is wrong was told before anything is sent."""

    name: str
    """Of the file: ASCII letters, digits, `-`, `_` and one dot, whatever the record says."""
    media_type: str
    chunks: AsyncGenerator[bytes, None]
    """Raises `StoreError` when the rest cannot be read."""


PIECE = 64 * 1024
"""Bytes that are sent at once, where as much is there."""


async def in_pieces(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes in fewer chunks: a session is written step by step, and many are small."""
    waiting: list[bytes] = []
    held = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            waiting.append(chunk)
            held += len(chunk)
            if held >= PIECE:
                yield b"".join(waiting)
                waiting, held = [], 0
    yield b"".join(waiting)


async def opened(name: str, media_type: str, chunks: AsyncGenerator[bytes, None]) -> Export:
    """An export whose first piece is there. Raises what reading it raises."""
    first = await anext(chunks, b"")
    return Export(name=name, media_type=media_type, chunks=_joined(first, chunks))


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


def file_name(what: str, of: str | datetime, suffix: str) -> str:
    """A name that is safe in a header, on any disk and in a shell: `aibridge-session-0b2cf0ae.md`."""
    said = f"{of.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(of, datetime) else of
    return f"aibridge-{what}-{_UNSAFE.sub('-', said)[:_MOST_OF_A_NAME].strip('-') or 'unnamed'}.{suffix}"


class Download(Response):
    """Sends an export. A client that leaves ends the reading at once; a failure breaks the body off, visibly.

    A broken body lacks its last chunk, which every HTTP client takes for an error: it is never short in silence.
    """

    def __init__(self, export: Export) -> None:
        super().__init__(media_type=export.media_type)
        del self.headers["content-length"]
        self.headers["content-disposition"] = f'attachment; filename="{export.name}"'
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD" or HEAD_ASKED in scope.get("extensions", {}):
            await self._export.chunks.aclose()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(send))
            leaving = tasks.create_task(_leave(receive, sending))
            sending.add_done_callback(lambda _: leaving.cancel())

    async def _send(self, send: Send) -> None:
        try:
            async with aclosing(self._export.chunks) as chunks:
                async for chunk in chunks:
                    if chunk:
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except StoreError as error:
            _log.warning("an export broke off: the rest cannot be read", file=self._export.name, error=str(error))
            return  # without an end: the server closes the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _leave(receive: Receive, sending: asyncio.Task[None]) -> None:
    """End the sending when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    sending.cancel()
