"""The results of tool calls stand beside the calls, although another request brought them."""

from typing import Any
from uuid import UUID

from aibridge.records import Begun, ToolResultRow
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, new_id, returned


async def step(store: Store, who: UUID, second: int, *results: ToolResultRow, **end: Any) -> Begun:
    """A request of the session `s` that starts so many seconds after noon and brings these results."""
    start = begun(who, client_session_id="s", started_at=at(second), tool_results=results)
    return await carried(store, start, ended_at=at(second + 1), **end)


async def failed(store: Store) -> list[tuple[int, str | None]]:
    """Of each step of `s`: how many of its calls failed, and what is told of it."""
    found = await store.reader.timeline("s", None)
    assert found is not None
    return [(each.failed_calls, each.call_error) for thread in found.threads for each in thread.steps]


async def test_a_call_stands_beside_its_result_and_the_other_way_round(store: Store, alice: UUID) -> None:
    """Of parallel calls each has its own; what was never brought back is not there."""
    first = await step(store, alice, 0, tool_usages=(call("a", tool="Read"), call("b", tool="Bash"), call("c")))
    second = await step(store, alice, 5, returned("a", "text"), returned("b", "exit 1", is_error=True))
    found = await store.reader.request(first.id, alice)
    assert found is not None
    assert {key: (each.content, each.is_error, each.interception_id) for key, each in found[1].results.items()} == {
        "a": ("text", None, second.id),
        "b": ("exit 1", True, second.id),
    }
    assert found[1].calls == {}
    found = await store.reader.request(second.id, alice)
    assert found is not None
    assert {key: (each.tool, each.interception_id) for key, each in found[1].calls.items()} == {
        "a": ("Read", first.id),
        "b": ("Bash", first.id),
    }
    assert await store.reader.request(second.id, new_id()) is None


async def test_a_result_that_is_sent_again_counts_once(store: Store, alice: UUID) -> None:
    """A client that tries again brings what it brought before: what it said first is what counts."""
    first = await step(store, alice, 0, tool_usages=(call("a"),))
    await step(store, alice, 5, returned("a", "no such file", is_error=True))
    await step(store, alice, 9, returned("a", "no such file, again", is_error=True))
    found = await store.reader.request(first.id, None)
    assert found is not None
    assert found[1].results["a"].content == "no such file"
    assert await failed(store) == [(1, "no such file"), (0, None), (0, None)]


async def test_an_id_that_is_used_again_is_the_last_call_before(store: Store, alice: UUID) -> None:
    """Some servers count their calls from 0 in each answer."""
    first = await step(store, alice, 0, tool_usages=(call("call_0", created_at=at(1)),))
    await step(store, alice, 5, returned("call_0", "fine"), tool_usages=(call("call_0", created_at=at(6)),))
    third = await step(store, alice, 9, returned("call_0", "broken", is_error=True))
    assert await failed(store) == [(0, None), (1, "broken"), (0, None)]
    found = await store.reader.request(first.id, None)
    assert found is not None
    assert found[1].results["call_0"].content == "fine"
    found = await store.reader.request(third.id, None)
    assert found is not None
    assert found[1].calls["call_0"].interception_id != first.id


async def test_results_of_other_people_and_sessions_are_not_told(store: Store, alice: UUID, bob: UUID) -> None:
    mine = await step(store, alice, 0, tool_usages=(call("a"),))
    await step(store, bob, 5, returned("a", "his", is_error=True))
    other = begun(alice, client_session_id="another", started_at=at(6), tool_results=(returned("a", "elsewhere"),))
    await carried(store, other)
    found = await store.reader.request(mine.id, None)
    assert found is not None
    assert found[1].results == {}
    assert (await failed(store))[0] == (0, None)


async def test_what_the_gateway_invoked_itself_fails_once(store: Store, alice: UUID) -> None:
    """The error of an injected call and the result that tells it are one failure; errors are cut as all texts are."""
    injected = call("a", injected=True, invocation_error="timed out " * 99)
    await step(store, alice, 0, tool_usages=(injected, call("b")))
    await step(store, alice, 5, returned("a", "timed out", is_error=True), returned("b", "x" * 999, is_error=True))
    ((count, told), _) = await failed(store)
    assert (count, told) == (2, ("timed out " * 99)[:300])
