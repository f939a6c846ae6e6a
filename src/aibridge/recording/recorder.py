"""The recorder: begin and finish. What it has taken it owns until it is written or the process ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec

from aibridge.recording import rows, weights
from aibridge.recording.batch import GroupCommit, Meter, Overflow, Ticket
from aibridge.recording.ids import uuid7_maker
from aibridge.recording.pricing import Pricing, unpriced
from aibridge.recording.sink import Sink
from aibridge.records import Begun, Finished, ReplyFacts, RequestFacts


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that a client may be kept waiting for the database."""

    begin: float = 5.0
    finish: float = 15.0


class Clock(Protocol):
    """Unix time in seconds."""

    def __call__(self) -> float:
        """Return the time now."""
        ...


class Witness(Protocol):
    """Sees every row as it is taken, before anything is known of the database."""

    def begun(self, row: Begun) -> None:
        """A start."""
        ...

    def finished(self, row: Finished) -> None:
        """An end."""
        ...


class Watchers(msgspec.Struct, frozen=True, kw_only=True):
    """Who else is told what the recorder does. None of them may raise."""

    begins: Meter | None = None
    finishes: Meter | None = None
    rows: Witness | None = None


NOBODY = Watchers()


class Recorder:
    """Writes starts and ends through two group commits. Use `open_recorder`."""

    def __init__(
        self,
        sink: Sink,
        *,
        clock: Clock,
        patience: Patience,
        max_held_bytes: int,
        pricing: Pricing = unpriced,
        watchers: Watchers = NOBODY,
    ) -> None:
        self._clock = clock
        self._pricing = pricing
        self._witness = watchers.rows
        self._uuid7 = uuid7_maker()
        turn = asyncio.Lock()
        self.begins = GroupCommit[Begun](
            sink.write_begun,
            size=weights.begun_bytes,
            reduce=weights.reduced_begun,
            patience=patience.begin,
            max_held_bytes=max_held_bytes,
            overflow=Overflow.REFUSE,
            turn=turn,
            meter=watchers.begins,
        )
        self.finishes = GroupCommit[Finished](
            sink.write_finished,
            size=weights.finished_bytes,
            reduce=weights.reduced_finished,
            patience=patience.finish,
            max_held_bytes=max_held_bytes,
            overflow=Overflow.REDUCE,
            turn=turn,
            meter=watchers.finishes,
        )
        self._unfinished: set[UUID] = set()
        self._all_finished = asyncio.Event()
        self._all_finished.set()

    @property
    def available(self) -> bool:
        """False from the first failed batch until one succeeds: then begin comes before anything is sent upstream."""
        return self.begins.available and self.finishes.available

    @property
    def crowded(self) -> bool:
        """Several rows are being written or wait for that: whoever adds one shares the database with others."""
        return self.begins.waiting + self.finishes.waiting > 1

    def now(self) -> datetime:
        """Return the time that records carry."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        return self._uuid7(int(self._clock() * 1000))

    def _ids_of_now(self) -> rows.NewId:
        """Return a maker of ids for what belongs together: the clock is read once."""
        return partial(self._uuid7, int(self._clock() * 1000))

    def begin(
        self,
        interception_id: UUID,
        *,
        started_at: datetime,
        origin: rows.Origin,
        facts: RequestFacts,
        proof: rows.BodyProof,
    ) -> Ticket[Begun]:
        """Take a start. Nothing of the answer may be revealed before the ticket's promise is kept."""
        row = rows.begun(
            interception_id=interception_id,
            started_at=started_at,
            origin=origin,
            facts=facts,
            proof=proof,
            new_id=self._ids_of_now(),
        )
        if self._witness is not None:
            self._witness.begun(row)
        self._unfinished.add(interception_id)
        self._all_finished.clear()
        ticket = self.begins.open(row)
        if weights.is_long(row):
            ticket.then(lambda: _shorten(ticket))
        self.begins.queue(ticket)
        return ticket

    def finish(self, begin: Ticket[Begun], ending: rows.Ending, facts: ReplyFacts) -> Ticket[Finished]:
        """Take an end; it is written once its start is settled. The last bytes wait for the ticket's promise."""
        row = rows.finished(
            begin.row,
            ended_at=self.now(),
            ending=ending,
            facts=facts,
            new_id=self._ids_of_now(),
            pricing=self._pricing,
        )
        if self._witness is not None:
            self._witness.finished(row)
        ticket = self.finishes.open(row)
        ticket.then(partial(self._forget, row.id))
        begin.then(partial(self.finishes.queue, ticket))
        return ticket

    async def drain(self) -> None:
        """Return when every start taken has its end written."""
        await self._all_finished.wait()

    def _forget(self, interception_id: UUID) -> None:
        self._unfinished.discard(interception_id)
        if not self._unfinished:
            self._all_finished.set()


def _shorten(ticket: Ticket[Begun]) -> None:
    """Let go of a long prompt once it is written: its answer may take many minutes, and needs the excerpt only."""
    ticket.row = weights.shortened(ticket.row)


@asynccontextmanager
async def open_recorder(
    sink: Sink,
    *,
    clock: Clock,
    patience: Patience | None = None,
    max_held_bytes: int = 64 * 2**20,
    drain_seconds: float = 5.0,
    died: Callable[[Exception], None] = lambda _: None,
    pricing: Pricing = unpriced,
    watchers: Watchers = NOBODY,
) -> AsyncIterator[Recorder]:
    """Run a recorder; leaving drains it for at most `drain_seconds`. `died` is told should a batcher end by itself.

    `pricing` tells what answers cost; without it all are unpriced.
    """
    recorder = Recorder(
        sink,
        clock=clock,
        patience=patience or Patience(),
        max_held_bytes=max_held_bytes,
        pricing=pricing,
        watchers=watchers,
    )
    async with asyncio.TaskGroup() as tasks:
        runners = [tasks.create_task(_run(commit.run, died)) for commit in (recorder.begins, recorder.finishes)]
        try:
            yield recorder
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_seconds):
                    await recorder.drain()
            for runner in runners:
                runner.cancel()


async def _run(batcher: Callable[[], Awaitable[None]], died: Callable[[Exception], None]) -> None:
    # A dead batcher must not take the running streams with it: their bytes still flow, new requests get a 503.
    try:
        await batcher()
    except Exception as reason:  # noqa: BLE001
        died(reason)
