"""The threads of a session: pages of them, those whose root is missing, and what makes no thread."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.errors import CursorUnknown
from aibridge.records import Begun
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.auditing import carried, detail, ids, remove
from support.rows import NOON, at, begun, call, finished, new_id, prompt, usage

# ------------------------------------------------------------------ pages


async def _roots(store: Store, initiator_id: UUID, starts: Sequence[float], session_id: str = "s") -> list[Begun]:
    rows = [begun(initiator_id, client_session_id=session_id, started_at=at(second)) for second in starts]
    await store.write_begun(rows)
    await store.write_finished([finished(row) for row in rows])
    return sorted(rows, key=lambda row: (row.started_at, row.id))


async def test_pages_of_threads(store: Store, alice: UUID) -> None:
    oldest, middle, newest = [row.id for row in await _roots(store, alice, (10, 20, 30))]
    pages: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, [oldest, middle, newest]),
        ({"limit": 1}, [oldest]),
        ({"limit": 1, "after": oldest}, [middle]),
        ({"limit": 1, "after": middle}, [newest]),
        ({"after": oldest}, [middle, newest]),
        ({"after": newest}, []),
        ({"before": newest}, [oldest, middle]),
        ({"before": middle}, [oldest]),
        ({"before": oldest}, []),
        ({"before": newest, "limit": 1}, [middle]),  # the page next to the cursor
        ({"before": newest, "after": oldest}, [middle]),
    ]
    for page, expected in pages:
        found = await detail(store, "s", **page)
        assert ids(found) == expected
        assert found.thread_count == 3
        if expected:
            assert found.page_started_at == found.threads[0].started_at
            assert found.page_ended_at == found.threads[-1].started_at + timedelta(seconds=1)
        else:
            assert (found.page_started_at, found.page_ended_at) == (None, None)


async def test_a_walk_meets_each_thread_once_forwards_and_backwards(store: Store, alice: UUID) -> None:
    """Also when many start at the same moment."""
    expected = [row.id for row in await _roots(store, alice, [n // 7 for n in range(23)])]
    walk, cursor = [], None
    while found := ids(await detail(store, "s", limit=3, after=cursor)):
        walk += found
        cursor = found[-1]
    assert walk == expected
    back: list[UUID] = []
    found = ids(await detail(store, "s", limit=3, after=expected[-4]))
    while found:
        back = found + back
        found = ids(await detail(store, "s", limit=3, before=found[0]))
    assert back == expected


async def test_sums_are_of_the_whole_session_on_every_page(store: Store, alice: UUID) -> None:
    for n in range(3):
        root = begun(alice, client_session_id="s", started_at=at(n * 10))
        await carried(
            store,
            root,
            tool_usages=(call(f"c{n}"),),
            token_usage=usage(metadata={"cache_read_input": 20, "n": {"m": 1}}),
        )
        child = begun(alice, client_session_id="s", started_at=at(n * 10 + 1), correlating_tool_call_id=f"c{n}")
        await carried(store, child, token_usage=usage(input_tokens=200, metadata={"cache_read_input": 30, "x": True}))
    cursor = None
    for _ in range(3):
        found = await detail(store, "s", limit=1, after=cursor)
        (thread,) = found.threads
        cursor = thread.id
        assert (thread.token_usage.input_tokens, thread.token_usage.metadata) == (
            300,
            {"cache_read_input": 50, "n.m": 1},
        )
        whole = found.token_usage_summary
        assert (whole.input_tokens, whole.output_tokens, whole.cache_read_input_tokens) == (900, 300, 120)
        assert whole.metadata == {"cache_read_input": 150, "n.m": 3}
        assert (found.started_at, found.ended_at) == (NOON, at(22))


async def test_any_step_may_be_the_cursor(store: Store, alice: UUID) -> None:
    """Threads that start strictly later, or earlier, than the step did: its own, too, when it is no root."""
    root = await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c"),))
    second = await carried(store, begun(alice, client_session_id="s", started_at=at(5)))
    child = begun(alice, client_session_id="s", started_at=at(9), correlating_tool_call_id="c")
    await carried(store, child)
    third = await carried(store, begun(alice, client_session_id="s", started_at=at(10)))
    side = await carried(store, begun(alice, client_session_id="s", started_at=at(7), side_request=True))
    assert ids(await detail(store, "s", after=child.id)) == [third.id]
    assert ids(await detail(store, "s", before=child.id)) == [root.id, second.id]
    assert ids(await detail(store, "s", after=side.id)) == [third.id]
    assert ids(await detail(store, "s", before=side.id, limit=1)) == [second.id]


async def test_cursors_that_are_none(store: Store, alice: UUID, bob: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"))
    other = await carried(store, begun(alice, client_session_id="other"))
    his = await carried(store, begun(bob, client_session_id="s", started_at=at(-99)))
    flying = begun(alice, client_session_id="s")
    await store.write_begun([flying])
    unknown = uuid4()

    async def refused(viewer: UUID | None, **cursor: UUID) -> str:
        with pytest.raises(CursorUnknown) as error:
            await store.reader.session("s", viewer, limit=1, **cursor)
        return str(error.value)

    for viewer in (None, alice):
        assert await refused(viewer, after=unknown) == (
            f"after_id: interception {unknown} not found: invalid pagination cursor"
        )
        assert await refused(viewer, before=unknown) == (
            f"before_id: interception {unknown} not found: invalid pagination cursor"
        )
        assert "not found" in await refused(viewer, after=flying.id)
        assert "does not belong to session s" in await refused(viewer, before=other.id)
    assert "does not belong to session s" in await refused(None, after=his.id)
    assert "not found" in await refused(alice, after=his.id)


# ------------------------------------------------------------------ missing roots, side requests


async def test_the_earliest_row_stands_in_for_a_purged_root(store: Store, psql: Connection, alice: UUID) -> None:
    root = begun(alice, client_session_id="s", user_prompt=prompt("gone"))
    await carried(store, root, tool_usages=(call("c1"), call("c2")))
    later = begun(alice, client_session_id="s", started_at=at(30), correlating_tool_call_id="c2")
    await carried(store, later)
    child = begun(alice, client_session_id="s", started_at=at(20), correlating_tool_call_id="c1", model="claude-child")
    await carried(store, child)
    other = await carried(store, begun(alice, client_session_id="s", started_at=at(25)))
    await remove(psql, root.id)
    found = await detail(store, "s")
    assert (ids(found), found.thread_count) == ([child.id, other.id], 2)
    thread = found.threads[0]
    assert (thread.model, thread.prompt, thread.started_at, thread.started_by) == ("claude-child", None, at(20), None)
    assert [(step.id, step.thread_parent_id) for step in thread.steps] == [(child.id, root.id), (later.id, root.id)]
    assert ids(await detail(store, "s", after=child.id)) == [other.id]


async def test_a_root_in_another_session_or_in_flight(store: Store, alice: UUID) -> None:
    """Its children are shown where they are, and only there."""
    elsewhere = await carried(store, begun(alice), tool_usages=(call("c1"),))
    child = begun(alice, client_session_id="s", started_at=at(1), correlating_tool_call_id="c1")
    await carried(store, child, tool_usages=(call("c2"),))
    grandchild = await carried(
        store, begun(alice, client_session_id="s", started_at=at(2), correlating_tool_call_id="c2")
    )
    (thread,) = (await detail(store, "s")).threads
    assert (thread.id, [step.id for step in thread.steps]) == (child.id, [child.id, grandchild.id])
    (thread,) = (await detail(store, str(elsewhere.id))).threads
    assert [step.id for step in thread.steps] == [elsewhere.id]


async def test_a_session_left_with_a_dangling_chain(store: Store, psql: Connection, alice: UUID) -> None:
    """The middle of a chain may go too."""
    chain = []
    for n in range(5):
        start = begun(
            alice, client_session_id="s", started_at=at(n), correlating_tool_call_id=f"c{n - 1}" if n else None
        )
        chain.append(await carried(store, start, tool_usages=(call(f"c{n}"),)))
    for n in (0, 2):
        await remove(psql, chain[n].id)
    (thread,) = (await detail(store, "s")).threads
    assert [step.id for step in thread.steps] == [chain[n].id for n in (1, 3, 4)]
    assert [step.thread_parent_id for step in thread.steps] == [chain[n].id for n in (0, 2, 3)]


async def test_side_requests_go_to_the_thread_of_their_time(store: Store, alice: UUID) -> None:
    first, second = await _roots(store, alice, (10, 20))
    moments = (5, 10, 15, 20, 99)
    sides = [begun(alice, client_session_id="s", started_at=at(moment), side_request=True) for moment in moments]
    await store.write_begun(sides)
    await store.write_finished(
        [finished(side, token_usage=usage(), ended_at=side.started_at + timedelta(seconds=50)) for side in sides]
    )
    found = await detail(store, "s")
    assert (ids(found), found.thread_count, found.interceptions) == ([first.id, second.id], 2, 7)
    one, two = found.threads
    assert {step.id for step in one.steps} == {first.id, *(side.id for side in sides[:3])}
    assert {step.id for step in two.steps} == {second.id, *(side.id for side in sides[3:])}
    for thread in found.threads:
        places = [(step.started_at, step.id) for step in thread.steps]
        assert places == sorted(places)
        assert (thread.started_at, thread.interceptions) == (places[0][0], len(places))
    assert [step.side_request for step in one.steps].count(False) == 1
    assert (one.id, one.started_at, one.token_usage.input_tokens) == (first.id, at(5), 300)
    assert (found.page_started_at, found.page_ended_at) == (at(5), at(149))
    assert ids(await detail(store, "s", after=sides[0].id)) == [first.id, second.id]


async def test_side_requests_alone_are_one_thread(store: Store, alice: UUID) -> None:
    sides = [begun(alice, client_session_id="s", started_at=at(n), side_request=True) for n in range(3)]
    for side in sides:
        await carried(store, side)
    found = await detail(store, "s")
    assert (ids(found), found.thread_count) == ([sides[0].id], 1)
    assert [step.id for step in found.threads[0].steps] == [side.id for side in sides]
    assert ids(await detail(store, "s", after=sides[0].id)) == []


async def test_what_is_in_flight_is_no_step(store: Store, alice: UUID) -> None:
    root = await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c"),))
    await store.write_begun([begun(alice, client_session_id="s", started_at=at(1), correlating_tool_call_id="c")])
    found = await detail(store, "s")
    assert [[step.id for step in thread.steps] for thread in found.threads] == [[root.id]]


async def test_five_thousand_steps(store: Store, alice: UUID) -> None:
    """A day of an agent that never sleeps: 100 threads of 50 steps, each step once over all pages."""
    rows = [
        begun(
            alice,
            client_session_id="s",
            started_at=at(n),
            correlating_tool_call_id=f"c{n - 1}" if n % 50 else None,
            id=new_id(),
        )
        for n in range(5000)
    ]
    for first in range(0, 5000, 1000):
        batch = rows[first : first + 1000]
        await store.write_begun(batch)
        await store.write_finished(
            [
                finished(row, tool_usages=(call(f"c{first + n}"),), token_usage=usage(metadata={"n": 1}))
                for n, row in enumerate(batch)
            ]
        )
    found = await detail(store, "s", limit=60)
    rest = await detail(store, "s", limit=60, after=found.threads[-1].id)
    assert (found.thread_count, len(found.threads), len(rest.threads)) == (100, 60, 40)
    assert [step.id for page in (found, rest) for thread in page.threads for step in thread.steps] == [
        row.id for row in rows
    ]
    assert found.token_usage_summary == rest.token_usage_summary
    assert (found.token_usage_summary.input_tokens, found.token_usage_summary.metadata) == (500_000, {"n": 5000})
