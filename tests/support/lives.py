"""Gateways that live together on one record: they begin and end, replay, and are taken for dead."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from aibridge.errors import StoreConflict
from aibridge.records import Begun, Finished, Outcome
from aibridge.store.pool import Store
from support.rows import at, begun, call, finished, prompt, usage


def some_start(rng: random.Random, people: Sequence[UUID], gateway: UUID, calls: Sequence[str]) -> Begun:
    started = at(rng.randrange(1000))
    side = rng.random() < 0.1
    asked = prompt(f"prompt {rng.random()} {'x' * rng.choice([0, 900])}", at(rng.randrange(1000)))
    return begun(
        rng.choice(people),
        gateway_id=gateway,
        started_at=started,
        client_session_id=rng.choice([None, *(f"session {n}" for n in range(40))]),
        side_request=side,
        model=rng.choice(["small", "large"]),
        client=rng.choice(["Claude Code", "Codex"]),
        provider_name=rng.choice(["anthropic", "elsewhere"]),
        correlating_tool_call_id=rng.choice([None, *calls[-20:]]),
        user_prompt=None if side or rng.random() < 0.4 else asked,
    )


def some_end(rng: random.Random, start: Begun, calls: list[str]) -> Finished:
    made = tuple(call(f"call_{rng.randrange(10**9)}", created_at=start.started_at) for _ in range(rng.randrange(3)))
    calls.extend(made_call.provider_tool_call_id or "" for made_call in made)
    counts = [None, 0, 1, 1000]
    spent = usage(
        input_tokens=rng.choice(counts), output_tokens=rng.choice(counts), cache_read_input_tokens=rng.choice(counts)
    )
    return finished(
        start,
        ended_at=start.started_at + timedelta(seconds=rng.randrange(60)),
        outcome=rng.choice([Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED, Outcome.TRUNCATED]),
        token_usage=spent if rng.random() < 0.8 else None,
        tool_usages=made,
    )


class Replica:
    """A gateway that begins and ends, replays what it wrote, and is now and then taken for dead."""

    def __init__(self, store: Store, seed: int, people: Sequence[UUID]) -> None:
        self.store = store
        self.rng = random.Random(seed)
        self.people = people
        self.gateway = uuid4()
        self.calls: list[str] = []
        self.open: list[Begun] = []

    async def live(self, rounds: int) -> None:
        await self.store.recovery.register_gateway(self.gateway, hostname="h", pid=1, version="0")
        for _ in range(rounds):
            await self.begin()
            await self.finish()

    async def begin(self) -> None:
        size = self.rng.choice([1, 3, 20])
        batch = [some_start(self.rng, self.people, self.gateway, self.calls) for _ in range(size)]
        await self.store.write_begun(batch)
        self.open.extend(batch)

    async def finish(self) -> None:
        self.rng.shuffle(self.open)
        keep = self.rng.randrange(10)
        batch = [some_end(self.rng, start, self.calls) for start in self.open[keep:]]
        self.open = self.open[:keep]
        for _ in range(self.rng.choice([1, 1, 2])):
            await self.write(batch)

    async def write(self, batch: Sequence[Finished]) -> None:
        await write_finished(self.store, batch)


async def write_finished(store: Store, batch: Sequence[Finished]) -> None:
    """Written beside others who write or remove: the recorder repeats what conflicts, and so do we."""
    for _ in range(20):
        try:
            return await store.write_finished(batch)
        except StoreConflict:
            continue
    raise AssertionError("a conflict that does not end")


async def undertake(store: Store, done: asyncio.Event) -> int:
    """Recovers again and again, taking every gateway but its own for dead at once."""
    closed = 0
    while not done.is_set():
        closed += await store.recovery.recover(uuid4(), silence=timedelta(seconds=-1))
    return closed
