"""Group commit against a store that can be slow, away, in conflict, or particular about a value."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from aibridge.errors import RowsRefused, StoreConflict, StoreError, StoreUnavailable
from aibridge.recording.batch import MAX_BATCH_BYTES, MAX_BATCH_ROWS, GroupCommit, Overflow, Ticket


class Table:
    """Keeps what was written, batch by batch; `before` may delay or fail a batch."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.tries = 0
        self.problem: Callable[[Sequence[str]], StoreError | None] = lambda _: None
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, rows: Sequence[str]) -> None:
        self.tries += 1
        await self.gate.wait()
        problem = self.problem(rows)
        if problem is not None:
            raise problem
        self.batches.append(list(rows))

    @property
    def rows(self) -> list[str]:
        return [row for batch in self.batches for row in batch]


@asynccontextmanager
async def running(
    table: Table,
    *,
    patience: float = 5.0,
    max_held_bytes: int = 1000,
    overflow: Overflow = Overflow.REFUSE,
    turn: asyncio.Lock | None = None,
) -> AsyncIterator[GroupCommit[str]]:
    commit = GroupCommit[str](
        table.write,
        size=len,
        reduce=lambda row: f"reduced {row[:4]}",
        patience=patience,
        max_held_bytes=max_held_bytes,
        overflow=overflow,
        turn=turn,
    )
    async with asyncio.TaskGroup() as tasks:
        runner = tasks.create_task(commit.run())
        yield commit
        runner.cancel()


def submit(commit: GroupCommit[str], row: str) -> Ticket[str]:
    ticket = commit.open(row)
    commit.queue(ticket)
    return ticket


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so; bounded by the test's own patience."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


async def test_a_lone_row_is_written_at_once_and_later_ones_form_a_batch() -> None:
    table = Table()
    async with running(table) as commit:
        table.gate.clear()
        first = submit(commit, "one")
        await until(lambda: table.tries == 1)
        rest = [submit(commit, row) for row in ("two", "three")]
        table.gate.set()
        assert await first.promise is None
        assert [await ticket.promise for ticket in rest] == [None, None]
    assert table.batches == [["one"], ["two", "three"]]


async def test_two_kinds_that_share_a_turn_write_one_after_the_other_and_collect_meanwhile() -> None:
    begins, ends, turn = Table(), Table(), asyncio.Lock()
    begins.gate.clear()
    async with running(begins, turn=turn) as begin, running(ends, turn=turn) as end:
        first = submit(begin, "begin")
        await until(lambda: begins.tries == 1)
        tickets = [submit(end, "end 1")]
        await asyncio.sleep(0)
        tickets.append(submit(end, "end 2"))
        assert ends.tries == 0
        begins.gate.set()
        assert [await ticket.promise for ticket in (first, *tickets)] == [None, None, None]
    assert ends.batches == [["end 1", "end 2"]]


async def test_a_batch_is_bounded_in_rows_and_in_bytes() -> None:
    table = Table()
    async with running(table) as commit:
        rows = ["x"] * (MAX_BATCH_ROWS + 1) + ["y" * (MAX_BATCH_BYTES // 2 + 1)] * 2
        tickets = [submit(commit, row) for row in rows]
        await asyncio.gather(*(ticket.promise for ticket in tickets))
    assert [len(batch) for batch in table.batches] == [MAX_BATCH_ROWS, 2, 1]


async def test_a_database_that_comes_back_gets_every_row_in_order() -> None:
    table = Table()
    table.problem = lambda _: StoreUnavailable()
    async with running(table) as commit:
        tickets = [submit(commit, row) for row in ("one", "two")]
        await until(lambda: table.tries > 1)
        assert commit.failures
        await until(lambda: not commit.available)
        tickets.append(submit(commit, "three"))
        table.problem = lambda _: None
        assert [await ticket.promise for ticket in tickets] == [None, None, None]
        await until(lambda: commit.available)
    assert table.rows == ["one", "two", "three"]


async def test_an_old_promise_is_broken_but_the_row_is_still_written() -> None:
    table = Table()
    table.problem = lambda _: StoreUnavailable()
    async with running(table, patience=0.05) as commit:
        ticket = submit(commit, "late")
        assert isinstance(await ticket.promise, StoreUnavailable)
        assert not ticket.settled
        settled = asyncio.Event()
        ticket.then(settled.set)
        table.problem = lambda _: None
        await asyncio.wait_for(settled.wait(), 60)
    assert table.rows == ["late"]


async def test_a_hanging_database_breaks_promises_too() -> None:
    table = Table()
    table.gate.clear()
    async with running(table, patience=0.05) as commit:
        ticket = submit(commit, "stuck")
        assert isinstance(await ticket.promise, StoreUnavailable)
        assert not commit.available
        table.gate.set()
        await commit.drain()
    assert table.rows == ["stuck"]


async def test_a_cancelled_waiter_never_withdraws_its_row() -> None:
    table = Table()
    table.gate.clear()
    async with running(table) as commit:
        ticket = submit(commit, "kept")

        async def wait() -> None:
            await ticket.promise

        async with asyncio.TaskGroup() as tasks:
            waiter = tasks.create_task(wait())
            await until(lambda: table.tries == 1)
            waiter.cancel()
        table.gate.set()
        await commit.drain()
    assert table.rows == ["kept"]


@pytest.mark.parametrize("position", [0, 7, 19])
async def test_a_poison_row_is_written_reduced_and_its_neighbours_never_notice(position: int) -> None:
    table = Table()
    table.problem = lambda rows: RowsRefused() if "poison" in rows else None
    async with running(table) as commit:
        table.gate.clear()
        first = submit(commit, "first")
        rows = [f"row{number}" for number in range(20)]
        rows[position] = "poison"
        tickets = [submit(commit, row) for row in rows]
        table.gate.set()
        assert await first.promise is None
        assert {await ticket.promise for ticket in tickets} == {None}
        assert commit.refused == 1
        assert commit.available
    rows[position] = "reduced pois"
    assert sorted(table.rows) == sorted(["first", *rows])


async def test_a_row_refused_even_reduced_is_told_so() -> None:
    table = Table()
    table.problem = lambda _: RowsRefused()
    async with running(table) as commit:
        ticket = submit(commit, "hopeless")
        assert isinstance(await ticket.promise, RowsRefused)
        assert ticket.settled
    assert table.rows == []


async def test_a_deadlock_is_simply_tried_again() -> None:
    table = Table()
    conflicts = iter([StoreConflict(), StoreConflict(), None])
    table.problem = lambda _: next(conflicts)
    async with running(table) as commit:
        assert await submit(commit, "row").promise is None
        assert commit.failures == 0
    assert table.tries == 3


async def test_endless_deadlocks_count_as_an_unreachable_database() -> None:
    table = Table()
    table.problem = lambda _: StoreConflict()
    async with running(table) as commit:
        ticket = submit(commit, "row")
        await until(lambda: not commit.available)
        table.problem = lambda _: None
        assert await ticket.promise is None


async def test_beyond_what_may_be_held_starts_are_refused_at_once() -> None:
    table = Table()
    table.problem = lambda _: StoreUnavailable()
    async with running(table, max_held_bytes=10) as commit:
        held = submit(commit, "12345678")
        await until(lambda: not commit.available)
        over = submit(commit, "12345678")
        assert isinstance(await over.promise, StoreUnavailable)
        assert over.settled
        table.problem = lambda _: None
        assert await held.promise is None
    assert table.rows == ["12345678"]


async def test_beyond_what_may_be_held_ends_are_kept_reduced() -> None:
    table = Table()
    table.problem = lambda _: StoreUnavailable()
    async with running(table, max_held_bytes=10, overflow=Overflow.REDUCE) as commit:
        submit(commit, "12345678")
        await until(lambda: not commit.available)
        over = submit(commit, "abcdefghijklmnop")
        table.problem = lambda _: None
        assert await over.promise is None
    assert table.rows == ["12345678", "reduced abcd"]


async def test_a_batcher_that_ended_promises_nothing_any_more() -> None:
    table = Table()
    async with running(table) as commit:
        assert await submit(commit, "row").promise is None
    late = submit(commit, "late")
    assert isinstance(await late.promise, StoreUnavailable)
    assert not commit.available


async def test_rows_still_waiting_when_the_batcher_ends_are_settled() -> None:
    table = Table()
    table.gate.clear()
    async with running(table) as commit:
        written = submit(commit, "in flight")
        await until(lambda: table.tries == 1)
        queued = submit(commit, "queued")
    for ticket in (written, queued):
        assert ticket.settled
        assert isinstance(await ticket.promise, StoreUnavailable)
