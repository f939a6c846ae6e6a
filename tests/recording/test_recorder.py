"""Begin and finish with a real database: what is promised, in which order, and what outlives a waiter."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from aibridge.errors import RowsRefused, StoreError, StoreUnavailable
from aibridge.recording.batch import Ticket
from aibridge.recording.recorder import Patience, Recorder, open_recorder
from aibridge.recording.rows import BodyProof, Credential, Ending, Origin
from aibridge.records import (
    Begun,
    CredentialKind,
    CredentialType,
    Finished,
    Outcome,
    ProviderType,
    ReplyFacts,
    RequestFacts,
    TokenUsage,
)
from aibridge.store.pool import Store
from support.wire import until

PROOF = BodyProof(received="ab" * 32, sent="ab" * 32)
DONE = Ending(outcome=Outcome.COMPLETED, status_code=200)


def start(recorder: Recorder, who: UUID, prompt: str = "why?", **facts: Any) -> Ticket[Begun]:
    origin = Origin(
        initiator_id=who,
        api_token_id="token",
        gateway_id=uuid4(),
        provider=ProviderType.ANTHROPIC,
        provider_name="anthropic",
        endpoint="/v1/messages",
        credential=Credential(kind=CredentialKind.CENTRALIZED, type=CredentialType.API_KEY, hint="..."),
    )
    asked = RequestFacts(model="m", prompt=prompt, **facts)
    return recorder.begin(recorder.new_id(), started_at=recorder.now(), origin=origin, facts=asked, proof=PROOF)


@asynccontextmanager
async def held(database: str) -> AsyncIterator[None]:
    """Nothing can be written during the block."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE aibridge_interceptions IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def outcome(store: Store, ticket: Ticket[Begun]) -> tuple[str, int] | None:
    """Outcome and number of token-usage rows, once ended."""
    found = await store.reader.interception(ticket.row.id, None)
    return None if found is None else (found.outcome, len(found.token_usages))


async def test_a_kept_promise_means_that_it_is_in_the_database(store: Store, alice: UUID) -> None:
    async with open_recorder(store, clock=time.time) as recorder:
        begin = start(recorder, alice)
        assert await begin.promise is None
        assert await outcome(store, begin) is None, "in flight"
        finish = recorder.finish(begin, DONE, ReplyFacts(token_usage=TokenUsage(input=1)))
        assert await finish.promise is None
        assert await outcome(store, begin) == ("completed", 1)


async def test_the_end_waits_for_its_start(store: Store, alice: UUID, database: str) -> None:
    """Also when it is handed over long before; none is lost when the recorder is closed at once."""
    async with open_recorder(store, clock=time.time) as recorder, asyncio.timeout(60):
        async with held(database):
            tickets = [start(recorder, alice, f"prompt {number}") for number in range(20)]
            ends = [recorder.finish(ticket, DONE, ReplyFacts()) for ticket in tickets]
            assert not any(end.promise.done() for end in ends)
        assert [await end.promise for end in ends] == [None] * 20
    assert [await outcome(store, ticket) for ticket in tickets] == [("completed", 0)] * 20


async def test_closing_writes_what_was_taken(store: Store, alice: UUID) -> None:
    async with open_recorder(store, clock=time.time) as recorder:
        ticket = start(recorder, alice)
        recorder.finish(ticket, DONE, ReplyFacts())
    assert await outcome(store, ticket) == ("completed", 0)


async def test_closing_gives_up_on_what_never_ends(store: Store, alice: UUID) -> None:
    """A start without an end is for recovery."""
    async with asyncio.timeout(60), open_recorder(store, clock=time.time, drain_seconds=0.05) as recorder:
        ticket = start(recorder, alice)
        assert await ticket.promise is None
    assert await outcome(store, ticket) is None


async def test_a_cancelled_waiter_withdraws_nothing(store: Store, alice: UUID, database: str) -> None:
    async with open_recorder(store, clock=time.time) as recorder:
        async with held(database), asyncio.TaskGroup() as tasks:
            ticket = start(recorder, alice)

            async def wait() -> None:
                await ticket.promise

            waiter = tasks.create_task(wait())
            await asyncio.sleep(0)
            waiter.cancel()
        recorder.finish(ticket, DONE, ReplyFacts())
        await recorder.drain()
        assert await outcome(store, ticket) == ("completed", 0)


async def test_a_database_that_hangs_breaks_the_promise_and_is_written_later(
    store: Store, alice: UUID, database: str
) -> None:
    """The gateway learns that the database is away, and that it is back."""
    patience = Patience(begin=0.3, finish=0.3)
    async with open_recorder(store, clock=time.time, patience=patience) as recorder, asyncio.timeout(60):
        async with held(database):
            ticket = start(recorder, alice)
            assert isinstance(await ticket.promise, StoreUnavailable)
            await until(lambda: not recorder.available)
            finish = recorder.finish(ticket, Ending(outcome=Outcome.FAILED, status_code=503), ReplyFacts())
            assert isinstance(await finish.promise, StoreUnavailable)
        await recorder.drain()
        await until(lambda: recorder.available)
        assert await outcome(store, ticket) == ("failed", 0)


async def test_ids_rise_with_the_time(store: Store) -> None:
    now = 1_780_000_000.0
    async with open_recorder(store, clock=lambda: now) as recorder:
        ids = [recorder.new_id() for _ in range(100)]
        assert ids == sorted(set(ids))
        assert {one.version for one in ids} == {7}
        assert {one.int >> 80 for one in ids} == {int(now * 1000)}
        assert recorder.now().timestamp() == now


class Broken:
    """A store whose code is wrong: it raises what no store may raise."""

    async def write_begun(self, batch: Sequence[Begun]) -> None:
        raise ZeroDivisionError

    async def write_finished(self, batch: Sequence[Finished]) -> None:
        raise AssertionError


async def test_a_batcher_that_dies_is_told_and_breaks_all_promises(alice: UUID) -> None:
    """The gateway goes on for those whose bytes flow; nothing new is promised."""
    told: list[Exception] = []
    async with asyncio.timeout(60), open_recorder(Broken(), clock=time.time, died=told.append) as recorder:
        first = start(recorder, alice)
        assert isinstance(await first.promise, StoreError)
        second = start(recorder, alice)
        assert isinstance(await second.promise, StoreError)
        assert not recorder.available
        for ticket in (first, second):
            assert isinstance(await recorder.finish(ticket, DONE, ReplyFacts()).promise, StoreError)
    assert told


class Particular:
    """A store that refuses everything."""

    async def write_begun(self, batch: Sequence[Begun]) -> None:
        raise RowsRefused

    async def write_finished(self, batch: Sequence[Finished]) -> None:
        raise RowsRefused


async def test_a_row_refused_even_when_reduced_breaks_its_promise(alice: UUID) -> None:
    async with asyncio.timeout(60), open_recorder(Particular(), clock=time.time) as recorder:
        ticket = start(recorder, alice)
        assert isinstance(await ticket.promise, RowsRefused)
        assert isinstance(await recorder.finish(ticket, DONE, ReplyFacts()).promise, RowsRefused)
        assert (recorder.begins.refused, recorder.finishes.refused) == (1, 1)


@pytest.mark.parametrize("prompt", ["\0", "\ud800", "x" * 100_000])
async def test_a_poison_value_is_written_and_noted(store: Store, alice: UUID, prompt: str) -> None:
    async with open_recorder(store, clock=time.time) as recorder:
        ticket = start(recorder, alice, prompt, client_session_id="s\0")
        assert await recorder.finish(ticket, DONE, ReplyFacts(response_id="\0" * 600)).promise is None
    found = await store.reader.interception(ticket.row.id, None)
    assert found is not None
    assert found.client_session_id == "s\ufffd"
    assert found.provider_response_id == "\ufffd" * 170
    assert len(found.notes) >= 2
