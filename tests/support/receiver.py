"""A receiver of telemetry: takes what is posted, and answers as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any


class Receiver:
    """Answers with the given statuses, then with 204. None: takes the report, and never says so."""

    def __init__(self, *statuses: int | None) -> None:
        self._statuses = list(statuses)
        self.reports: list[dict[str, Any]] = []
        """Everything that was posted, in order."""
        self.headers: list[dict[str, str]] = []
        self.lines: list[str] = []
        """The first line of each request."""
        self.came = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's request."""
        try:
            line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:-1]
            headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.lines.append(line)
            self.headers.append(headers)
            self.reports.append(json.loads(body))
            self.came.set()
            status = self._statuses.pop(0) if self._statuses else 204
            if status is not None:
                writer.write(f"HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def models(self) -> list[Sequence[str]]:
        """The models of each report."""
        return [[summary["model"] for summary in report["summaries"]] for report in self.reports]


@asynccontextmanager
async def receiver(*statuses: int | None) -> AsyncIterator[Receiver]:
    """Run one on a free port."""
    here = Receiver(*statuses)
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hours"
    try:
        yield here
    finally:
        server.close()
