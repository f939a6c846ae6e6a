"""What stands next to a row of a list: step by step it is the list itself, forwards and backwards."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from aibridge.errors import CursorUnknown
from aibridge.filters import Filter
from aibridge.store import searching, session_list
from aibridge.store.pool import Store
from aibridge.texts import texts_of
from support.auditing import carried
from support.rows import at, begun, call, new_id, prompt

FILTERS: list[dict[str, Any]] = [
    {},
    {"models": frozenset(("even",))},
    {"tools": frozenset(("Bash", "Read"))},
    {"text": texts_of("common")},
    {"text": texts_of("rare")},
    {"text": texts_of("common"), "models": frozenset(("odd",))},
    {"started_after": at(86_400 * 2), "started_before": at(86_400 * 9)},
    {"text": texts_of("common"), "started_before": at(86_400 * 9)},
    {"models": frozenset(("never seen",))},
]


async def some(store: Store, alice: UUID, bob: UUID) -> None:
    """A dozen requests of two people over as many days, each a session; two began at the same moment."""
    for n in range(12):
        words = "common rare" if n in {1, 10} else "common"
        row = begun(
            bob if n % 3 == 0 else alice,
            client_session_id=f"s{n}",
            started_at=at(86_400 * (n - (n == 6))),
            model="odd" if n % 2 else "even",
            user_prompt=prompt(words, at(86_400 * n)),
        )
        calls = (call(f"c{n}", tool="Bash" if n % 4 else "Edit"),)
        await carried(store, row, tool_usages=calls, ended_at=row.started_at)


@pytest.mark.parametrize("way", [(10_000, 1_000), (0, 1_000), (0, 2)], ids=("rare", "near", "far"))
@pytest.mark.parametrize("asked", FILTERS, ids=str)
async def test_the_neighbours_are_those_of_the_list(
    store: Store,
    alice: UUID,
    bob: UUID,
    asked: dict[str, Any],
    way: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For everyone and for one; behind the ends is nothing. Texts are rare, or common and near or far."""
    monkeypatch.setattr(searching, "COMMON", way[0])
    monkeypatch.setattr(session_list, "SHORT_WALK", way[1])
    await some(store, alice, bob)
    filter_, reader = Filter(**asked), store.reader
    for viewer in (None, alice):
        rows, _ = await reader.interceptions_page(viewer, filter_, limit=50)
        for above, below in pairwise([None, *(row.id for row in rows), None]):
            if above is not None:
                assert await reader.interception_beside(viewer, filter_, above, newer=False) == below
            if below is not None:
                assert await reader.interception_beside(viewer, filter_, below, newer=True) == above
        found, _ = await reader.sessions_page(viewer, filter_, limit=50)
        for one, other in pairwise([None, *((row.id, row.initiator.id) for row in found), None]):
            if one is not None:
                assert await reader.session_beside(viewer, filter_, one[0], initiator=one[1], newer=False) == other
            if other is not None:
                assert await reader.session_beside(viewer, filter_, other[0], initiator=None, newer=True) == one


async def test_from_what_is_not_in_the_list_the_way_leads_into_it(store: Store, alice: UUID, bob: UUID) -> None:
    """A link may name anything on record; what the viewer may not see is not there."""
    await some(store, alice, bob)
    rare = Filter(text=texts_of("rare"))
    rows, _ = await store.reader.interceptions_page(None, limit=50)
    five, one, ten = (next(row.id for row in rows if row.session_id == f"s{n}") for n in (5, 1, 10))
    assert await store.reader.interception_beside(None, rare, five, newer=True) == ten
    assert await store.reader.interception_beside(None, rare, five, newer=False) == one
    for hidden in (new_id(), next(row.id for row in rows if row.initiator.id == bob)):
        with pytest.raises(CursorUnknown):
            await store.reader.interception_beside(alice, rare, hidden, newer=True)
    for session, whose in (("none", None), ("s3", None), ("s1", bob)):
        with pytest.raises(CursorUnknown):
            await store.reader.session_beside(alice, rare, session, initiator=whose, newer=True)
