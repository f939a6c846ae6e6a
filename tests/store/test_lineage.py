"""Threads by tool-call id: who is whose parent, and which session that makes."""

from typing import Any
from uuid import UUID

import pytest

from aibridge.records import Begun
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.rows import at, begun, call, finished, new_id


async def carried(store: Store, who: UUID, calls: tuple[str | None, ...] = (), **start: Any) -> Begun:
    """An interception from begin to end, whose answer makes these tool calls."""
    row = begun(who, **start)
    await store.write_begun([row])
    await store.write_finished([finished(row, tool_usages=tuple(call(c, created_at=row.started_at) for c in calls))])
    return row


async def lineage(psql: Connection, row: Begun) -> tuple[UUID | None, UUID | None]:
    query = "SELECT thread_parent_id, thread_root_id FROM aibridge_interceptions WHERE id = $1"
    return tuple(await psql.fetchrow(query, row.id))  # type: ignore[arg-type]


async def session(psql: Connection, row: Begun) -> str:
    return str(await psql.fetchval("SELECT session_id FROM aibridge_interceptions WHERE id = $1", row.id))


async def test_without_an_id_nothing_is_looked_up(store: Store, alice: UUID, psql: Connection) -> None:
    await carried(store, alice, (None, "call_a"))
    assert await lineage(psql, await carried(store, alice)) == (None, None)


async def test_an_empty_id_is_no_id(store: Store, alice: UUID, psql: Connection) -> None:
    await carried(store, alice, ("",))
    row = await carried(store, alice, correlating_tool_call_id="")
    assert await lineage(psql, row) == (None, None)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_tool_usages WHERE provider_tool_call_id = ''") == 0


async def test_a_result_makes_its_round_a_child_of_the_round_that_called(
    store: Store, alice: UUID, psql: Connection
) -> None:
    parent = await carried(store, alice, ("call_a",))
    child = await carried(store, alice, correlating_tool_call_id="call_a", started_at=at(5))
    assert await lineage(psql, child) == (parent.id, parent.id)
    assert await session(psql, child) == str(parent.id) == await session(psql, parent)


async def test_one_of_a_batch_that_answers_a_call_is_enough(store: Store, alice: UUID, psql: Connection) -> None:
    """Batches of which nobody answers a call are written without a look for parents."""
    parent = await carried(store, alice, ("call_a",))
    before, child, after = begun(alice), begun(alice, correlating_tool_call_id="call_a"), begun(alice)
    await store.write_begun([before, child, after])
    assert [await lineage(psql, row) for row in (before, child, after)] == [
        (None, None),
        (parent.id, parent.id),
        (None, None),
    ]


async def test_a_chain_keeps_the_root_of_its_first(store: Store, alice: UUID, psql: Connection) -> None:
    a = await carried(store, alice, ("call_a",))
    b = await carried(store, alice, ("call_b",), correlating_tool_call_id="call_a", started_at=at(5))
    c = await carried(store, alice, correlating_tool_call_id="call_b", started_at=at(9))
    assert await lineage(psql, b) == (a.id, a.id)
    assert await lineage(psql, c) == (b.id, a.id)


async def test_an_unknown_id_is_stored_and_kept(store: Store, alice: UUID, psql: Connection) -> None:
    row = await carried(store, alice, correlating_tool_call_id="call_never_seen")
    assert await lineage(psql, row) == (None, None)
    kept = await psql.fetchval("SELECT correlating_tool_call_id FROM aibridge_interceptions WHERE id = $1", row.id)
    assert kept == "call_never_seen"


async def test_another_persons_call_is_nobodys_parent(store: Store, alice: UUID, bob: UUID, psql: Connection) -> None:
    await carried(store, bob, ("call_a",))
    assert await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_a")) == (None, None)


async def test_of_two_equal_ids_the_newer_counts(store: Store, alice: UUID, psql: Connection) -> None:
    await carried(store, alice, ("call_0",), started_at=at(1))
    newer = await carried(store, alice, ("call_0",), started_at=at(2))
    await carried(store, alice, ("call_0",), started_at=at(0))
    assert (await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_0")))[0] == newer.id


async def test_of_two_equal_ids_at_one_time_the_greater_row_id_counts(
    store: Store, alice: UUID, psql: Connection
) -> None:
    rows = [begun(alice), begun(alice)]
    low, high = sorted((new_id(), new_id()))
    ends = [
        finished(row, tool_usages=(call("call_0", id=usage_id),))
        for row, usage_id in zip(rows, (high, low), strict=True)
    ]
    await store.write_begun(rows)
    await store.write_finished(ends)
    assert (await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_0")))[0] == rows[0].id


async def test_the_same_client_session_counts_before_newer_ones(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 8: an id that is used again elsewhere links nothing there."""
    own = await carried(store, alice, ("call_0",), client_session_id="s1", started_at=at(1))
    await carried(store, alice, ("call_0",), client_session_id="s2", started_at=at(2))
    await carried(store, alice, ("call_0",), started_at=at(3))
    row = await carried(store, alice, correlating_tool_call_id="call_0", client_session_id="s1", started_at=at(4))
    assert (await lineage(psql, row))[0] == own.id


@pytest.mark.parametrize("late", [False, True], ids=["at the start", "at the end"])
async def test_of_agents_that_work_at_once_each_answers_its_own_call(
    store: Store, alice: UUID, psql: Connection, *, late: bool
) -> None:
    """Trap 8: some providers name every call `call_0`, and agents of one session share its id."""
    agents = ("a1", None, "a2")
    called = [begun(alice, agent_id=agent, client_session_id="s1", started_at=at(n)) for n, agent in enumerate(agents)]
    asking = [
        begun(alice, agent_id=agent, client_session_id="s1", correlating_tool_call_id="call_0", started_at=at(9 + n))
        for n, agent in enumerate(agents)
    ]
    ends = [finished(row, tool_usages=(call("call_0", created_at=row.started_at),)) for row in called]
    await store.write_begun(called)
    if late:
        await store.write_begun(asking)
    await store.write_finished(ends)
    if not late:
        await store.write_begun(asking)
    await store.write_finished([finished(row) for row in asking])
    assert [(await lineage(psql, row))[0] for row in asking] == [row.id for row in called]


async def test_no_client_session_is_not_the_same_client_session(store: Store, alice: UUID, psql: Connection) -> None:
    await carried(store, alice, ("call_0",), started_at=at(1))
    newer = await carried(store, alice, ("call_0",), client_session_id="s2", started_at=at(2))
    assert (await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_0")))[0] == newer.id


async def test_a_parent_in_flight_matches_all_the_same(store: Store, alice: UUID, psql: Connection) -> None:
    parent = begun(alice)
    await store.write_begun([parent])
    await psql.execute(
        "INSERT INTO aibridge_tool_usages "
        "VALUES ($1, $1, $2, now(), false, 'Bash', '', 'call_a', NULL, '', NULL, NULL, '{}')",
        parent.id,
        alice,
    )
    assert await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_a")) == (parent.id, parent.id)


async def test_a_hosted_tool_is_never_a_parent_and_keeps_its_item(store: Store, alice: UUID, psql: Connection) -> None:
    row = begun(alice)
    await store.write_begun([row])
    await store.write_finished([finished(row, tool_usages=(call(None, tool="web_search", provider_item_id="ws_1"),))])
    assert await lineage(psql, await carried(store, alice, correlating_tool_call_id="ws_1")) == (None, None)
    assert await psql.fetchval("SELECT provider_item_id FROM aibridge_tool_usages") == "ws_1"


async def test_a_side_request_neither_has_a_parent_nor_is_one(store: Store, alice: UUID, psql: Connection) -> None:
    await carried(store, alice, ("call_a",))
    side = await carried(store, alice, ("call_b",), side_request=True, correlating_tool_call_id="call_a")
    assert await lineage(psql, side) == (None, None)
    assert await lineage(psql, await carried(store, alice, correlating_tool_call_id="call_b")) == (None, None)


async def test_a_child_with_a_client_session_lands_there(store: Store, alice: UUID, psql: Connection) -> None:
    parent = await carried(store, alice, ("call_a",))
    child = await carried(store, alice, correlating_tool_call_id="call_a", client_session_id="s1", started_at=at(5))
    assert await session(psql, child) == "s1"
    assert await session(psql, parent) == str(parent.id)


async def test_a_purged_root_changes_neither_session_nor_existence(store: Store, alice: UUID, psql: Connection) -> None:
    root = await carried(store, alice, ("call_a",))
    child = await carried(store, alice, correlating_tool_call_id="call_a", started_at=at(5))
    await psql.execute("DELETE FROM aibridge_interceptions WHERE id = $1", root.id)
    assert await session(psql, child) == str(root.id)


# -------------------------------------------------------------- looked up once more at finish


async def test_a_parent_that_was_late_is_found_at_the_end(store: Store, alice: UUID, psql: Connection) -> None:
    """A client may act on a tool call before the answer that made it has ended."""
    parent, child = begun(alice), begun(alice, correlating_tool_call_id="call_a", started_at=at(1))
    await store.write_begun([parent])
    await store.write_begun([child])
    await store.write_finished([finished(parent, tool_usages=(call("call_a"),))])
    assert await lineage(psql, child) == (None, None)
    await store.write_finished([finished(child)])
    assert await lineage(psql, child) == (parent.id, parent.id)
    assert await psql.fetchval("SELECT threads FROM aibridge_sessions WHERE session_id = $1", str(parent.id)) == 1


async def test_a_whole_chain_in_one_batch_finds_its_root(store: Store, alice: UUID, psql: Connection) -> None:
    a = begun(alice)
    b = begun(alice, correlating_tool_call_id="call_a", started_at=at(1))
    c = begun(alice, correlating_tool_call_id="call_b", started_at=at(2))
    d = begun(alice, correlating_tool_call_id="call_c", started_at=at(3))
    await store.write_begun([d, c, b, a])
    ends = [finished(row, tool_usages=(call(f"call_{name}"),)) for row, name in zip((a, b, c, d), "abcd", strict=True)]
    await store.write_finished(list(reversed(ends)))
    assert await lineage(psql, b) == (a.id, a.id)
    assert await lineage(psql, c) == (b.id, a.id)
    assert await lineage(psql, d) == (c.id, a.id)
    assert [tuple(r) for r in await psql.fetch("SELECT session_id, interceptions, threads FROM aibridge_sessions")] == [
        (str(a.id), 4, 1)
    ]


async def test_at_the_end_nothing_that_started_later_is_a_parent(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 8: between begin and finish the id may have been used again, even by an answer to this very one."""
    first, second = begun(alice, correlating_tool_call_id="call_0"), begun(alice, started_at=at(9))
    await store.write_begun([first])
    await store.write_begun([second])
    await store.write_finished([finished(second, tool_usages=(call("call_0"),))])
    await store.write_finished([finished(first, tool_usages=(call("call_0"),))])
    assert await lineage(psql, first) == (None, None)


async def test_what_was_found_at_the_start_stays(store: Store, alice: UUID, psql: Connection) -> None:
    parent = await carried(store, alice, ("call_0",), started_at=at(1))
    child = begun(alice, correlating_tool_call_id="call_0", started_at=at(5))
    await store.write_begun([child])
    await carried(store, alice, ("call_0",), started_at=at(3))
    await store.write_finished([finished(child)])
    assert await lineage(psql, child) == (parent.id, parent.id)


async def test_an_id_used_hundreds_of_times_is_looked_up_among_the_newest(
    store: Store, alice: UUID, psql: Connection
) -> None:
    rows = [begun(alice, started_at=at(n)) for n in range(300)]
    await store.write_begun(rows)
    await store.write_finished([finished(r, tool_usages=(call("call_0", created_at=r.started_at),)) for r in rows])
    child = await carried(store, alice, correlating_tool_call_id="call_0", started_at=at(400))
    assert (await lineage(psql, child))[0] == rows[-1].id
