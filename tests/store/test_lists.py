"""Lists beside a naive reading of the interceptions: random records, random filters, every field and total."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from aibridge.errors import CursorAmbiguous, CursorUnknown
from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.inventing import Records
from support.naive import Naive, shown
from support.rollups import exact
from support.rows import at, begun, call, finished, new_id


@pytest.fixture(params=range(3))
async def records(request: pytest.FixtureRequest, store: Store, alice: UUID, bob: UUID) -> Records:
    found = Records(store, (alice, bob), request.param)
    await found.write(150)
    return found


async def test_lists_show_what_a_naive_reading_finds(records: Records, psql: Connection) -> None:
    await exact(psql)
    naive = await Naive.read(psql)
    reader = records.store.reader
    for _ in range(120):
        filter_, viewer = records.filter(), records.chance.choice((None, None, records.people[0]))
        keys = naive.session_keys(filter_, viewer)
        sessions, total = await reader.sessions_page(viewer, filter_, limit=1000)
        assert [shown(session) for session in sessions] == [naive.session(key) for key in keys], filter_
        assert total == len(keys)
        ids = naive.interceptions(filter_, viewer)
        offset = records.chance.randrange(4)
        rows, total = await reader.interceptions_page(viewer, filter_, limit=10, offset=offset)
        assert [row.id for row in rows] == ids[offset : offset + 10], filter_
        assert total == len(ids), filter_


async def test_every_page_goes_on_where_the_last_one_ended(records: Records, psql: Connection) -> None:
    naive, reader = await Naive.read(psql), records.store.reader
    seen: list[tuple[str, UUID]] = []
    cursor: dict[str, Any] = {}
    while True:
        page, total = await reader.sessions_page(None, Filter(), limit=7, **cursor)
        assert total == len(naive.sessions)
        if not page:
            break
        seen += [(session.id, session.initiator.id) for session in page]
        cursor = {"after_session": page[-1].id, "after_initiator": page[-1].initiator.id}
    assert seen == naive.session_keys(Filter(), None)
    walked: list[UUID] = []
    after = None
    while page_ := (await reader.interceptions_page(None, Filter(), limit=7, after=after))[0]:
        walked += [row.id for row in page_]
        after = page_[-1].id
    assert walked == naive.interceptions(Filter(), None)
    assert all(a != b for a, b in pairwise(walked))


async def test_a_bound_before_the_first_start_leaves_nothing_out_and_one_behind_it_does(
    store: Store, alice: UUID
) -> None:
    starts = [begun(alice, started_at=at(seconds), client_session_id=f"at {seconds}") for seconds in (60, 120)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    for seconds, left in ((59, 2), (60, 2), (60.000001, 1), (121, 0)):
        since = Filter(started_after=at(seconds))
        assert (await store.reader.interceptions_page(None, since, limit=10))[1] == left, seconds
        assert (await store.reader.sessions_page(None, since, limit=10))[1] == left, seconds
    older = begun(alice, started_at=at(30), client_session_id="at 30")  # in flight: no list shows it, no bound minds it
    await store.write_begun([older])
    since = Filter(started_after=at(59))
    assert (await store.reader.sessions_page(None, since, limit=10))[1] == 2
    await store.write_finished([finished(older)])
    assert (await store.reader.interceptions_page(None, since, limit=10))[1] == 2
    assert (await store.reader.sessions_page(None, since, limit=10))[1] == 2


async def test_a_session_of_too_many_combinations_and_tools_is_found_all_the_same(
    store: Store, psql: Connection, alice: UUID
) -> None:
    starts = [begun(alice, client_session_id="wide", model=f"m{n}") for n in range(130)]
    starts += [begun(alice, client_session_id="narrow", model="m7")]
    await store.write_begun(starts)
    for n, start in enumerate(starts):
        await store.write_finished([finished(start, tool_usages=(call(None, tool=f"t{n}"),))])
    assert await psql.fetchval("SELECT combination_set FROM aibridge_sessions WHERE session_id = 'wide'") == 0
    for filter_, ids in (
        (Filter(models=frozenset(["m7"])), {"wide", "narrow"}),
        (Filter(models=frozenset(["m8"])), {"wide"}),
        (Filter(tools=frozenset(["t129"])), {"wide"}),
        (Filter(tools=frozenset(["t130"])), {"narrow"}),
        (Filter(tools=frozenset(["t1", "t130"]), models=frozenset(["m7"])), {"wide", "narrow"}),
        (Filter(models=frozenset(["m8"]), tools=frozenset(["none"])), set()),
    ):
        page, total = await store.reader.sessions_page(None, filter_, limit=10)
        assert ({session.id for session in page}, total) == (ids, len(ids)), filter_


async def test_a_cursor_must_be_a_row_that_the_viewer_may_read(store: Store, alice: UUID, bob: UUID) -> None:
    starts = [begun(who, client_session_id=name) for who, name in ((alice, "shared"), (bob, "shared"), (bob, "his"))]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    reader = store.reader
    with pytest.raises(CursorAmbiguous):
        await reader.sessions_page(None, limit=1, after_session="shared")
    assert (await reader.sessions_page(None, limit=9, after_session="shared", after_initiator=bob))[1] == 3
    assert (await reader.sessions_page(alice, limit=9, after_session="shared")) == ([], 1)
    for refused in (
        {"after_session": "none"},
        {"after_session": "his"},
        {"after_session": "shared", "after_initiator": bob},
    ):
        with pytest.raises(CursorUnknown):
            await reader.sessions_page(alice, limit=1, **refused)
    for id_ in (new_id(), starts[1].id):
        with pytest.raises(CursorUnknown):
            await reader.interceptions_page(alice, limit=1, after=id_)


async def test_a_flood_of_sets_is_not_kept(store: Store, psql: Connection, alice: UUID) -> None:
    """A client that invents a model for each request makes its session's set grow: past 100 no set is put on record."""
    starts = [begun(alice, client_session_id="flood", model=f"m{n}") for n in range(140)]
    await store.write_begun(starts)
    for start in starts:
        await store.write_finished([finished(start)])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_combination_sets") == 100 * 101 // 2
