"""Twenty clients at once, on raw sockets: each knows exactly which answers it saw to their last byte."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

import httptools

from support.life.errand import TERMINAL, Errand
from support.life.processes import PATIENCE

LEAVE = 0.05
"""How many of the clients go away after the first bytes of an answer."""
SESSIONS = 7
"""Shared by everybody: fewer than there are clients."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer whose last byte, or whose terminal event, a client saw."""

    errand: Errand
    id: UUID
    parent: UUID | None
    """The answer whose tool result the request carried."""


class _Heard:
    """What came back for one request; fed by httptools."""

    def __init__(self) -> None:
        self.id = ""
        self.body = bytearray()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-aibridge-interception-id":
            self.id = value.decode()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


class Crowd:
    """Clients at work. `address` says where the gateway is now; empty while it is nowhere."""

    def __init__(self, address: Callable[[], str], token: str, *, seed: int, sessions: int, keeps: bool) -> None:
        self.answered: list[Answered] = []
        self.refused = 0
        """How often the gateway said 503; any other error ends the test."""
        self.cut = 0
        """Answers that broke off, and requests that found nobody."""
        self._seed = seed
        self._sessions = sessions
        self._keeps = keeps
        self._address = address
        self._token = token
        self._numbers = itertools.count(1)
        self._news = asyncio.Condition()
        self._resting = False

    async def answers(self, count: int) -> None:
        """Wait until so many more answers were seen to their end."""
        aim = len(self.answered) + count
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.answered) >= aim)

    def rest(self) -> None:
        """Let everybody end after the request under way."""
        self._resting = True

    async def client(self, number: int) -> None:
        """One client: prompts, and rounds of tool results as long as its answers call tools."""
        rng = random.Random(f"{self._seed} {number}")
        before: Answered | None = None
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._resting:
            loops = before is not None and before.errand.calls
            errand = Errand(
                number=next(self._numbers),
                dialect=rng.choice(sorted(TERMINAL)),
                streams=rng.random() < 0.6,
                session=before.errand.session if loops and before else f"session {rng.randrange(self._sessions)}",
                after=before.errand.number if loops and before else None,
            )
            heard = _Heard()
            try:
                connection = connection or await self._connect()
                status = await _ask(*connection, errand.request(self._token), heard, leaves=rng.random() < LEAVE)
            except (OSError, asyncio.IncompleteReadError):
                status, self.cut = 0, self.cut + 1
            if connection is not None and not (heard.complete and self._keeps):
                connection[1].close()
                connection = None
            if not heard.complete:
                await asyncio.sleep(rng.uniform(0, 0.05))  # a client's own pause before it tries again
            before = await self._note(errand, heard, status, before.id if loops and before else None)
        if connection is not None:
            connection[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while not (address := self._address()) and not self._resting:
            await asyncio.sleep(0.01)
        host, _, port = address.removeprefix("http://").partition(":")
        return await asyncio.open_connection(host, port or 1)

    async def _note(self, errand: Errand, heard: _Heard, status: int, parent: UUID | None) -> Answered | None:
        terminal = errand.streams and b"\n\n" in heard.body.partition(TERMINAL[errand.dialect])[2]
        if status >= HTTPStatus.BAD_REQUEST:
            assert status == HTTPStatus.SERVICE_UNAVAILABLE, bytes(heard.body)
            self.refused += 1
        if status != 200 or not (heard.complete or terminal):
            return None
        answered = Answered(errand=errand, id=UUID(heard.id), parent=parent)
        self.answered.append(answered)
        async with self._news:
            self._news.notify_all()
        return answered


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, heard: _Heard, *, leaves: bool
) -> int:
    parser = httptools.HttpResponseParser(heard)
    writer.write(request)
    while not heard.complete:
        data = await reader.read(65536)
        if not data:
            break
        parser.feed_data(data)
        if leaves:
            break
    return parser.get_status_code() if heard.complete or heard.body else 0


@asynccontextmanager
async def crowd(
    address: Callable[[], str],
    token: str,
    *,
    seed: int,
    clients: int = 20,
    sessions: int = SESSIONS,
    keeps: bool = True,
) -> AsyncIterator[Crowd]:
    """Clients at work during the block; then they finish what is under way. `keeps`: connections are used again."""
    it = Crowd(address, token, seed=seed, sessions=sessions, keeps=keeps)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(it.client(number)) for number in range(clients)]
        try:
            yield it
        finally:
            it.rest()
            with suppress(TimeoutError):
                async with asyncio.timeout(30):
                    await asyncio.wait(running)
            for task in running:
                task.cancel()
