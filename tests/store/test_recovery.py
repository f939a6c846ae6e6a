"""Whose row is it: only the dead are recovered, and whoever comes back is believed."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from support.rows import begun, call, finished, prompt, usage

OURS = uuid4()


@pytest.fixture
async def registered(store: Store) -> UUID:
    await store.recovery.register_gateway(OURS, hostname="here", pid=1, version="0")
    return OURS


async def dead(store: Store, psql: Connection, seconds: int = 61) -> UUID:
    gateway = uuid4()
    await store.recovery.register_gateway(gateway, hostname="there", pid=2, version="0")
    await silence(psql, gateway, seconds)
    return gateway


async def silence(psql: Connection, gateway: UUID, seconds: int) -> None:
    await psql.execute(
        "UPDATE aibridge_gateways SET heartbeat_at = now() - $2::interval WHERE id = $1",
        gateway,
        timedelta(seconds=seconds),
    )


async def outcome(psql: Connection, interception_id: UUID) -> Any:
    return await psql.fetchval("SELECT outcome FROM aibridge_interceptions WHERE id = $1", interception_id)


async def test_rows_of_a_silent_gateway_end_interrupted(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    start = begun(alice, gateway_id=await dead(store, psql), client_session_id="s", user_prompt=prompt("p"))
    await store.write_begun([start])
    assert await store.recovery.recover(registered) == 1
    row = await psql.fetchrow("SELECT * FROM aibridge_interceptions WHERE id = $1", start.id)
    assert row is not None
    assert (row["outcome"], row["partial"], row["error_type"]) == ("interrupted", True, "unknown")
    assert row["ended_at"] >= row["started_at"]
    session = await psql.fetchrow("SELECT interceptions, threads, failures, first_prompt FROM aibridge_sessions")
    assert session is not None
    assert tuple(session) == (1, 1, 1, "p")
    assert await store.recovery.recover(registered) == 0


async def test_the_living_and_ones_own_are_left_alone(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    """Trap 29: also when our own heartbeat is what is late."""
    quiet = await dead(store, psql, 55)
    rows = [begun(alice, gateway_id=gateway) for gateway in (quiet, registered)]
    await store.write_begun(rows)
    await silence(psql, registered, 3600)
    assert await store.recovery.recover(registered) == 0
    assert [await outcome(psql, row.id) for row in rows] == [None, None]


async def test_a_heartbeat_keeps_a_gateway_alive(store: Store, alice: UUID, psql: Connection, registered: UUID) -> None:
    gateway = await dead(store, psql)
    await store.write_begun([begun(alice, gateway_id=gateway)])
    assert await store.recovery.heartbeat(gateway)
    assert await store.recovery.recover(registered) == 0


async def test_a_retired_gateway_need_not_be_waited_for(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    gateway = await dead(store, psql, 0)
    start = begun(alice, gateway_id=gateway)
    await store.write_begun([start])
    await store.recovery.retire_gateway(gateway)
    assert await store.recovery.recover(registered) == 1
    assert await outcome(psql, start.id) == "interrupted"


async def test_ended_rows_of_a_dead_gateway_stay_as_they_are(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    start = begun(alice, gateway_id=await dead(store, psql))
    await store.write_begun([start])
    await store.write_finished([finished(start)])
    assert await store.recovery.recover(registered) == 0
    assert await outcome(psql, start.id) == "completed"


async def test_a_real_end_replaces_an_interrupted_one_exactly(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    start = begun(alice, gateway_id=await dead(store, psql), client_session_id="s", notes=("n",))
    other = begun(alice, client_session_id="s")
    await store.write_begun([start, other])
    await store.recovery.recover(registered)
    ends = [
        finished(start, token_usage=usage(), tool_usages=(call("c"),), notes=("m",)),
        finished(other, token_usage=usage()),
    ]
    await store.write_finished(ends)
    await store.write_finished(ends)
    row = await psql.fetchrow("SELECT * FROM aibridge_interceptions WHERE id = $1", start.id)
    assert row is not None
    assert (row["outcome"], row["partial"], row["error_type"], row["error_message"]) == ("completed", False, None, None)
    assert (row["notes"], row["ended_at"]) == (["n", "m"], ends[0].ended_at)
    session = await psql.fetchrow("SELECT interceptions, failures, tool_calls, input_tokens FROM aibridge_sessions")
    assert session is not None
    assert tuple(session) == (2, 0, 1, 200)


async def test_a_replaced_row_may_find_its_parent_and_move_to_its_session(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    parent = begun(alice)
    child = begun(alice, gateway_id=await dead(store, psql), correlating_tool_call_id="call_a")
    await store.write_begun([parent, child])
    await store.recovery.recover(registered)
    await store.write_finished([finished(parent, tool_usages=(call("call_a"),))])
    await store.write_finished([finished(child)])
    rows = await psql.fetch("SELECT session_id, interceptions, threads, failures FROM aibridge_sessions")
    assert [tuple(row) for row in rows] == [(str(parent.id), 2, 1, 0)]


async def test_many_rows_are_recovered_once_by_whoever_comes(
    store: Store, database: str, alice: UUID, psql: Connection, registered: UUID
) -> None:
    gateway = await dead(store, psql)
    await store.write_begun([begun(alice, gateway_id=gateway, client_session_id=f"s{n % 7}") for n in range(256)])
    async with open_store(database) as second:
        closed = await asyncio.gather(store.recovery.recover(registered), second.recovery.recover(uuid4()))
    assert sum(closed) == 256
    row = await psql.fetchrow("SELECT sum(interceptions), sum(failures) FROM aibridge_sessions")
    assert row is not None
    assert tuple(row) == (256, 256)


async def test_a_gateway_that_is_not_on_record_learns_it(store: Store) -> None:
    assert not await store.recovery.heartbeat(uuid4())


async def test_a_retired_gateway_that_shows_up_again_lives(store: Store, psql: Connection, registered: UUID) -> None:
    await store.recovery.retire_gateway(registered)
    assert await store.recovery.heartbeat(registered)
    assert await psql.fetchval("SELECT retired_at FROM aibridge_gateways") is None


async def test_gateways_of_yesterday_are_forgotten_when_nothing_of_theirs_is_open(
    store: Store, alice: UUID, psql: Connection, registered: UUID
) -> None:
    await dead(store, psql, 2 * 86_400)
    recent = await dead(store, psql, 3600)
    await store.recovery.recover(registered)
    left = {row["id"] for row in await psql.fetch("SELECT id FROM aibridge_gateways")}
    assert left == {registered, recent}
