"""In which order threads are read."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from aibridge.exporting.sections import sections
from aibridge.store.origins import StartedBy
from aibridge.store.session_outline import ThreadOutline
from aibridge.store.token_sums import TokenSumsInDetail
from support.rows import NOON


def thread(number: int, steps: int, *, by: tuple[int, int] | None = None) -> ThreadOutline:
    """A thread of so many steps; `by`: the thread and step (from 0) that started it."""
    started = by and StartedBy(
        thread_id=UUID(int=by[0]),
        interception_id=step_id(*by),
        tool_usage_id=None,
        tool="Task",
        certainty="inferred",
    )
    texts: dict[str, Any] = dict.fromkeys(ThreadOutline.__struct_fields__, "")
    sums = TokenSumsInDetail(
        input_tokens=0, output_tokens=0, cache_read_input_tokens=0, cache_write_input_tokens=0, metadata={}
    )
    fields: dict[str, Any] = {
        "id": UUID(int=number),
        "started_by": started or None,
        "subagent": by is not None,
        "started_at": NOON,
        "ended_at": NOON,
        "interceptions": steps,
        "tool_calls": 0,
        "failures": 0,
        "cost_micros": 0,
        "unpriced": 0,
        "token_usage": sums,
        "steps": [(step_id(number, n), 1) for n in range(steps)],
    }
    return ThreadOutline(**texts | fields)


def step_id(thread_: int, step: int) -> UUID:
    return UUID(int=1000 * thread_ + step)


def order(*threads: ThreadOutline) -> list[tuple[int, int, int | None, int, list[int]]]:
    """Number, thread, parent, depth and steps of each section."""
    return [
        (each.number, each.thread.id.int, each.parent, each.depth, [id_.int % 1000 for id_, _ in each.steps])
        for each in sections(threads)
    ]


def test_threads_of_people_come_one_after_the_other() -> None:
    assert order(thread(1, 2), thread(2, 1)) == [(1, 1, None, 0, [0, 1]), (2, 2, None, 0, [0])]


def test_a_subagent_stands_under_the_step_that_started_it() -> None:
    """Its thread comes between that step and the next; then the thread goes on."""
    assert order(thread(1, 4), thread(2, 2, by=(1, 1)), thread(3, 1)) == [
        (1, 1, None, 0, [0, 1]),
        (2, 2, 1, 1, [0, 1]),
        (1, 1, None, 0, [2, 3]),
        (3, 3, None, 0, [0]),
    ]


def test_subagents_of_one_step_and_of_subagents() -> None:
    """In order of their starts, each with its own below it; nothing goes on that has ended."""
    assert order(thread(1, 1), thread(2, 2, by=(1, 0)), thread(3, 1, by=(2, 0)), thread(4, 1, by=(1, 0))) == [
        (1, 1, None, 0, [0]),
        (2, 2, 1, 1, [0]),
        (3, 3, 2, 2, [0]),
        (2, 2, 1, 1, [1]),
        (4, 4, 1, 1, [0]),
    ]


def test_where_it_goes_on_is_counted() -> None:
    found = list(sections([thread(1, 3), thread(2, 1, by=(1, 0))]))
    assert [(each.number, each.place, each.first) for each in found] == [(1, 0, True), (2, 0, True), (1, 1, False)]


def test_a_start_that_is_not_on_record_hides_nothing() -> None:
    assert order(thread(1, 1), thread(2, 1, by=(9, 0))) == [(1, 1, None, 0, [0]), (2, 2, None, 0, [0])]


def test_any_depth() -> None:
    """A client may claim agents of agents as deep as it likes."""
    deep = [thread(0, 1), *(thread(n, 1, by=(n - 1, 0)) for n in range(1, 3000))]
    assert [section[0] for section in order(*deep)] == list(range(1, 3001))


@given(st.lists(st.tuples(st.integers(1, 4), st.none() | st.tuples(st.integers(0, 7), st.integers(0, 3))), max_size=8))
def test_every_step_comes_once_and_in_order(drawn: list[tuple[int, tuple[int, int] | None]]) -> None:
    """Whatever started whatever, also in circles and by itself."""
    threads = [thread(n, steps, by=by) for n, (steps, by) in enumerate(drawn)]
    found = list(sections(threads))
    for each in threads:
        mine = [section for section in found if section.thread is each]
        assert [step for section in mine for step in section.steps] == each.steps
        assert len({section.number for section in mine}) == 1
    assert {section.number for section in found} == set(range(1, len(threads) + 1))
