"""Threads told from marks, beside a naive reading: random sessions, every page."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from aibridge.store.threads import Mark, ThreadMarks, page_of, threads_of
from support.rows import NOON


@st.composite
def sessions(draw: st.DrawFn) -> list[Mark]:
    """Up to twelve interceptions, often at the same moment; roots are on record, or not, or come late."""
    count = draw(st.integers(0, 12))
    ids = [UUID(int=n) for n in draw(st.permutations(range(count)))]
    marks = [
        Mark(
            id_,
            draw(st.sampled_from([None, None, *(UUID(int=n) for n in range(14))])),
            NOON + timedelta(seconds=draw(st.integers(0, 4))),
            draw(st.integers(0, 4)) == 0,
            None,
            None,
            False,
        )
        for id_ in ids
    ]
    return sorted(marks, key=lambda mark: mark.place)


@given(sessions())
def test_everything_stands_in_one_thread(marks: list[Mark]) -> None:
    threads = threads_of(marks)
    assert sorted(row.id for thread in threads for row in thread.rows) == sorted(mark.id for mark in marks)
    assert [thread.head.place for thread in threads] == sorted(thread.head.place for thread in threads)
    for thread in threads:
        assert thread.head in thread.rows
        assert [row.place for row in thread.rows] == sorted(row.place for row in thread.rows)


@given(sessions())
def test_a_thread_is_a_root_and_what_names_it(marks: list[Mark]) -> None:
    threads = threads_of(marks)
    if all(mark.side_request for mark in marks):
        assert [thread.rows for thread in threads] == ([marks] if marks else [])
        return
    for thread in threads:
        own = [row for row in thread.rows if not row.side_request]
        (root_id,) = {row.root_id or row.id for row in own}
        assert own == [mark for mark in marks if not mark.side_request and (mark.root_id or mark.id) == root_id]
        assert thread.head == next((row for row in own if row.id == root_id), own[0])
        for side in (row for row in thread.rows if row.side_request):
            earlier = [one for one in threads if one.head.started_at <= side.started_at]
            assert thread is (earlier[-1] if earlier else threads[0])


@given(sessions(), st.integers(1, 5))
def test_pages_beside_a_naive_reading(marks: list[Mark], limit: int) -> None:
    threads = threads_of(marks)
    assert list(page_of(threads, limit=limit)) == threads[:limit]
    for cursor in marks:
        later = [thread for thread in threads if thread.head.place > cursor.place]
        earlier = [thread for thread in threads if thread.head.place < cursor.place]
        assert list(page_of(threads, limit=limit, after=cursor)) == later[:limit]
        assert list(page_of(threads, limit=limit, before=cursor)) == earlier[-limit:]


@given(sessions(), st.integers(1, 5))
def test_a_walk_from_head_to_head_meets_each_thread_once(marks: list[Mark], limit: int) -> None:
    threads = threads_of(marks)
    met: list[ThreadMarks] = []
    page: Sequence[ThreadMarks] = page_of(threads, limit=limit)
    while page:
        met += page
        page = page_of(threads, limit=limit, after=page[-1].head)
    assert met == threads
