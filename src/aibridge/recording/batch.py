"""Group commit: rows that arrive while a batch is being written form the next one. No timer delays a lone row."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

from aibridge.errors import RowsRefused, StoreConflict, StoreError, StoreUnavailable

MAX_BATCH_ROWS = 256
MAX_BATCH_BYTES = 8 * 2**20
MAX_CONFLICTS = 10
"""Deadlocks in a row before a batch is treated like one that met an unreachable database: it then backs off."""
EXPIRY_TICK = 0.25
"""Seconds between looks at promises that may have grown old."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between tries while the database cannot be reached; each try doubles the pause."""

Row = TypeVar("Row")


class Overflow(Enum):
    """What happens to a row when the database is away and as many bytes are held as may be."""

    REFUSE = "its promise is broken at once and it is not written: the client gets an error, nothing was revealed"
    REDUCE = "it is held without its texts: its answer was revealed already, so that it ended must be recorded"


class Meter(Protocol):
    """Is told how the writing goes."""

    def written(self, rows: int, *, seconds: float, waiting: int) -> None:
        """A batch is durable; so many rows came meanwhile."""
        ...

    def lost(self, *, waiting: int) -> None:
        """The database was away; so many rows wait, those of the batch included."""
        ...

    def reduced(self) -> None:
        """A row was refused, and is written without its texts."""
        ...


class _Verdict(Enum):
    WRITTEN = "written"
    CONFLICT = "a deadlock or a serialization failure"
    REFUSED = "a row holds a value that is refused"
    AWAY = "the database cannot be reached, or does not answer in time"


class Ticket(Generic[Row]):
    """One row. Its promise may be broken at the deadline; it is written all the same when that becomes possible."""

    __slots__ = ("_followers", "deadline", "promise", "reduced", "row", "settled", "size")

    def __init__(self, row: Row, size: int, promise: asyncio.Future[StoreError | None], deadline: float) -> None:
        self.row = row
        self.size = size
        self.promise = promise
        """Resolves to None once durable, or to the reason why not (as a value: nobody may be waiting any more)."""
        self.deadline = deadline
        self.reduced = False
        self.settled = False
        """True once it is known for good whether the row is in the database."""
        self._followers: list[Callable[[], None]] = []

    def then(self, follower: Callable[[], None]) -> None:
        """Call `follower` once settled; at once if that is so already."""
        if self.settled:
            follower()
        else:
            self._followers.append(follower)

    def answer(self, verdict: StoreError | None) -> None:
        """Keep or break the promise, unless its waiter has gone."""
        if not self.promise.done():
            self.promise.set_result(verdict)

    def settle(self, verdict: StoreError | None) -> None:
        """The row's fate is known for good."""
        self.settled = True
        self.answer(verdict)
        followers, self._followers = self._followers, []
        for follower in followers:
            follower()


class GroupCommit(Generic[Row]):
    """Writes one kind of row. `run` must be running for anything to be written.

    `size` estimates a row's bytes, `reduce` makes the version of a refused row that cannot be refused,
    `patience` is the seconds after which a promise is broken. Those who share a `turn` write one after the other: under
    load, what each batch costs is then shared by more rows, and PostgreSQL makes half as many commits.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Row]], Awaitable[None]],
        *,
        size: Callable[[Row], int],
        reduce: Callable[[Row], Row],
        patience: float,
        max_held_bytes: int,
        overflow: Overflow,
        turn: asyncio.Lock | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter
        self._loop = asyncio.get_running_loop()  # kept: asking for it is a system call on Python 3.11
        self._write = write
        self._size = size
        self._reduce = reduce
        self._patience = patience
        self._max_held_bytes = max_held_bytes
        self._overflow = overflow
        self._turn = turn or asyncio.Lock()
        self._held_bytes = 0
        self._queue: deque[Ticket[Row]] = deque()
        self._writing: list[Ticket[Row]] = []
        self._promises: deque[Ticket[Row]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._dead: StoreError | None = None
        self.available = True
        """False from the first failed batch until one succeeds."""
        self.failures = 0
        """Failed tries since the start."""
        self.refused = 0
        """Rows that had to be reduced since the start."""

    def open(self, row: Row) -> Ticket[Row]:
        """Return a ticket for a row; its patience runs from now on, also before it is queued."""
        loop = self._loop
        ticket = Ticket(row, self._size(row), loop.create_future(), loop.time() + self._patience)
        self._promises.append(ticket)
        return ticket

    def queue(self, ticket: Ticket[Row]) -> None:
        """Have the row written. While the database is away only so much is held: see `Overflow`."""
        if self._dead is not None:
            ticket.settle(self._dead)
            return
        if not self.available and self._held_bytes + ticket.size > self._max_held_bytes:
            if self._overflow is Overflow.REFUSE:
                ticket.settle(StoreUnavailable())
                return
            ticket.row = self._reduce(ticket.row)
            ticket.size = self._size(ticket.row)
        self._held_bytes += ticket.size
        self._queue.append(ticket)
        self._idle.clear()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Rows that are being written, or wait for that."""
        return len(self._writing) + len(self._queue)

    async def run(self) -> None:
        """Write batches until cancelled. If this ever ends, nothing can be promised any more."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._expire())
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    while self._queue:
                        await self._turn.acquire()
                        self._writing = self._take()  # only now: what came while the other kind was written goes along
                        await self._commit(self._writing, has_turn=True)
                        self._writing = []
                    self._idle.set()
        finally:
            self._dead = StoreUnavailable("The recorder has stopped.")
            self.available = False
            for ticket in (*self._writing, *self._queue):
                if not ticket.settled:
                    ticket.settle(self._dead)

    async def drain(self) -> None:
        """Return when nothing is waiting to be written."""
        await self._idle.wait()

    def _take(self) -> list[Ticket[Row]]:
        batch = [self._queue.popleft()]
        held = batch[0].size
        while self._queue and len(batch) < MAX_BATCH_ROWS and held + self._queue[0].size <= MAX_BATCH_BYTES:
            held += self._queue[0].size
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, batch: list[Ticket[Row]], *, has_turn: bool = False) -> None:
        """Write a batch, however often that takes. `has_turn`: the caller holds the turn; it is passed on here."""
        conflicts, pause = 0, FIRST_PAUSE
        while True:
            match await self._try(batch, has_turn=has_turn):
                case _Verdict.WRITTEN:
                    self.available = True
                    self._settle(batch, None)
                    return
                case _Verdict.REFUSED:
                    await self._isolate(batch)
                    return
                case _Verdict.CONFLICT if conflicts < MAX_CONFLICTS:
                    conflicts += 1
                    await asyncio.sleep(random.uniform(0, 0.005))  # noqa: S311  only spreads two writers apart
                case _:
                    conflicts = 0
                    self.available = False
                    self.failures += 1
                    if self._meter is not None:
                        self._meter.lost(waiting=len(self._queue) + len(batch))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
            has_turn = False

    async def _try(self, batch: list[Ticket[Row]], *, has_turn: bool) -> "_Verdict":
        if not has_turn:
            await self._turn.acquire()
        started = self._loop.time()
        try:
            async with asyncio.timeout(self._patience):
                await self._write([ticket.row for ticket in batch])
        except StoreConflict:
            return _Verdict.CONFLICT
        except RowsRefused:
            return _Verdict.REFUSED
        except (StoreError, TimeoutError):
            return _Verdict.AWAY
        finally:
            self._turn.release()
        if self._meter is not None:
            self._meter.written(len(batch), seconds=self._loop.time() - started, waiting=len(self._queue))
        return _Verdict.WRITTEN

    async def _isolate(self, batch: list[Ticket[Row]]) -> None:
        """Split a refused batch until the bad row stands alone; that one is written reduced."""
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._commit(batch[:middle])
            await self._commit(batch[middle:])
        elif batch[0].reduced:
            self._settle(batch, RowsRefused())
        else:
            self.refused += 1
            if self._meter is not None:
                self._meter.reduced()
            batch[0].row = self._reduce(batch[0].row)
            batch[0].reduced = True
            await self._commit(batch)

    def _settle(self, batch: list[Ticket[Row]], verdict: StoreError | None) -> None:
        for ticket in batch:
            self._held_bytes -= ticket.size
            ticket.settle(verdict)
        while self._promises and self._promises[0].promise.done():
            self._promises.popleft()

    async def _expire(self) -> None:
        """Break promises that grew too old; the deadlines stand in order, since patience is the same for all."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EXPIRY_TICK)
            while self._promises and (self._promises[0].promise.done() or self._promises[0].deadline <= loop.time()):
                self._promises.popleft().answer(StoreUnavailable())
