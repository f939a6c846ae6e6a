"""Answers are written past the documented shapes, so this holds them to each other: every key, no other, every type."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from aibridge.api import interceptions, sessions, values
from aibridge.api import usage as usages
from aibridge.api.session_shapes import SessionHead, SessionPage, StartedBy, Step, Thread, TokenSums
from aibridge.api.shapes import Interception, InterceptionPage, Shape
from aibridge.api.usage_shapes import Spent, Usage
from aibridge.records import ErrorType, Outcome, Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, thought, usage

Join = Callable[..., Awaitable[Any]]
SHAPES = {
    f"/aibridge{route.path}": route.response_model
    for module in (interceptions, sessions, usages, values)
    for route in module.router.routes
}


async def full_record(join: Join, store: Store) -> tuple[Any, str]:
    """A session with everything in it, and the id of its root."""
    owner, dana = await join("olga", Role.OWNER), await join("dana")
    root = begun(dana.id, client_session_id="s", user_prompt=prompt("Why?"), metadata={"deep": {"er": [1, None]}})
    task = call("c1", tool="Task", input='{"prompt": "Look into it"}', server_url="https://mcp", invocation_error="no")
    await carried(
        store, root, token_usage=usage(metadata={"n": 1}), tool_usages=(task,), model_thoughts=(thought("Hm."),)
    )
    child = begun(
        dana.id,
        client_session_id="s",
        started_at=at(5),
        agent_id="c1",
        user_prompt=prompt("Look into it", at(5)),
        mutations=("include_usage",),
    )
    await carried(
        store,
        child,
        outcome=Outcome.FAILED,
        error_type=ErrorType.TIMEOUT,
        error_message="too late",
        status_code=None,
        time_to_first_byte_us=None,
        notes=("a note",),
    )
    await carried(store, begun(dana.id, client_session_id="s", started_at=at(6), side_request=True))
    await carried(store, begun(dana.id, started_at=at(7), body_sha256_received=None, body_sha256_sent=None))
    return owner, str(root.id)


@pytest.mark.parametrize("path", SHAPES)
async def test_what_is_answered_is_what_is_documented(join: Join, store: Store, path: str) -> None:
    owner, root = await full_record(join, store)
    time = {"from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z", "by": "user"} if "usage" in path else {}
    asked = path.replace("{interception_id}", root).replace("{session_id:rest}", "s")
    answer = await owner.get(asked, **time)
    assert answer.status_code == 200
    TypeAdapter(SHAPES[path]).validate_json(answer.content, strict=True, extra="forbid")


def test_no_field_may_be_left_out() -> None:
    """Every field of every answer is required, so that a missing one is noticed above."""
    shapes: list[type[Shape]] = [
        Interception,
        InterceptionPage,
        SessionPage,
        *_below(SessionHead),
        TokenSums,
        Step,
        Thread,
        StartedBy,
        *_below(Spent),
        Usage,
    ]
    for shape in shapes:
        assert [name for name, field in shape.model_fields.items() if not field.is_required()] == []


def _below(shape: type[Shape]) -> list[type[Shape]]:
    return [shape, *(each for below in shape.__subclasses__() for each in _below(below))]


async def test_a_page_of_each_kind_holds_rows(join: Join, store: Store) -> None:
    """An empty list would prove nothing."""
    owner, _ = await full_record(join, store)
    detail = (await owner.get("/aibridge/sessions/s")).json()
    steps = [step for thread in detail["threads"] for step in thread["steps"]]
    assert any(thread["started_by"] for thread in detail["threads"])
    assert any(step["tool_calls"] for step in steps)
    assert any(step["thinking"] for step in steps)
    assert {step["side_request"] for step in steps} == {True, False}
    page = (await owner.get("/aibridge/sessions", limit=1)).json()
    assert page["next"]
    assert (await owner.get("/aibridge/interceptions")).json()["results"][3]["tool_usages"]
