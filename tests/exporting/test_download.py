"""A body that is made while it is taken: how it begins, ends, breaks off, and stops."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest

from aibridge.errors import StoreUnavailable
from aibridge.exporting.download import HEAD_ASKED, Download, Export, file_name, opened

Message = dict[str, Any]


class Client:
    """The other end: it takes what is sent, and leaves when it is told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.leaves = asyncio.Event()
        self._asked = False

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    async def take(self, export: Export, method: str = "GET", **scope: Any) -> None:
        await Download(export)({"type": "http", "method": method, **scope}, self.receive, self.send)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def ended(self) -> bool:
        return not self.messages[-1].get("more_body", True)


class Chunks:
    """Says `said`, then waits for ever or fails, and knows whether it was closed."""

    def __init__(self, *said: bytes, then: Exception | None = None, waits: bool = False) -> None:
        self._said, self._then, self._waits = said, then, waits
        self.waiting = asyncio.Event()
        self.closed = False
        self.given = 0

    async def made(self) -> AsyncGenerator[bytes, None]:
        try:
            for said in self._said:
                self.given += 1
                yield said
            if self._waits:
                self.waiting.set()
                await asyncio.Event().wait()
            if self._then is not None:
                raise self._then
        finally:
            self.closed = True


async def test_a_file_from_its_beginning_to_its_end() -> None:
    client = Client()
    await client.take(await opened("a.csv", "text/csv", Chunks(b"1", b"", b"2").made()))
    headers = dict(client.messages[0]["headers"])
    assert headers == {
        b"content-type": b"text/csv; charset=utf-8",
        b"content-disposition": b'attachment; filename="a.csv"',
    }
    assert (client.body, client.ended) == (b"12", True)


async def test_an_empty_file() -> None:
    client = Client()
    await client.take(await opened("a.jsonl", "application/jsonl", Chunks().made()))
    assert (client.body, client.ended) == (b"", True)


async def test_what_fails_at_once_is_told_instead_of_sent() -> None:
    """The first piece is read before anything is answered."""
    with pytest.raises(StoreUnavailable):
        await opened("a.csv", "text/csv", Chunks(then=StoreUnavailable()).made())


async def test_a_failure_in_the_middle_leaves_no_end() -> None:
    """Nothing says that this was all: the server closes the connection in the middle of the body."""
    client = Client()
    await client.take(await opened("a.csv", "text/csv", Chunks(b"1", then=StoreUnavailable()).made()))
    assert (client.body, client.ended) == (b"1", False)


async def test_a_client_that_leaves_ends_the_reading() -> None:
    """Also while a query runs: it is cancelled, and what it held is let go."""
    client, chunks = Client(), Chunks(b"1", waits=True)
    export = await opened("a.csv", "text/csv", chunks.made())
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.take(export))
        await chunks.waiting.wait()
        client.leaves.set()
    assert (chunks.closed, client.body, client.ended) == (True, b"1", False)


async def test_nothing_is_read_ahead_of_a_client_that_takes_nothing() -> None:
    """One piece waits for it, however many there are."""
    chunks = Chunks(*(b"x" for _ in range(100)), waits=True)
    takes, holds = asyncio.Event(), asyncio.Event()

    class Slow(Client):
        async def send(self, message: Any) -> None:
            self.messages.append(message)
            if message["type"] == "http.response.body":
                holds.set()
                await takes.wait()

    client = Slow()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.take(await opened("a.csv", "text/csv", chunks.made())))
        await holds.wait()
        assert chunks.given == 1
        takes.set()
        await chunks.waiting.wait()
        client.leaves.set()


@pytest.mark.parametrize("scope", [{"method": "HEAD"}, {"extensions": {HEAD_ASKED: {}}}])
async def test_head_reads_no_further(scope: dict[str, Any]) -> None:
    """Nobody waits for the rest: it is not read."""
    client, chunks = Client(), Chunks(b"1", b"2", b"3")
    await client.take(await opened("a.csv", "text/csv", chunks.made()), **scope)
    assert (client.body, client.ended, chunks.given) == (b"", True, 1)


@pytest.mark.parametrize(
    ("of", "name"),
    [
        ("0b2cf0ae-54e1", "aibridge-session-0b2cf0ae-54e1.md"),
        ('a"; rm -rf /\r\nX-Evil: 1', "aibridge-session-a-rm-rf-X-Evil-1.md"),
        ("../../etc/passwd", "aibridge-session-etc-passwd.md"),
        ("\u202egnp.exe", "aibridge-session-gnp-exe.md"),
        ("", "aibridge-session-unnamed.md"),
        ("日本語", "aibridge-session-unnamed.md"),
        ("x" * 300, f"aibridge-session-{'x' * 80}.md"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "aibridge-session-20260102T030405Z.md"),
    ],
)
def test_file_names_are_harmless(of: str | datetime, name: str) -> None:
    """In a header, on any disk, in a shell."""
    assert file_name("session", of, "md") == name
