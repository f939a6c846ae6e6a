"""A session in thin rows: all of its steps, each text cut, each thread with what started it."""

from uuid import UUID

from aibridge.records import ErrorType, Outcome
from aibridge.store.pool import Store
from aibridge.store.step_texts import MOST_OF_A_TEXT, MOST_OF_AN_ARGUMENT, StepTexts
from aibridge.store.timeline import ReadTimeline
from aibridge.texts import texts_of
from support.auditing import carried
from support.rows import answered, at, begun, call, prompt, thought, usage


async def _timeline(store: Store, session_id: str, viewer: UUID | None = None, **whose: UUID) -> ReadTimeline:
    found = await store.reader.timeline(session_id, viewer, **whose)
    assert found is not None
    return found


async def _texts(store: Store, read: ReadTimeline, viewer: UUID | None = None) -> list[StepTexts]:
    ids = [step.id for thread in read.threads for step in thread.steps]
    texts, places = await store.reader.step_texts(read.session.id, read.session.initiator.id, viewer, ids)
    assert not places
    return [texts[id_] for id_ in ids]


async def test_a_step_says_in_a_few_words_what_was_asked_thought_and_done(store: Store, alice: UUID) -> None:
    asked = prompt("Fix the tests")
    root = await carried(
        store,
        begun(alice, client_session_id="s", user_prompt=asked),
        tool_usages=(
            call("c1", tool="Read", input='{"file_path":"a.py"}', created_at=at(1)),
            call("c2", tool="Bash", created_at=at(2), injected=True, invocation_error="timed out"),
        ),
        model_thoughts=(thought("First I look."), thought("Then I act.", created_at=at(1))),
        token_usage=usage(input_tokens=7),
    )
    await carried(
        store,
        begun(alice, client_session_id="s", started_at=at(5), correlating_tool_call_id="c1"),
        outcome=Outcome.FAILED,
        error_type=ErrorType.OVERLOADED,
        error_message="Overloaded",
    )
    found = await _timeline(store, "s")
    (thread,) = found.threads
    first, second = thread.steps
    assert (thread.id, thread.subagent, thread.started_by) == (root.id, False, None)
    assert (first.prompt, first.tool) == ("Fix the tests", "Read")
    assert (first.tool_calls, first.failed_calls, first.thoughts) == (2, 1, 2)
    assert await _texts(store, found) == [
        StepTexts(input='{"file_path":"a.py"}', thought="First I look."),
        StepTexts(),
    ]
    assert (first.input_tokens, first.output_tokens, first.cache_read_input_tokens) == (7, 50, 20)
    assert (second.outcome, second.error_type, second.error_message) == ("failed", "overloaded", "Overloaded")
    assert (second.prompt, second.tool, second.thoughts, second.input_tokens) == (None, None, 0, None)
    assert (found.session.id, found.session.first_prompt, found.in_flight) == ("s", "Fix the tests", 0)


async def test_the_first_answer_of_a_step_is_told_where_it_is_kept(store: Store, alice: UUID) -> None:
    answers = (answered("First I said this." + "ü" * 5000, at(1)), answered("Then that.", at(2)))
    await carried(store, begun(alice, client_session_id="s", user_prompt=prompt("Go")), model_answers=answers)
    await carried(store, begun(alice, client_session_id="s", started_at=at(5), user_prompt=prompt("On")))
    texts = await _texts(store, await _timeline(store, "s"))
    assert [each.answer for each in texts] == [("First I said this." + "ü" * 5000)[:MOST_OF_A_TEXT], None]


async def test_texts_are_cut_where_they_lie(store: Store, alice: UUID) -> None:
    """A call of a megabyte costs no more than one of a line."""
    await carried(
        store,
        begun(alice, client_session_id="s", user_prompt=prompt("ü" * 5000)),
        tool_usages=(call("c", input='{"content":"' + "😀" * 250_000 + '"}'),),
        model_thoughts=(thought("hm " * 9999),),
        error_type=ErrorType.UNKNOWN,
        error_message="e" * 1000,
        outcome=Outcome.TRUNCATED,
    )
    found = await _timeline(store, "s")
    (step,) = found.threads[0].steps
    assert (step.prompt, step.error_message) == ("ü" * MOST_OF_A_TEXT, "e" * MOST_OF_A_TEXT)
    assert await _texts(store, found) == [
        StepTexts(input='{"content":"' + "😀" * (MOST_OF_AN_ARGUMENT - 12), thought=("hm " * 9999)[:MOST_OF_A_TEXT])
    ]


async def test_texts_are_those_of_the_session_that_one_may_see(store: Store, alice: UUID, bob: UUID) -> None:
    """Steps of another one, in flight or gone have none; nor has anything for who may not see it."""
    mine = await carried(store, begun(alice, client_session_id="s"), model_thoughts=(thought("a needle"),))
    other = await carried(store, begun(alice, client_session_id="t"), model_thoughts=(thought("a needle"),))
    his = await carried(store, begun(bob, client_session_id="s"), model_thoughts=(thought("a needle"),))
    flying = begun(alice, client_session_id="s")
    await store.write_begun([flying])
    ids, needle = [mine.id, other.id, his.id, flying.id, UUID(int=1)], texts_of("needle")
    for viewer in (None, alice):
        texts, places = await store.reader.step_texts("s", alice, viewer, ids, needle)
        assert texts == {mine.id: StepTexts(thought="a needle")}
        assert [(id_, [place.found_in for place in held]) for id_, held in places.items()] == [(mine.id, ["thought"])]
        assert await store.reader.steps_holding("s", alice, viewer, needle) == [mine.id]
    assert await store.reader.step_texts("s", alice, bob, ids, needle) == ({}, {})
    assert await store.reader.steps_holding("s", alice, bob, needle) == []


async def test_a_subagents_thread_names_the_call_that_started_it(store: Store, alice: UUID) -> None:
    text = "Look for every caller"
    spawning = call("c", tool="Task", input='{"description":"Callers","prompt":"Look for every caller"}')
    main = await carried(store, begun(alice, client_session_id="s"), tool_usages=(spawning,))
    agent = await carried(
        store,
        begun(alice, client_session_id="s", started_at=at(3), agent_id="agent-1", user_prompt=prompt(text, at(3))),
    )
    threads = (await _timeline(store, "s")).threads
    assert [(thread.id, thread.subagent) for thread in threads] == [(main.id, False), (agent.id, True)]
    assert (threads[0].call, threads[1].call) == (None, spawning.input)
    started_by = threads[1].started_by
    assert started_by is not None
    assert (started_by.interception_id, started_by.tool_usage_id, started_by.certainty) == (
        main.id,
        spawning.id,
        "inferred",
    )


async def test_side_requests_say_what_they_asked(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"))
    side = begun(
        alice, client_session_id="s", started_at=at(1), side_request=True, metadata={"side_prompt": "A title, please"}
    )
    await carried(store, side)
    (thread,) = (await _timeline(store, "s")).threads
    assert [(step.side_request, step.side_prompt) for step in thread.steps] == [
        (False, None),
        (True, "A title, please"),
    ]


async def test_what_is_in_flight_is_counted_and_not_shown(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"))
    await store.write_begun([begun(alice, client_session_id="s"), begun(alice, client_session_id="other")])
    found = await _timeline(store, "s")
    assert (found.in_flight, len(found.threads)) == (1, 1)


async def test_nobody_is_shown_what_they_may_not_see(store: Store, alice: UUID, bob: UUID) -> None:
    hers = await carried(store, begun(alice, client_session_id="s"))
    his = await carried(store, begun(bob, client_session_id="s", started_at=at(9)))
    assert await store.reader.timeline("s", alice, initiator=bob) is None
    assert await store.reader.timeline("other", alice) is None
    assert await store.reader.timeline("no\0such", None) is None
    shown = [
        await _timeline(store, "s", alice),
        await _timeline(store, "s", bob),
        await _timeline(store, "s", initiator=alice),
        await _timeline(store, "s"),  # last active
    ]
    assert [found.threads[0].id for found in shown] == [hers.id, his.id, hers.id, his.id]


async def test_the_place_of_a_step(store: Store, alice: UUID, bob: UUID) -> None:
    root = await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c"),))
    await carried(store, begun(alice, client_session_id="s", started_at=at(2), side_request=True))
    other = await carried(store, begun(alice, client_session_id="s", started_at=at(3)))
    child = begun(alice, client_session_id="s", started_at=at(4), correlating_tool_call_id="c")
    await carried(store, child)
    await carried(store, begun(bob, client_session_id="s", started_at=at(1)))
    flying = begun(alice, client_session_id="s", started_at=at(5))
    await store.write_begun([flying])
    found = await store.reader.step("s", root.id, None)
    assert found is not None
    step, _, place = found
    assert (step.id, [one.tool for one in step.tool_usages]) == (root.id, ["Bash"])
    assert (place.number, place.steps, place.previous_id) == (1, 4, None)
    assert (place.root_id, place.went_on_at) == (root.id, at(4))
    last = await store.reader.step("s", child.id, alice)
    assert last is not None
    assert (last[2].number, last[2].previous_id, last[2].next_id) == (4, other.id, None)
    assert (last[2].root_id, last[2].went_on_at) == (root.id, None)
    assert await store.reader.step("s", root.id, bob) is None
    assert await store.reader.step("other", root.id, None) is None
    assert await store.reader.step("s", flying.id, None) is None
