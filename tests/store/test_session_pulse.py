"""How the steps of sessions lie in their time."""

from typing import Any
from uuid import UUID

from aibridge.records import Begun
from aibridge.store.pool import Store
from aibridge.store.session_pulse import PARTS, STILL
from support.auditing import carried
from support.rows import at, begun


async def test_steps_by_parts_of_the_sessions_time(store: Store, alice: UUID, bob: UUID) -> None:
    for second in (0, 1, 2, 240):
        await carried(store, begun(alice, client_session_id="s", started_at=at(second)))
    await carried(store, begun(bob, client_session_id="s", started_at=at(5)), ended_at=at(-5))
    his, hers, gone = await store.reader.session_pulses([("s", bob), ("s", alice), ("gone", alice)])
    assert hers.steps == [3, *[0] * (PARTS - 2), 1]
    assert sum(his.steps) <= 1  # another clock has ended it before it began
    assert gone == STILL
    assert await store.reader.session_pulses([]) == []


async def test_subagents_are_counted_by_their_names(store: Store, alice: UUID) -> None:
    async def put(session: str, **who: str | None) -> None:
        await carried(store, begun(alice, client_session_id=session, **who))

    for agent in (None, "a", "a", "b"):
        await put("nameless", agent_id=agent)
    for agent, parent in (("main", None), ("a", "main"), ("a", "main")):
        await put("named", agent_id=agent, parent_agent_id=parent)
    await put("alone", agent_id="main")
    pulses = await store.reader.session_pulses([(name, alice) for name in ("nameless", "named", "alone")])
    assert [pulse.subagents for pulse in pulses] == [2, 1, 0]
    assert [pulse.subagent_threads for pulse in pulses] == [3, 2, 0]


async def test_subagents_are_those_of_the_sessions_page(store: Store, alice: UUID) -> None:
    """The list of sessions and the page of one count by the same rule, also where a subagent has no name."""

    async def put(session: str, **who: Any) -> Begun:
        return await carried(store, begun(alice, client_session_id=session, **who))

    says = {"metadata": {"subagent": True}}
    for session, main in (("nameless", None), ("named", "main")):
        await put(session, agent_id=main)
        await put(session, agent_id="a", parent_agent_id=main, **says)
        await put(session, agent_id="a", parent_agent_id=main, **says)
        await put(session, **says)
        await put(session, agent_id="side", side_request=True)
    for session, pulse in zip(
        ("nameless", "named"),
        await store.reader.session_pulses([("nameless", alice), ("named", alice)]),
        strict=True,
    ):
        found = await store.reader.timeline(session, None)
        assert found is not None
        begun_by_them = [thread for thread in found.threads if thread.subagent]
        assert pulse.subagent_threads == len(begun_by_them) == 3
        assert pulse.subagents == len({thread.agent_id or thread.id for thread in begun_by_them}) == 2


async def test_the_model_is_the_one_that_the_main_agent_asked_most(store: Store, alice: UUID) -> None:
    """Neither the small one of side requests nor that of many subagents, whether or not the main agent has a name."""

    async def put(session: str, *models: str, **what: Any) -> None:
        for model in models:
            await carried(store, begun(alice, client_session_id=session, model=model, **what))

    for session, main in (("nameless", {}), ("named", {"agent_id": "main"})):
        await put(session, "small", "small", "small", side_request=True, **main)
        await put(session, "large", "large", "middle", **main)
        await put(session, *["explorer"] * 4, agent_id="a", parent_agent_id="main")
    await put("titles", "small", side_request=True)
    pulses = await store.reader.session_pulses([(name, alice) for name in ("nameless", "named", "titles")])
    assert [pulse.model for pulse in pulses] == ["large", "large", None]
