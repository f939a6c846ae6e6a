"""When tokens were last used: collected, written now and then, lost by nothing but a kill."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from aibridge.auth.last_used import LastUsed, TokenUse
from aibridge.errors import StoreUnavailable

START = datetime(2026, 1, 1, tzinfo=UTC)


class Ledger:
    """Takes what is written, and refuses while it is closed."""

    def __init__(self) -> None:
        self.writes: list[list[TokenUse]] = []
        self.refusal: Exception | None = None
        self.written = asyncio.Event()

    async def write(self, uses: Sequence[TokenUse]) -> None:
        if self.refusal:
            raise self.refusal
        self.writes.append(list(uses))
        self.written.set()


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


async def test_each_token_is_written_once_with_its_latest_use() -> None:
    """However many requests there were, one row a token, in the order of the ids."""
    ledger = Ledger()
    used = LastUsed(ledger.write, now=Clock())
    used.note("b", "Codex")
    used.note("a")
    used.note("b", "Claude Code")
    await used.flush()
    await used.flush()
    assert ledger.writes == [
        [
            TokenUse(token_id="a", used_at=START + timedelta(seconds=2), client=None),
            TokenUse(token_id="b", used_at=START + timedelta(seconds=3), client="Claude Code"),
        ]
    ]


async def test_what_the_store_does_not_take_is_kept_for_the_next_time() -> None:
    """A database that is away costs nothing but delay, and newer uses win."""
    ledger = Ledger()
    used = LastUsed(ledger.write, now=Clock())
    used.note("a", "Codex")
    ledger.refusal = StoreUnavailable()
    await used.flush()
    used.note("b")
    ledger.refusal = None
    await used.flush()
    assert [[use.token_id for use in write] for write in ledger.writes] == [["a", "b"]]


async def test_a_programming_error_is_not_swallowed() -> None:
    ledger = Ledger()
    used = LastUsed(ledger.write, now=Clock())
    used.note("a")
    ledger.refusal = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await used.flush()


async def test_it_runs_until_it_is_cancelled() -> None:
    ledger = Ledger()
    used = LastUsed(ledger.write)
    used.note("a")
    running = asyncio.get_running_loop().create_task(used.run(every=0))
    async with asyncio.timeout(60):
        await ledger.written.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_use_by_nobody_known_keeps_the_client() -> None:
    ledger = Ledger()
    last_used = LastUsed(ledger.write, now=Clock())
    last_used.note("a", "Codex")
    last_used.note("a")
    await last_used.flush()
    assert ledger.writes == [[TokenUse(token_id="a", used_at=START + timedelta(seconds=2), client="Codex")]]
