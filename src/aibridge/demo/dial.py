"""The demo's side of HTTP: sends a request as a client would, and reads the answer to its end, or leaves early."""

import asyncio
from urllib.parse import urlsplit

import httptools

from aibridge.demo.clients.client import Asking

CHUNK = 64 * 1024
"""Bytes."""
PATIENCE = 120.0
"""Seconds without a byte: then nobody is going to answer."""


class Hearing:
    """What came back."""

    def __init__(self) -> None:
        self.status = 0
        """0 when the connection ended before a status line."""
        self.events = 0
        self.complete = False
        """The answer ended as HTTP says it should."""

    def on_body(self, body: bytes) -> None:
        """Count events; nothing is kept."""
        self.events += body.count(b"\n\n")

    def on_message_complete(self) -> None:
        """The end."""
        self.complete = True


async def post(base_url: str, asking: Asking, token: str, *, leave_after: int | None = None) -> Hearing:
    """Send one request. `leave_after`: close the connection after so many events.

    Raises `OSError` when the gateway cannot be reached, `TimeoutError` when it stays silent.
    """
    root = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(root.hostname, root.port, ssl=root.scheme == "https" or None)
    try:
        writer.write(_request(root.netloc, root.path, asking, token))
        return await _hear(reader, leave_after)
    finally:
        writer.close()


async def _hear(reader: asyncio.StreamReader, leave_after: int | None) -> Hearing:
    hearing = Hearing()
    parser = httptools.HttpResponseParser(hearing)
    while not hearing.complete:
        data = await asyncio.wait_for(reader.read(CHUNK), PATIENCE)
        if not data:
            break
        parser.feed_data(data)
        hearing.status = parser.get_status_code()
        if leave_after is not None and hearing.events >= leave_after:
            break
    return hearing


def _request(host: str, root: str, asking: Asking, token: str) -> bytes:
    lines = [
        f"POST {root.rstrip('/')}/{asking.target} HTTP/1.1".encode(),
        b"Host: " + host.encode(),
        b"Authorization: Bearer " + token.encode(),
        *(name + b": " + value for name, value in asking.headers),
        b"Content-Length: %d" % len(asking.body),
        b"Connection: close",
        b"",
        asking.body,
    ]
    return b"\r\n".join(lines)
