"""Menus of models, clients and provider names."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.values import beyond
from support.auditing import remove
from support.rows import begun, finished

MENUS = ("models", "clients", "providers")


async def asked(store: Store, initiator_id: UUID, **fields: Any) -> UUID:
    start = begun(initiator_id, **fields)
    await store.write_begun([start])
    await store.write_finished([finished(start)])
    return start.id


async def menu(store: Store, kind: str, viewer: UUID | None = None, prefix: str = "", **page: int) -> list[str]:
    found: list[str] = await getattr(store.reader, kind)(viewer, prefix, **{"limit": 100, "offset": 0} | page)
    return found


async def test_an_empty_record_has_no_values(store: Store, alice: UUID) -> None:
    assert [await menu(store, kind, viewer) for kind in MENUS for viewer in (None, alice)] == [[]] * 6


async def test_each_value_once_and_only_of_what_has_ended(store: Store, alice: UUID, bob: UUID) -> None:
    await asked(store, alice, client="Cursor", model="m1", provider_name="eu")
    await asked(store, bob, client="Cursor", model="m1", provider_name="eu", client_session_id="s")
    await asked(store, alice, client="Claude Code", model="m2", provider_name="us")
    await asked(store, bob, client="", model="m3", provider_name="")
    await store.write_begun([begun(alice, client="In flight", model="in flight", provider_name="in flight")])
    assert await menu(store, "clients") == ["Claude Code", "Cursor", "Unknown"]
    assert await menu(store, "models") == ["m1", "m2", "m3"]
    assert await menu(store, "providers") == ["anthropic", "eu", "us"]


async def test_members_see_values_of_their_own(store: Store, alice: UUID, bob: UUID) -> None:
    await asked(store, alice, client="Cursor", model="m1", provider_name="eu")
    await asked(store, bob, client="Codex", model="m2", provider_name="us")
    assert [await menu(store, kind, alice) for kind in MENUS] == [["m1"], ["Cursor"], ["eu"]]
    assert [await menu(store, kind, bob) for kind in MENUS] == [["m2"], ["Codex"], ["us"]]
    assert [await menu(store, kind, alice, "m2") for kind in MENUS] == [[], [], []]


@pytest.mark.parametrize("of_one", [False, True])
async def test_a_prefix_is_taken_by_the_letter(store: Store, alice: UUID, *, of_one: bool) -> None:
    viewer = alice if of_one else None
    for name in ("gpt-5", "GPT-4", "g%t", "g_t", "gat", "g", "gé", "z\U0010ffff", "z\U0010ffffa", "{"):
        await asked(store, alice, model=name, client=name, provider_name=name)
    for kind in MENUS:
        assert await menu(store, kind, viewer) == [
            *("GPT-4", "g", "g%t", "g_t", "gat", "gpt-5", "gé", "z\U0010ffff", "z\U0010ffffa", "{")
        ]
        assert await menu(store, kind, viewer, "g%") == ["g%t"]
        assert await menu(store, kind, viewer, "g_") == ["g_t"]
        assert await menu(store, kind, viewer, "G") == ["GPT-4"]
        assert await menu(store, kind, viewer, "gé") == ["gé"]
        assert await menu(store, kind, viewer, "z\U0010ffff") == ["z\U0010ffff", "z\U0010ffffa"]
        assert await menu(store, kind, viewer, "\U0010ffff") == []
        assert await menu(store, kind, viewer, "gpt-5x") == []


@pytest.mark.parametrize("prefix", ["\0", "a\0", "\ud800"])
async def test_what_cannot_be_stored_is_the_beginning_of_nothing(store: Store, alice: UUID, prefix: str) -> None:
    await asked(store, alice, model="a")
    assert [await menu(store, kind, viewer, prefix) for kind in MENUS for viewer in (None, alice)] == [[]] * 6


@pytest.mark.parametrize("of_one", [False, True])
async def test_pages_join(store: Store, alice: UUID, *, of_one: bool) -> None:
    viewer = alice if of_one else None
    names = [f"m{n}" for n in range(7)]
    for name in random.Random(1).sample(names, 7):
        await asked(store, alice, model=name)
    pages = [await menu(store, "models", viewer, "m", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert pages == [names[:3], names[3:6], names[6:], []]


@pytest.mark.parametrize("of_one", [False, True])
async def test_a_value_goes_with_its_last_interception(
    store: Store, psql: Connection, alice: UUID, *, of_one: bool
) -> None:
    viewer = alice if of_one else None
    kept = await asked(store, alice, model="gone-soon", client_session_id="s")
    gone = await asked(store, alice, model="gone", client_session_id="s")
    await asked(store, alice, model="gone-later", client_session_id="s")
    await remove(psql, gone)
    assert await menu(store, "models", viewer, "gone") == ["gone-later", "gone-soon"]
    await remove(psql, kept)
    assert await menu(store, "models", viewer) == ["gone-later"]


async def test_a_session_of_more_combinations_than_are_kept_as_a_set(store: Store, alice: UUID, bob: UUID) -> None:
    """Someone's client names a new model with every request."""
    starts = [begun(alice, model=f"m{n:03}", client_session_id="s") for n in range(120)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    await asked(store, alice, model="other", client_session_id="t")
    assert await menu(store, "models", alice, limit=1000) == [*(f"m{n:03}" for n in range(120)), "other"]
    assert await menu(store, "models", alice, "m11") == [f"m11{n}" for n in range(10)]
    assert await menu(store, "models", bob) == []


async def test_values_are_those_that_the_lists_find(store: Store, alice: UUID, bob: UUID) -> None:
    chance = random.Random(3)
    for _ in range(60):
        await asked(
            store,
            chance.choice((alice, bob)),
            model=f"m{chance.randrange(9)}",
            client=f"c{chance.randrange(9)}",
            client_session_id=f"s{chance.randrange(20)}",
            started_at=begun(alice).started_at + timedelta(hours=chance.randrange(99)),
        )
    for viewer in (None, alice, bob):
        rows, _ = await store.reader.interceptions_page(viewer, Filter(), limit=100)
        assert await menu(store, "models", viewer) == sorted({row.model for row in rows})
        assert await menu(store, "clients", viewer) == sorted({row.client for row in rows})


@given(st.text(), st.text())
def test_beyond_a_prefix_nothing_begins_with_it(prefix: str, text: str) -> None:
    end = beyond(prefix)
    inside = prefix <= text and (end is None or text < end)
    assert inside == text.startswith(prefix)
    assert prefix <= prefix + text
    assert end is None or prefix + text < end
