"""Who started a subagent: with rows as Claude Code, Codex and OpenCode make them."""

import json
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from aibridge.records import Begun, Outcome, ToolUsageRow
from aibridge.store.connections import Connection
from aibridge.store.origins import StartedBy
from aibridge.store.pool import Store
from support.auditing import carried, detail, remove
from support.rows import at, begun, call, prompt


class Told:
    """A session as it comes to pass, a step every ten seconds."""

    def __init__(self, store: Store, initiator_id: UUID) -> None:
        self.store = store
        self.initiator_id = initiator_id
        self.now = 0.0

    async def step(
        self, *calls: ToolUsageRow, asks: str | None = None, session: str = "s", end: Any = None, **fields: Any
    ) -> Begun:
        self.now += 10
        asked = prompt(asks, at(self.now)) if asks else None
        start = begun(
            self.initiator_id, client_session_id=session, started_at=at(self.now), user_prompt=asked, **fields
        )
        in_order = [structs.replace(one, created_at=at(self.now + n / 100)) for n, one in enumerate(calls)]
        return await carried(self.store, start, tool_usages=tuple(in_order), **end or {})

    async def origins(self, session: str = "s", **page: Any) -> dict[UUID, StartedBy | None]:
        found = await detail(self.store, session, **page)
        return {thread.id: thread.started_by for thread in found.threads}


@pytest.fixture
def told(store: Store, alice: UUID) -> Told:
    return Told(store, alice)


def task(text: str, tool: str = "Agent", **arguments: str) -> ToolUsageRow:
    """Claude Code hands a task to a subagent."""
    return call(None, tool=tool, input=json.dumps({"description": "look", "prompt": text} | arguments))


def by(step: Begun, usage: ToolUsageRow, certainty: Any = "inferred", thread: Begun | None = None) -> StartedBy:
    return StartedBy(
        thread_id=(thread or step).id,
        interception_id=step.id,
        tool_usage_id=usage.id,
        tool=usage.tool,
        certainty=certainty,
    )


# ------------------------------------------------------------------ Claude Code


async def test_claude_codes_subagent_is_asked_what_the_call_says(told: Told) -> None:
    """A main agent without a name, a subagent with one, a step within the main thread that starts it."""
    main = await told.step(call("c"), asks="fix the build")
    hands_over = task("find the failing test\n")
    second = await told.step(hands_over, correlating_tool_call_id="c")
    sub = await told.step(call("d"), asks="find the failing test", agent_id="a1", metadata={"subagent": True})
    await told.step(correlating_tool_call_id="d", agent_id="a1", metadata={"subagent": True})
    assert await told.origins() == {main.id: None, sub.id: by(second, hands_over, thread=main)}


async def test_parallel_tasks_are_told_apart_by_their_texts(told: Told) -> None:
    calls = [task(f"look at part {n}", tool="Task") for n in range(4)]
    main = await told.step(*calls, asks="look at everything")
    subs = {}
    for n in (2, 0, 3, 1):
        subs[n] = await told.step(asks=f"look at part {n}", agent_id=f"a{n}")
    found = await told.origins()
    assert [found[subs[n].id] for n in range(4)] == [by(main, calls[n]) for n in range(4)]


async def test_parallel_tasks_of_one_text_are_matched_in_order(told: Told) -> None:
    calls = [task("try again") for _ in range(3)]
    main = await told.step(*calls)
    subs = [await told.step(asks="try again", agent_id=f"a{n}") for n in range(3)]
    found = await told.origins()
    assert [found[sub.id] for sub in subs] == [by(main, one) for one in calls]


async def test_without_texts_the_latest_step_with_an_unused_call_counts(told: Told) -> None:
    """Also when arguments cannot be read, and when a call of an earlier step was never carried out."""
    refused, first, second = (call(None, tool="Agent", input=given) for given in ("{", '{"prompt":7}', "[1]"))
    main = await told.step(refused, call("c"))
    latest = await told.step(first, second, correlating_tool_call_id="c")
    subs = [await told.step(asks="whatever" if n else None, agent_id=f"a{n}") for n in range(4)]
    found = await told.origins()
    assert [found[sub.id] for sub in subs] == [
        by(latest, first, thread=main),
        by(latest, second, thread=main),
        by(main, refused),
        None,
    ]


async def test_a_call_whose_text_fits_another_is_not_taken_from_it(told: Told) -> None:
    """The first to start is asked something nobody wrote down; the call left over is its own."""
    fits, other = task("what fits"), task("something else")
    main = await told.step(fits, other)
    stranger = await told.step(asks="unheard of", agent_id="a1")
    fitting = await told.step(asks="what fits", agent_id="a2")
    assert await told.origins() == {main.id: None, stranger.id: by(main, other), fitting.id: by(main, fits)}


async def test_an_agents_second_try_was_started_by_the_same_call(told: Told) -> None:
    """A retry is a new request: a thread of its own, of the same agent."""
    one, two = task("one"), task("two")
    main = await told.step(one, two)
    failed = await told.step(asks="one", agent_id="a1", end={"outcome": Outcome.FAILED})
    again = await told.step(asks="one", agent_id="a1")
    other = await told.step(asks="two", agent_id="a2")
    assert await told.origins() == {
        main.id: None,
        failed.id: by(main, one),
        again.id: by(main, one),
        other.id: by(main, two),
    }


async def test_a_subagent_without_a_name(told: Told) -> None:
    """Clients that only say that a subagent asks; the second try of one cannot be told from another by its name."""
    one, two = task("one", tool="Task"), task("two", tool="Task")
    main = await told.step(one, two)
    says: dict[str, Any] = {"metadata": {"subagent": True}}
    second = await told.step(asks="two", **says)
    first = await told.step(asks="one", end={"outcome": Outcome.FAILED}, **says)
    again = await told.step(asks="one", **says)
    assert await told.origins() == {
        main.id: None,
        second.id: by(main, two),
        first.id: by(main, one),
        again.id: by(main, one),
    }


async def test_a_subagents_subagent(told: Told) -> None:
    """The parent is declared: only its own calls count, whatever the main agent called later."""
    outer = task("outer")
    main = await told.step(outer, call("c"))
    sub = await told.step(call("d"), asks="outer", agent_id="a1")
    inner = task("inner")
    calling = await told.step(inner, agent_id="a1", correlating_tool_call_id="d")
    await told.step(task("inner"), correlating_tool_call_id="c")
    nested = await told.step(asks="inner", agent_id="a2", parent_agent_id="a1")
    assert await told.origins() == {
        main.id: None,
        sub.id: by(main, outer),
        nested.id: by(calling, inner, thread=sub),
    }


async def test_a_resumed_agent_is_named_by_the_call(told: Told) -> None:
    start = task("look")
    main = await told.step(start, call("c"))
    sub = await told.step(asks="look", agent_id="a1f")
    resumes = task("look again", resume="a1f")
    later = await told.step(resumes, correlating_tool_call_id="c")
    resumed = await told.step(asks="look again", agent_id="a1f")
    assert await told.origins() == {
        main.id: None,
        sub.id: by(main, start),
        resumed.id: by(later, resumes, "declared", thread=main),
    }


# ------------------------------------------------------------------ Codex


def spawn(text: str) -> ToolUsageRow:
    return call(None, tool="spawn_agent", input=json.dumps({"message": text, "agent_type": "worker"}))


async def test_codex_names_its_main_agent_too(told: Told) -> None:
    """Subagents keep the parent's session id, have a thread id of their own and name the parent's."""
    main_agent: dict[str, Any] = {"client": "Codex", "agent_id": "t0", "metadata": {}}
    first, second = spawn("count the files"), spawn("count the lines")
    main = await told.step(first, second, asks="count", **main_agent)
    sub: dict[str, Any] = {
        "client": "Codex",
        "parent_agent_id": "t0",
        "metadata": {"x-openai-subagent": "collab_spawn"},
    }
    lines = await told.step(asks="count the lines", agent_id="t2", **sub)
    sealed = await told.step(agent_id="t1", **sub)  # its task is encrypted: nothing to read
    again = await told.step(asks="thanks", **main_agent)
    assert await told.origins() == {
        main.id: None,
        lines.id: by(main, second),
        sealed.id: by(main, first),
        again.id: None,
    }


async def test_codex_sends_a_running_agent_more_by_its_id(told: Told) -> None:
    """That the agent's id stands in the call is declared; what merely waits for it or closes it starts nothing."""
    start = spawn("count")
    main = await told.step(start, call("c"), agent_id="t0")
    sub = await told.step(asks="count", agent_id="t1", parent_agent_id="t0")
    more = call(None, tool="send_input", input='{"id":"t1","message":"and the lines?"}')
    sends = await told.step(more, call("d"), agent_id="t0", correlating_tool_call_id="c")
    waits = call(None, tool="wait_agent", input='{"id":"t1"}')
    await told.step(waits, agent_id="t0", correlating_tool_call_id="d")
    own = call(None, tool="send_input", input='{"id":"t1","message":"I am that one"}')
    next_ = await told.step(own, asks="and the lines?", agent_id="t1", parent_agent_id="t0")
    last = await told.step(asks="and then?", agent_id="t1", parent_agent_id="t0")
    declared = by(sends, more, "declared", thread=main)
    assert await told.origins() == {
        main.id: None,
        sub.id: by(main, start),
        next_.id: declared,
        last.id: declared,
    }


async def test_an_id_within_the_text_names_nobody(told: Told) -> None:
    start = spawn("t1")
    main = await told.step(start, agent_id="t0")
    sub = await told.step(asks="something else", agent_id="t1", parent_agent_id="t0")
    assert await told.origins() == {main.id: None, sub.id: by(main, start)}


# ------------------------------------------------------------------ not known


async def test_opencodes_child_session_is_not_guessed_from_another(told: Told) -> None:
    main = await told.step(task("explore", tool="task"), client="OpenCode", session="parent")
    child = await told.step(
        asks="explore", client="OpenCode", session="child", agent_id="child", parent_agent_id="parent"
    )
    assert await told.origins("child") == {child.id: None}
    assert await told.origins("parent") == {main.id: None}


async def test_a_call_that_comes_later_or_is_another_tools_starts_nothing(told: Told) -> None:
    main = await told.step(call("c", input='{"prompt":"look"}'))
    early = await told.step(asks="look", agent_id="a1")
    await told.step(task("look"), correlating_tool_call_id="c")
    assert await told.origins() == {main.id: None, early.id: None}


async def test_an_agent_does_not_start_itself(told: Told) -> None:
    first = await told.step(spawn("x"), agent_id="t1", parent_agent_id="t1")
    second = await told.step(asks="x", agent_id="t1", parent_agent_id="t1")
    assert await told.origins() == {first.id: None, second.id: None}


async def test_the_calls_of_another_person_with_the_same_session_id(told: Told, store: Store, bob: UUID) -> None:
    other = Told(store, bob)
    await other.step(task("look"))
    await other.step(asks="look", agent_id="b1")
    main = await told.step(call("c"))
    sub = await told.step(asks="look", agent_id="a1")
    assert await told.origins(initiator=told.initiator_id) == {main.id: None, sub.id: None}


async def test_a_purged_parent_leaves_the_subagent_unexplained(told: Told, psql: Connection) -> None:
    main = await told.step(task("look"), call("c"))
    later = await told.step(correlating_tool_call_id="c")
    sub = await told.step(asks="look", agent_id="a1")
    await remove(psql, main.id)
    assert await told.origins() == {later.id: None, sub.id: None}


async def test_side_requests_are_started_by_nobody_and_start_nothing(told: Told) -> None:
    side = await told.step(task("look"), side_request=True, agent_id="a0")
    sub = await told.step(asks="look", agent_id="a1", parent_agent_id="a0")
    assert await told.origins() == {sub.id: None}
    assert [step.id for step in (await detail(told.store, "s")).threads[0].steps] == [side.id, sub.id]
    await told.step(side_request=True, agent_id="a0", parent_agent_id="p", session="t")
    assert list((await told.origins("t")).values()) == [None]


async def test_the_page_does_not_change_who_started_whom(told: Told) -> None:
    """Calls are matched over the whole session, also those whose agents stand on other pages."""
    calls = [call(None, tool="Agent", input="{}") for _ in range(3)]
    main = await told.step(*calls)
    subs = [await told.step(agent_id=f"a{n}") for n in range(3)]
    whole = await told.origins()
    assert list(whole.values()) == [None, *(by(main, one) for one in calls)]
    assert await told.origins(limit=1, after=subs[1].id) == {subs[2].id: whole[subs[2].id]}
    assert await told.origins(limit=1) == {main.id: None}
