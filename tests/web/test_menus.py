"""Menus of the request log: counted one by one, or from the roll-ups when requests are too many for that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from starlette.datastructures import QueryParams

from aibridge.records import Role
from aibridge.store import activity
from aibridge.store.pool import Store
from aibridge.web.requests.asked import asked_of, filter_of
from aibridge.web.requests.menus import facets_of, options
from aibridge.web.viewer import Viewer
from support.rows import begun, call, finished

NOW = datetime.now(UTC)


@pytest.fixture
async def viewer(store: Store, alice: UUID, bob: UUID) -> Viewer:
    """Ten requests of alice and five of bob in the last hours."""
    starts = [
        begun((alice, bob)[n % 3 == 2], model=f"Model-{n % 3}", started_at=NOW - timedelta(minutes=n + 1))
        for n in range(15)
    ]
    await store.write_begun(starts)
    await store.write_finished(
        [finished(start, tool_usages=(call(None, tool=f"tool-{n % 2}"),)) for n, start in enumerate(starts)]
    )
    return Viewer(sign_in_id=uuid4(), user_id=alice, username="alice", name="Alice", role=Role.OWNER, secret="")


async def told(
    store: Store, viewer: Viewer, query: str, menu: str, find: str = ""
) -> list[tuple[str, int | None, bool]]:
    asked = asked_of(QueryParams(query), NOW, sees_everyone=viewer.sees_everyone)
    (facet,) = [each for each in facets_of(asked, sees_everyone=True) if each.key == menu]
    filter_ = await filter_of(asked, store.people)
    found = await options(store.reader, viewer, filter_, asked.window, facet, find)
    return [(option.shown, option.requests, option.is_chosen) for option in found.listed]


@pytest.fixture(params=["one by one", "rolled up"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "rolled up":
        monkeypatch.setattr(activity, "MOST", 0)


@pytest.mark.usefixtures("way")
async def test_values_with_what_would_match(store: Store, viewer: Viewer) -> None:
    assert await told(store, viewer, "", "user") == [("Alice", 10, False), ("bob", 5, False)]
    assert await told(store, viewer, "", "tool") == [("tool-0", 8, False), ("tool-1", 7, False)]
    assert await told(store, viewer, "user=bob&model=Model-0", "model") == [
        ("Model-0", None, True),
        ("Model-2", 5, False),
    ]
    assert await told(store, viewer, "model=Model-1", "user") == [("Alice", 5, False)]


@pytest.mark.usefixtures("way")
async def test_what_is_looked_for_stands_anywhere_in_any_case(store: Store, viewer: Viewer) -> None:
    assert await told(store, viewer, "", "model", "DEL-1") == [("Model-1", 5, False)]
    assert await told(store, viewer, "", "user", "LIC") == [("Alice", 10, False)]
    assert await told(store, viewer, "client=x", "model", "nothing") == []
    assert await told(store, viewer, "", "model", "\0") == []


async def test_what_cannot_be_rolled_up_is_counted_among_the_newest(
    store: Store, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so; what else the time has stands below, without a figure. No menu is empty that need not be."""
    monkeypatch.setattr(activity, "MOST", 0)
    monkeypatch.setattr(activity, "NEWEST", 2)
    assert await told(store, viewer, "range=1h", "model", "Mod") == [("Model-0", 1, False), ("Model-1", 1, False)]
    assert await told(store, viewer, "tool=tool-0&tool=tool-1", "model") == [
        ("Model-0", 1, False),
        ("Model-1", 1, False),
        ("Model-2", None, False),
    ]
    assert await told(store, viewer, "tool=tool-0&tool=tool-1", "user") == [("Alice", 2, False), ("bob", None, False)]
    statuses = await told(store, viewer, "", "status")
    assert statuses[0] == ("Completed", 2, False)
    assert ("Cut off", None, False) in statuses
    assert len(statuses) == 5


async def test_endings_are_called_by_their_words(store: Store, viewer: Viewer) -> None:
    assert await told(store, viewer, "status=failed", "status") == [("Failed", None, True), ("Completed", 15, False)]
