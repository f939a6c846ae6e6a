"""How the steps of sessions lie in their time."""

from uuid import UUID

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
