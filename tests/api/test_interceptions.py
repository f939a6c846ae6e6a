"""The request log as people and scripts read it."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.records import Role
from aibridge.store.interceptions import CHILDREN
from aibridge.store.pool import Store
from support import walking
from support.auditing import carried
from support.rows import begun, call

START = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
LOG = "/aibridge/interceptions"
UNPRICED = (
    *("input_price_micros", "output_price_micros", "cache_read_price_micros", "cache_write_price_micros"),
    *("cache_write_1h_price_micros", "price_source", "price_listed_as", "price_since"),
)
"""All of it is unknown where nobody knows the price."""

Join = Callable[..., Awaitable[Any]]
Exchange = Callable[..., Awaitable[UUID]]


async def test_an_empty_record(join: Join) -> None:
    owner = await join("olga", Role.OWNER)
    answer = await owner.get(LOG)
    assert answer.status_code == 200
    assert answer.json() == {"results": [], "total": 0, "count": 0}


async def test_everything_that_is_told_about_one(join: Join, exchange: Exchange) -> None:
    """The contract, field by field: snake_case, RFC 3339 in UTC, hex hashes, children always there."""
    dana = await join("dana")
    exchange_id = await exchange(dana)
    answer = await dana.get(f"{LOG}/{exchange_id}")
    assert answer.status_code == 200
    found = answer.json()
    children = {kind: found.pop(kind) for kind in CHILDREN}
    assert found == {
        "id": str(exchange_id),
        "initiator": {"id": str(dana.id), "username": "dana", "name": "Dana", "avatar_url": ""},
        "api_key_id": dana.token_id,
        "gateway_id": str(UUID(int=9)),
        "provider": "anthropic",
        "provider_name": "anthropic-eu",
        "endpoint": "/v1/messages",
        "model": "claude-sonnet-4-5",
        "response_model": "claude-sonnet-4-5-20250929",
        "provider_response_id": "msg_01",
        "client": "Claude Code",
        "session_id": "a/b?c %",
        "client_session_id": "a/b?c %",
        "agent_id": "agent",
        "parent_agent_id": None,
        "thread_parent_id": None,
        "thread_root_id": None,
        "correlating_tool_call_id": None,
        "side_request": False,
        "streaming": True,
        "credential_kind": "byok",
        "credential_type": "subscription",
        "credential_hint": "sk-a...mnop",
        "started_at": "2026-01-02T03:04:05.678900Z",
        "ended_at": "2026-01-02T03:04:07.678900Z",
        "time_to_first_byte_us": 1500,
        "outcome": "completed",
        "status_code": 200,
        "error_type": None,
        "error_message": None,
        "partial": False,
        "unread": False,
        "mutations": ["include_usage"],
        "body_sha256_received": "ab" * 32,
        "body_sha256_sent": "cd" * 32,
        "notes": ["from the start"],
        "not_captured": [],
        "cost_micros": None,
        "metadata": {"request_user_agent": "claude-cli/2", "service_tier": "standard"},
    }
    every_child = [child for kind in children.values() for child in kind]
    assert {child.pop("interception_id") for child in every_child} == {str(exchange_id)}
    assert all(UUID(child.pop("id")) for child in every_child)
    assert all(child.pop("metadata") == {} for child in every_child)
    ended = "2026-01-02T03:04:07.678900Z"
    assert children["token_usages"] == [
        {
            "provider_response_id": "msg_01",
            "input_tokens": 10,
            "output_tokens": 0,
            "cache_read_input_tokens": 2**40,
            "cache_write_input_tokens": None,
            "cost_micros": None,
            "cost_lower_bound": False,
            **dict.fromkeys(UNPRICED),
            "partial": False,
            "created_at": ended,
        }
    ]
    assert children["user_prompts"] == [
        {
            "provider_response_id": "msg_01",
            "prompt": "Why is the build red?",
            "created_at": "2026-01-02T03:04:05.678900Z",
        }
    ]
    assert [tool["tool"] for tool in children["tool_usages"]] == ["Bash", "Read"]
    assert children["tool_usages"][0] == {
        "provider_response_id": "msg_01",
        "provider_tool_call_id": "toolu_Bash",
        "provider_item_id": None,
        "server_url": "",
        "tool": "Bash",
        "input": '{"command": "make"}',
        "injected": False,
        "invocation_error": "",
        "created_at": ended,
    }
    assert children["model_thoughts"] == [
        {"source": "thinking", "content": "Look at the log first.", "created_at": ended}
    ]


async def test_a_list_holds_the_same_as_a_single_answer(join: Join, exchange: Exchange) -> None:
    dana = await join("dana")
    exchange_id = await exchange(dana)
    listed = (await dana.get(LOG)).json()
    assert listed["results"] == [(await dana.get(f"{LOG}/{exchange_id}")).json()]
    assert (await dana.get("/ai-gateway/interceptions")).json() == listed


@pytest.mark.parametrize("step", [1, 6])
async def test_a_walk_visits_each_once(join: Join, exchange: Exchange, step: int) -> None:
    """By offset and by cursor, also where many began at the same moment; twice in the same order."""
    chance = random.Random(step)
    owner, dana = await join("olga", Role.OWNER), await join("dana")
    moments = [START] * 10 + [START + timedelta(seconds=chance.randrange(-99, 99)) for _ in range(10)]
    made = [await exchange(dana, at=at) for at in moments]
    ways = [
        await walking.by_offset(owner.get, LOG, rows="results", step=step),
        await walking.interceptions(owner.get, LOG, step=step),
        await walking.interceptions(owner.get, LOG, step=step, q='client:"Claude Code"'),
    ]
    assert {each["id"] for each in ways[0]} == {str(each) for each in made}
    assert ways[0] == ways[1] == ways[2]
    times = [each["started_at"] for each in ways[0]]
    assert times == sorted(times, reverse=True)


async def test_a_cursor_stands_by_itself(join: Join, exchange: Exchange) -> None:
    """It need not match the query whose page follows it."""
    dana = await join("dana")
    await exchange(dana, at=START, model="old")
    cursor = await exchange(dana, at=START + timedelta(seconds=1), model="new")
    page = (await dana.get(LOG, after_id=str(cursor), q="model:old")).json()
    assert ([each["model"] for each in page["results"]], page["total"]) == (["old"], 1)


async def test_cursors_that_are_none(join: Join, exchange: Exchange) -> None:
    """Unknown, another person's, or in flight: all look alike."""
    dana, eve = await join("dana"), await join("eve")
    await exchange(dana)
    for cursor in (uuid4(), await exchange(eve), await exchange(dana, ended=False)):
        answer = await dana.get(LOG, after_id=str(cursor))
        detail = f"after_id: interception {cursor} not found: invalid pagination cursor"
        assert answer.status_code == 400
        assert answer.json() == {
            "message": "Invalid pagination cursor.",
            "detail": detail,
            "validations": [{"field": "after_id", "detail": detail}],
        }
    answer = await dana.get(LOG, after_id="x")
    assert (answer.status_code, answer.json()["validations"][0]["field"]) == (400, "after_id")


async def test_a_cursor_beside_an_offset(join: Join, exchange: Exchange) -> None:
    """Not even a good one; an offset of zero is none."""
    dana = await join("dana")
    cursor = str(await exchange(dana))
    answer = await dana.get(LOG, after_id=cursor, offset=1, limit=1001)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Query parameters have invalid values."
    assert answer.json()["detail"] == "Cannot use both after_id and offset pagination in the same request."
    assert (await dana.get(LOG, after_id=cursor, offset=0)).json()["results"] == []


async def test_children_in_the_order_of_their_making(join: Join, store: Store) -> None:
    """Ascending, though their parents descend; those of one moment by id."""
    dana = await join("dana")
    tools = [
        call(f"c{number}", tool=f"t{number}", created_at=START - timedelta(seconds=number // 2)) for number in range(4)
    ]
    await carried(store, begun(dana.id), tool_usages=tuple(tools))
    (found,) = (await dana.get(LOG)).json()["results"]
    in_order = sorted(tools, key=lambda tool: (tool.created_at, tool.id))
    assert [each["tool"] for each in found["tool_usages"]] == [tool.tool for tool in in_order]
    assert (found["user_prompts"], found["token_usages"]) == ([], [])


async def test_head_is_get_without_the_body(join: Join, exchange: Exchange) -> None:
    dana = await join("dana")
    await exchange(dana)
    got, asked = await dana.get(LOG), await dana.ask("HEAD", LOG)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == str(len(got.content))
    assert (await dana.ask("HEAD", f"{LOG}?limit=1001")).status_code == 400


async def test_what_is_in_flight_shows_nowhere(join: Join, exchange: Exchange) -> None:
    dana = await join("dana")
    open_id = await exchange(dana, ended=False)
    assert (await dana.get(LOG)).json() == {"results": [], "total": 0, "count": 0}
    assert (await dana.get(f"{LOG}/{open_id}")).status_code == 404


@pytest.mark.parametrize(("role", "sees"), [(Role.OWNER, 3), (Role.AUDITOR, 3), (Role.MEMBER, 1)])
async def test_who_sees_whose(join: Join, exchange: Exchange, role: Role, sees: int) -> None:
    """Members their own, owners and auditors all; the total counts what is seen."""
    reader, dana = await join("rita", role), await join("dana")
    await exchange(reader)
    hers = [await exchange(dana), await exchange(dana)]
    page = (await reader.get(LOG)).json()
    assert (len(page["results"]), page["total"], page["count"]) == (sees, sees, sees)
    assert (await reader.get(f"{LOG}/{hers[0]}")).status_code == (404 if role is Role.MEMBER else 200)


async def test_what_one_may_not_see_looks_missing(join: Join, exchange: Exchange) -> None:
    """Not a byte tells a denied exchange from one that never was."""
    member, dana = await join("mel"), await join("dana")
    denied = await member.get(f"{LOG}/{await exchange(dana)}")
    missing = await member.get(f"{LOG}/{uuid4()}")
    assert (denied.status_code, denied.content) == (missing.status_code, missing.content)
    assert denied.status_code == 404
    assert denied.json()["message"]


async def test_a_default_limit_of_a_hundred(join: Join, exchange: Exchange) -> None:
    """Absent or 0 means 100."""
    dana = await join("dana")
    for _ in range(101):
        await exchange(dana)
    assert len((await dana.get(LOG)).json()["results"]) == 100
    assert len((await dana.get(LOG, limit=0)).json()["results"]) == 100
    assert len((await dana.get(LOG, limit=1000)).json()["results"]) == 101


async def test_wrong_pages_are_named(join: Join) -> None:
    dana = await join("dana")
    wrong = {"limit": ["1001", "-1", "ten", "1.5", ""], "offset": ["-1", "x", str(2**63)]}
    for field, values in wrong.items():
        for value in values:
            answer = await dana.get(LOG, **{field: value})
            assert answer.status_code == 400
            assert [each["field"] for each in answer.json()["validations"]] == [field]


async def test_the_limit_in_the_words_of_the_reference(join: Join) -> None:
    answer = await (await join("dana")).get(LOG, limit=1001)
    assert answer.json() == {
        "message": "Invalid pagination limit value.",
        "detail": "Pagination limit must be in range (0, 1000]",
        "validations": [{"field": "limit", "detail": "Pagination limit must be in range (0, 1000]"}],
    }


async def test_an_id_that_is_none(join: Join) -> None:
    answer = await (await join("dana")).get(f"{LOG}/not-a-uuid")
    assert answer.status_code == 400
    assert answer.json()["validations"][0]["field"] == "interception_id"


async def test_odd_text_comes_back_as_it_is(join: Join, exchange: Exchange) -> None:
    """Traps 25 and 34: text is text, whatever it looks like."""
    dana = await join("dana")
    odd = ["a/b", "50%", "what?", "two words", "\N{ROCKET}", "<script>", "=1+1", "\x1b[2J"]
    for number, text in enumerate(odd):
        await exchange(dana, at=START - timedelta(minutes=number), client_session_id=text, model=text)
    found = (await dana.get(LOG)).json()["results"]
    assert [(each["session_id"], each["model"]) for each in found] == [(text, text) for text in odd]
