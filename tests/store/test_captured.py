"""Answers and results of tools, as they are written, read and removed."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from aibridge.recording.weights import reduced_begun, reduced_finished
from aibridge.records import ModelAnswerRow, Outcome, ToolResultRow
from aibridge.store.connections import Connection
from aibridge.store.keeping import Removed
from aibridge.store.pool import Store
from support.auditing import carried, detail
from support.rows import NOON, at, begun, finished, new_id


def answer(content: str, second: int = 0, **metadata: Any) -> ModelAnswerRow:
    return ModelAnswerRow(id=new_id(), content=content, created_at=at(second), metadata=metadata)


def result(call_id: str, content: str, second: int = 0, *, is_error: bool | None = None) -> ToolResultRow:
    return ToolResultRow(
        id=new_id(),
        provider_tool_call_id=call_id,
        content=content,
        is_error=is_error,
        created_at=at(second),
        metadata={},
    )


async def test_they_are_read_back_in_their_order(store: Store, alice: UUID) -> None:
    """By an interception and by a step, next to neighbours that have none."""
    results = (result("a", "one", is_error=True), result("", "two", 1))
    answers = (answer("first"), answer("second", 1, incomplete=True))
    start = begun(alice, tool_results=results, not_captured=("prompts",), client_session_id="s")
    bare = begun(alice, client_session_id="s")
    await store.write_begun([bare, start])
    await store.write_finished(
        [finished(bare), finished(start, model_answers=answers, not_captured=("thoughts", "tools"))]
    )
    steps = {step.id: step for thread in (await detail(store, "s")).threads for step in thread.steps}
    for found in (await store.reader.interception(start.id, None), steps[start.id]):
        assert found is not None
        assert [(each.provider_tool_call_id, each.content, each.is_error) for each in found.tool_results] == [
            ("a", "one", True),
            ("", "two", None),
        ]
        assert [(each.content, each.metadata) for each in found.model_answers] == [
            ("first", {}),
            ("second", {"incomplete": True}),
        ]
        assert found.not_captured == ["prompts", "thoughts", "tools"]
    neighbour = await store.reader.interception(bare.id, None)
    assert neighbour is not None
    assert (neighbour.model_answers, neighbour.tool_results, neighbour.not_captured) == ([], [], [])


async def test_a_replay_adds_nothing(store: Store, psql: Connection, alice: UUID) -> None:
    """Trap 28."""
    start = begun(alice, tool_results=(result("a", "one"),), not_captured=("prompts",))
    end = finished(start, model_answers=(answer("x"),), not_captured=("tools",))
    for _ in range(3):
        await store.write_begun([start])
    for _ in range(3):
        await store.write_finished([end])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_model_answers") == 1
    assert await psql.fetchval("SELECT count(*) FROM aibridge_tool_results") == 1
    assert await psql.fetchval("SELECT not_captured FROM aibridge_interceptions") == ["prompts", "tools"]


async def test_a_real_end_brings_its_answers_after_recovery(store: Store, psql: Connection, alice: UUID) -> None:
    """What was closed as interrupted is ended anew, with all it holds."""
    start = begun(alice)
    await store.write_begun([start])
    await store.write_finished([finished(start, outcome=Outcome.INTERRUPTED)])
    await store.write_finished([finished(start, model_answers=(answer("x"),), not_captured=("tools",))])
    found = await store.reader.interception(start.id, None)
    assert found is not None
    assert (found.outcome, [each.content for each in found.model_answers], found.not_captured) == (
        "completed",
        ["x"],
        ["tools"],
    )


async def test_what_belongs_to_nobody_is_not_written(store: Store, psql: Connection, alice: UUID) -> None:
    """An end without a start: its answers have no place."""
    await store.write_finished([finished(begun(alice), model_answers=(answer("x"),))])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_model_answers") == 0


async def test_they_are_removed_counted_and_previewed(store: Store, psql: Connection, alice: UUID) -> None:
    """With their interception: by retention and by erasure, which notes how many there were."""
    for hours in (0, 1):
        start = begun(
            alice, tool_results=(result("a", "one"), result("b", "two")), started_at=NOON - timedelta(hours=hours)
        )
        await carried(store, start, model_answers=(answer("x"),))
    preview = await store.keeping.preview(timedelta(days=1))
    assert (preview.model_answers, preview.tool_results) == (2, 4)
    assert await store.keeping.remove_aged(timedelta(days=1), limit=1) == Removed(
        interceptions=1, model_answers=1, tool_results=2
    )
    erasure = uuid4()
    await store.keeping.begin_erasure(erasure, by="test", user_id=alice)
    assert (await store.keeping.erase_of_user(erasure, alice)).tool_results == 2
    row = await psql.fetchrow("SELECT model_answers, tool_results FROM aibridge_erasures WHERE id = $1", erasure)
    assert row is not None
    assert tuple(row) == (1, 2)
    for table in ("model_answers", "tool_results"):
        assert await psql.fetchval(f"SELECT count(*) FROM aibridge_{table}") == 0


async def test_they_go_with_their_interception_whoever_deletes_it(store: Store, psql: Connection, alice: UUID) -> None:
    start = await carried(store, begun(alice, tool_results=(result("a", "one"),)), model_answers=(answer("x"),))
    await psql.execute("DELETE FROM aibridge_interceptions WHERE id = $1", start.id)
    assert await psql.fetchval("SELECT count(*) FROM aibridge_model_answers") == 0
    assert await psql.fetchval("SELECT count(*) FROM aibridge_tool_results") == 0


def test_a_row_that_is_refused_is_written_without_them() -> None:
    """One of them may be why."""
    start = begun(uuid4(), tool_results=(result("a", "one"),), not_captured=("prompts",))
    assert (reduced_begun(start).tool_results, reduced_begun(start).not_captured) == ((), ("prompts",))
    assert reduced_finished(finished(start, model_answers=(answer("x"),))).model_answers == ()
