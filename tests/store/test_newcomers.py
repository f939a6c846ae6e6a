"""How many of what has just ended match a list's filter: as many as the list will show when it is asked again."""

from datetime import timedelta
from uuid import UUID

import pytest

from aibridge.filters import Filter
from aibridge.records import Outcome
from aibridge.store import newcomers
from aibridge.store.pool import Store
from aibridge.texts import texts_of
from support.auditing import carried
from support.rows import NOON, at, begun, call, prompt, returned


async def told(store: Store, viewer: UUID | None = None, *, since: int = 0, **asked: object) -> int | None:
    return await store.reader.newcomers(viewer, Filter(**asked), NOON + timedelta(seconds=since))  # type: ignore[arg-type]


async def test_of_what_ended_since_only_what_matches_counts(store: Store, alice: UUID, bob: UUID) -> None:
    """By what it is, who asked, which tools it called, and when it ended, not when it began."""
    await carried(store, begun(alice, model="old"), ended_at=at(1))
    await carried(store, begun(alice, model="m"), ended_at=at(20), tool_usages=(call("a", tool="Read"),))
    await carried(store, begun(bob, model="m"), ended_at=at(21), outcome=Outcome.FAILED)
    await store.write_begun([begun(bob, model="m")])
    assert await told(store) == 3
    assert await told(store, since=10) == 2
    assert await told(store, alice, since=10) == 1
    assert await told(store, models=frozenset(("m",))) == 2
    assert await told(store, models=frozenset(("old",)), since=10) == 0
    assert await told(store, models=frozenset(("never seen",))) == 0
    assert await told(store, tools=frozenset(("Read", "Bash"))) == 1
    assert await told(store, outcomes=frozenset((Outcome.FAILED,))) == 1


async def test_words_are_found_as_the_list_finds_them(store: Store, alice: UUID) -> None:
    """All of them, in whatever texts; in JSON a line break parts words."""
    await carried(
        store,
        begun(alice, user_prompt=prompt("Fix the flaky test"), tool_results=(returned("z", "exit 1"),)),
        tool_usages=(call("a", input='{"command":"a\\nmake"}'),),
    )
    await carried(store, begun(alice, user_prompt=prompt("Fix the typo")))
    for written, count in (("fix", 2), ("fix flaky", 1), ('"exit 1" make', 1), ("nmake", 0), ("fix nothing", 0)):
        text = texts_of(written)
        _, total = await store.reader.interceptions_page(None, Filter(text=text), limit=1)
        assert await told(store, text=text) == count == total, written


async def test_many_are_not_counted(store: Store, alice: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "MOST", 2)
    for _ in range(3):
        await carried(store, begun(alice))
    assert await told(store) is None
