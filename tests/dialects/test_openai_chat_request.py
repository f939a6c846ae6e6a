import json
from typing import Any

import pytest

from aibridge.dialects.registry import OPENAI_CHAT
from aibridge.records import RequestFacts

OPENCODE = {b"user-agent": b"opencode/1.18.33", b"x-session-id": b"o-1"}
TITLE = "You are a title generator. You output ONLY a thread title. Nothing else."


def asked(*messages: Any, headers: dict[bytes, bytes] | None = None, **others: Any) -> RequestFacts:
    body = {"model": "gpt-x", "messages": list(messages), **others}
    return OPENAI_CHAT.read_request(json.dumps(body).encode(), headers or {})


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def test_the_last_users_string_or_text_part_is_the_prompt() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "image_url"}, None]
    assert asked(user("first"), {"role": "assistant", "content": "x"}, user("hello")).prompt == "hello"
    assert asked(user(parts)).prompt == "b"


def test_a_tool_result_correlates_and_is_no_prompt() -> None:
    facts = asked(user("a"), {"role": "tool", "tool_call_id": "call_1"}, {"role": "tool", "tool_call_id": "call_2"})
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "call_2")
    assert asked({"role": "tool", "tool_call_id": 7}).correlating_tool_call_id is None


def test_instructions_behind_the_question_hide_nothing() -> None:
    assert asked(user("hello"), {"role": "developer", "content": "be brief"}).prompt == "hello"


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "system", "content": "x"}], [user("a"), {"role": "assistant"}], [user(None)], [user([])], [7]],
)
def test_where_nobody_asks_there_is_no_prompt(messages: list[Any]) -> None:
    assert asked(*messages).prompt is None


def test_a_title_request_of_opencode_is_a_side_request() -> None:
    title = {"role": "system", "content": TITLE}
    facts = asked(title, user('"hello"'), headers=OPENCODE)
    assert (facts.side_request, facts.prompt, facts.metadata["side_prompt"]) == (True, None, '"hello"')
    assert asked({"role": "system"}, title, user("hello"), headers=OPENCODE, tools=[]).side_request
    assert not asked(title, user("hello"), headers=OPENCODE, tools=[{"type": "function"}]).side_request
    assert not asked(title, user("hello"), headers={b"user-agent": b"opencode/1"}).side_request
    assert not asked(user(TITLE), headers=OPENCODE).side_request
    assert not asked(title, headers={b"x-session-id": b"o-1"}).side_request
    assert not asked({"role": "developer", "content": "code"}, headers=OPENCODE).side_request


def test_a_cache_key_is_no_session_of_this_api() -> None:
    assert asked(user("a"), prompt_cache_key="k", headers={b"session_id": b"s"}).client_session_id is None


def test_what_is_not_json_is_unread() -> None:
    assert OPENAI_CHAT.read_request(b"model=gpt-x", OPENCODE).unread


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", "invalid_api_key"),
        (403, "permission_error", "permission_denied"),
        (404, "invalid_request_error", "not_found"),
        (413, "invalid_request_error", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_exceeded"),
        (500, "server_error", None),
        (503, "server_error", "service_unavailable"),
    ],
)
def test_errors_come_in_openais_envelope(status: int, kind: str, code: str | None) -> None:
    body = json.loads(OPENAI_CHAT.error_body(status=status, message="no"))
    assert body == {"error": {"message": "no", "type": kind, "param": None, "code": code}}
