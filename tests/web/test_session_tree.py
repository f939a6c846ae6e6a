"""The steps of a session as a tree, and portions of it."""

from datetime import timedelta
from uuid import UUID

import pytest

from aibridge.web.session.building import DEEPEST, agent_name, tree_of
from aibridge.web.session.portion import PORTION, Branch, Gap, Leaf, Portion, Sides, in_order, portion_around
from aibridge.web.session.selecting import Selection, Show
from aibridge.web.session.tree import Thread
from support.rows import at
from support.timelines import step, thread, timeline

Shape = list["int | str | Shape"]


def _shape(items: object) -> Shape:
    """A portion in short: numbers are steps, lists are threads, words are gaps and folded side requests."""
    shape: Shape = []
    assert isinstance(items, list)
    for item in items:
        match item:
            case Leaf(row=row, agents=agents):
                shape.append(row.step.id.int)
                shape += _shape(agents)
            case Branch(items=below):
                shape.append(_shape(below))
            case Sides(rows=rows):
                shape.append("side " + " ".join(str(row.id.int) for row in rows))
            case Gap():
                assert (item.start == item.first) or item.before
                shape.append(f"{item.rows} {'before' if item.before else 'behind'}")
    return shape


def _all(threads: list[Thread], show: Show = Show.ALL, found: set[UUID] | None = None) -> Selection:
    return Selection(threads, show, found)


def _portion(threads: list[Thread], first: int, last: int) -> Shape:
    return _shape(Portion(_all(threads), first, last).threads(threads))


NESTED = timeline(
    thread([step(1), step(2), step(9)]),
    thread([step(3), step(4), step(6)], by=2),
    thread([step(5), step(7)], by=4),
    thread([step(10), step(11)]),
)


def test_subagents_stand_below_the_step_that_started_them() -> None:
    threads = tree_of(NESTED)
    assert _portion(threads, 0, 99) == [[1, 2, [3, 4, [5, 7], 6], 9], [10, 11]]
    assert [(each.number, each.subagent) for each in threads] == [(1, False), (2, False)]
    assert [agent.certainty for agent in threads[0].agents] == ["inferred"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            '{"subagent_type":"Explore","description":"Find all callers","prompt":"Look"}',
            ("Explore", "Find all callers"),
        ),
        ('{"message":"\\n Run the tests.\\nThen stop.","agent_type":"worker"}', ("worker", "Run the tests.")),
        ('{"agent":"general","prompt":""}', ("general", "")),
        ('{"message":["a list"]}', ("", "")),
        ("[1]", ("", "")),
        ('{"cut', ("", "")),
        (None, ("", "")),
    ],
)
def test_what_a_call_starts_a_subagent_for(call: str | None, told: tuple[str, str]) -> None:
    assert agent_name(call) == told


def test_a_subagent_of_unknown_origin_stands_at_the_top_without_a_number() -> None:
    threads = tree_of(timeline(thread([step(1)]), thread([step(2)], subagent=True), thread([step(3)])))
    assert [(each.number, each.certainty) for each in threads] == [(1, None), (None, None), (2, None)]


def test_a_prompt_that_was_not_kept_is_told_from_none() -> None:
    """Capture leaves an empty prompt where there was one."""
    asked = ((1, None), (3, ""), (5, "Go on"))
    threads = tree_of(timeline(*[thread([step(n, prompt=prompt), step(n + 1)]) for n, prompt in asked]))
    assert [each.title for each in threads] == ["No prompt on record", "Prompt not kept", "Go on"]


def test_a_prompt_that_is_sent_again_after_a_failure_is_marked() -> None:
    """Not where it went well, nor a subagent's, nor what is not known; side requests and subagents may lie between."""
    failed = {"outcome": "failed", "tool_calls": 0}
    threads = tree_of(
        timeline(
            thread([step(1, prompt="Go", **failed)]),
            thread([step(2, prompt="Go", **failed), step(3, side_request=True)]),
            thread([step(4, prompt="Look", **failed)], subagent=True),
            thread([step(5, prompt="Go"), step(6)]),
            thread([step(7, prompt="Go", **failed)]),
            thread([step(8, prompt="On", **failed)]),
            thread([step(9, **failed)]),
            thread([step(10)]),
        )
    )
    assert [each.rows[0].id.int for each in threads if each.again] == [2, 5]


def test_what_lies_too_deep_stands_on_the_last_level() -> None:
    """However deep a client says its agents are."""
    read = timeline(thread([step(1)]), *[thread([step(n)], by=n - 1) for n in range(2, 2000)])
    threads = tree_of(read)
    deepest, level = threads, 0
    while deepest[0].agents:
        deepest, level = deepest[0].agents, level + 1
    assert (level, len(deepest)) == (DEEPEST, 2000 - 1 - DEEPEST)
    assert len(threads[0].all_rows) == 1999


def test_the_time_of_tools_is_the_gap_to_the_threads_next_request() -> None:
    (one,) = tree_of(
        timeline(
            thread(
                [
                    step(1),
                    step(2, side_request=True, tool_calls=0),
                    step(8, tool_calls=0),
                    step(11),
                    step(12, started_at=at(11.5), ended_at=at(12.5)),
                    step(13, ended_at=at(5)),  # another clock has ended it
                ]
            )
        )
    )
    waits = [row.wait.total_seconds() for row in one.rows]
    assert waits == [6, 0, 0, 0, 0.5, 0]
    assert one.rows[-1].model_time == timedelta(0)
    assert one.ended_at == at(13)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 3, [[1, 2, [3, "4 behind"], "1 behind"], "2 behind"]),
        (4, 6, [["1 before", 2, ["1 before", 4, [5, 7], "1 behind"], "1 behind"], "2 behind"]),
        (6, 8, [["1 before", 2, ["4 before", 6], 9], "2 behind"]),
        (7, 9, [["7 before", 9], [10, "1 behind"]]),
        (8, 10, ["8 before", [10, 11]]),
        (0, 0, ["10 behind"]),
    ],
)
def test_a_portion_has_gaps_before_and_behind(first: int, last: int, expected: Shape) -> None:
    assert _portion(tree_of(NESTED), first, last) == expected


def test_side_requests_in_a_row_are_folded() -> None:
    side = {"side_request": True, "tool_calls": 0}
    threads = tree_of(timeline(thread([step(1), step(2, **side), step(3, **side), step(4), step(5, **side)])))
    assert _portion(threads, 0, 99) == [[1, "side 2 3", 4, "side 5"]]


def test_what_is_needed_to_reach_a_match_is_shown_too() -> None:
    threads = tree_of(NESTED)
    selection = _all(threads, found={UUID(int=7), UUID(int=11)})
    assert _shape(Portion(selection).threads(threads)) == [[2, [4, [7]]], [11]]
    assert selection.matches == 2
    assert not _shape(Portion(_all(threads, found=set())).threads(threads))


def test_kinds_of_steps() -> None:
    read = timeline(thread([step(1, thoughts=2), step(2, outcome="failed", tool_calls=0), step(3, failed_calls=1)]))
    threads = tree_of(read)
    shown = {show: [row.id.int for row in in_order(_all(threads, show), threads[0].rows)] for show in Show}
    assert shown == {Show.ALL: [1, 2, 3], Show.TOOLS: [1, 3], Show.THOUGHTS: [1], Show.ERRORS: [2, 3]}
    assert threads[0].failures == 2


def test_every_step_can_be_linked_to_and_every_gap_filled() -> None:
    """A walk from portion to portion meets each step once, also when threads are much longer than a portion."""
    read = timeline(
        thread([step(n) for n in range(1, 1200)]),
        thread([step(n) for n in range(1200, 1300)], by=600),
        *[thread([step(n)]) for n in range(1300, 2500)],
    )
    threads = tree_of(read)
    selection = _all(threads)
    met: list[int] = []
    start = None
    while True:
        shape = portion_around(selection, threads, start, None).threads(threads)
        met += _numbers(_shape(shape))
        behind = _last_gap(shape)
        if behind is None:
            break
        start = behind.start
    assert sorted(set(met)) == list(range(1, 2500))
    assert len(met) <= 2500 + 2500 // PORTION  # a host is shown again above what hangs below it
    for wanted in (1, 599, 1250, 1299, 1301, 2499):
        around = portion_around(selection, threads, None, UUID(int=wanted)).threads(threads)
        assert wanted in _numbers(_shape(around))


def _numbers(shape: Shape) -> list[int]:
    found: list[int] = []
    for item in shape:
        if isinstance(item, list):
            found += _numbers(item)
        elif isinstance(item, int):
            found.append(item)
    return found


def _last_gap(items: object) -> Gap | None:
    assert isinstance(items, list)
    found = None
    for item in reversed(items):
        if isinstance(item, Gap) and not item.before:
            found = item
        elif isinstance(item, Branch):
            found = _last_gap(item.items) or found
        elif isinstance(item, Leaf):
            for agent in item.agents:
                found = _last_gap(agent.items) or found
        if not isinstance(item, Gap):
            break
    return found
