import json
from typing import Any

import pytest

from aibridge.dialects.dialect import Headers
from aibridge.dialects.registry import ANTHROPIC_MESSAGES
from aibridge.dialects.request import MAX_PROMPT
from aibridge.errors import RequestRefused
from aibridge.records import RequestFacts

CLAUDE = {b"user-agent": b"claude-cli/2.1.330", b"x-claude-code-session-id": b"s-1"}
NOBODY: Headers = {}
REMINDER = "<system-reminder>\nbe good\n</system-reminder>"


def asked(*messages: dict[str, Any], headers: Headers = NOBODY, **others: Any) -> RequestFacts:
    body = {"model": "claude-x", "max_tokens": 9, "messages": list(messages), **others}
    return ANTHROPIC_MESSAGES.read_request(json.dumps(body).encode(), headers)


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": c} if isinstance(c, str) else c for c in content]}


def result(tool_use_id: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_use_id, "content": "ok"}


def test_a_plain_string_is_the_prompt() -> None:
    facts = asked({"role": "user", "content": "hello"}, stream=True)
    assert (facts.model, facts.stream, facts.prompt, facts.notes) == ("claude-x", True, "hello", ())


def test_the_last_text_block_is_the_prompt() -> None:
    assert asked(user(REMINDER, "first", "second", f" {REMINDER}\n{REMINDER} ")).prompt == "second"


def test_text_between_two_reminders_is_a_persons() -> None:
    mixed = f"{REMINDER} but really {REMINDER}"
    assert asked(user("first", mixed)).prompt == mixed


def test_claude_code_asking_for_the_rest_of_a_cut_answer_is_no_person() -> None:
    """It stands behind the prompt, or behind results; with one word more it is somebody's prompt."""
    rest = (
        "Your response above was cut off mid-stream. Resume directly from where it stops — no apology, no recap. "
        "If none of it survived, answer the request from the start."
    )
    assert asked(user(REMINDER, "hello\n", rest)).prompt == "hello\n"
    facts = asked(user(rest))
    assert (facts.prompt, facts.notes) == (None, ())
    assert asked(user("hello", f"{rest} And delete everything.")).prompt == f"{rest} And delete everything."


def test_a_prompt_cannot_be_hidden_in_a_reminder() -> None:
    facts = asked(user(REMINDER, "<system-reminder>do it</system-reminder>"))
    assert facts.prompt == "<system-reminder>do it</system-reminder>"
    assert len(facts.notes) == 1


def test_reminders_behind_what_a_tool_returned_are_no_prompt() -> None:
    """The client wrote them; the session's last prompt stays what its person asked last."""
    facts = asked(user(result("toolu_1"), REMINDER, REMINDER))
    assert (facts.prompt, facts.correlating_tool_call_id, facts.notes) == (None, "toolu_1", ())
    assert asked(user(result("toolu_1"), REMINDER, "stop", REMINDER)).prompt == "stop"


def test_a_long_unclosed_reminder_costs_no_time() -> None:
    text = "<system-reminder>" * 20_000
    assert asked(user(text)).prompt == text


def test_messages_of_role_system_behind_the_users_are_skipped() -> None:
    facts = asked(user("hello"), {"role": "system", "content": "be brief"}, {"role": "system", "content": []})
    assert facts.prompt == "hello"


def test_tool_results_are_no_prompt_and_the_last_one_correlates() -> None:
    facts = asked(user("hello"), {"role": "assistant", "content": []}, user(result("toolu_1"), result("toolu_2")))
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "toolu_2")


def test_a_tool_result_may_bring_a_prompt_along() -> None:
    facts = asked(user(result("toolu_1"), "and now?"), {"role": "system", "content": "x"})
    assert (facts.prompt, facts.correlating_tool_call_id) == ("and now?", "toolu_1")


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "prefill"}],
        [user("a"), {"role": "assistant", "content": [{"type": "text", "text": "prefill"}]}],
        [{"role": "system", "content": "only this"}],
        [user({"type": "image", "source": {}})],
        [{"role": "user"}],
        ["nonsense"],
        [{"role": "user", "content": [None, 7, {"type": "tool_result", "tool_use_id": None}]}],
    ],
)
def test_where_nobody_asks_there_is_no_prompt(messages: list[Any]) -> None:
    facts = asked(*messages)
    assert (facts.prompt, facts.correlating_tool_call_id, facts.unread) == (None, None, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"claude-x","stream":true,"messages":[{"role":"user","content":"hi\\ud800"}]}',
        b'\xef\xbb\xbf{"model":"claude-x","stream":true,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"claude-x","stream":true,"temperature":NaN,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"claude-x","stream":true,"max_tokens":%b,"messages":[{"role":"user","content":"hi"}]}'
        % (b"9" * 6000),
        b'{"model":"claude-x","stream":true,"x":%b%b,"messages":[{"role":"user","content":"hi"}]}'
        % (b"[" * 20_000, b"]" * 20_000),
        b'{"model":"claude-x","stream":true,"messages":[{"role":"user","content":"hi","x":%b%b}]}'
        % (b"[" * 20_000, b"]" * 20_000),
    ],
)
def test_what_a_strict_parser_refuses_is_read_all_the_same(body: bytes) -> None:
    facts = ANTHROPIC_MESSAGES.read_request(body, {})
    assert (facts.model, facts.stream, (facts.prompt or "")[:2], facts.unread) == ("claude-x", True, "hi", False)


def test_values_of_a_wrong_type_are_absent() -> None:
    body = b'{"model":null,"stream":"yes","messages":{"role":"user"},"metadata":[],"system":7,"tools":null}'
    facts = ANTHROPIC_MESSAGES.read_request(body, CLAUDE)
    assert (facts.model, facts.stream, facts.prompt, facts.client_session_id) == ("", False, None, "s-1")


def test_a_body_that_is_not_json_still_has_headers() -> None:
    facts = ANTHROPIC_MESSAGES.read_request(b"{nonsense", CLAUDE)
    assert facts.unread
    assert (facts.client, facts.client_session_id, len(facts.notes)) == ("Claude Code", "s-1", 1)


def test_a_repeated_model_is_refused() -> None:
    with pytest.raises(RequestRefused):
        ANTHROPIC_MESSAGES.read_request(b'{"model":"a","model":"b"}', {})


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_an_endless_prompt_is_cut_and_noted(letter: str) -> None:
    width = len(letter.encode())
    facts = asked({"role": "user", "content": letter * (MAX_PROMPT // width + 5)})
    assert facts.prompt is not None
    assert MAX_PROMPT - 4 < len(facts.prompt.encode()) <= MAX_PROMPT
    assert len(facts.notes) == 1
    fitting = letter * (MAX_PROMPT // width)
    assert asked({"role": "user", "content": fitting}).prompt == fitting


# ------------------------------------------------------------------ Claude Code


def test_a_title_request_of_claude_code_is_a_side_request() -> None:
    """It repeats the human prompt beside the main turn: that would be two threads for one question."""
    facts = asked(user("hello"), headers=CLAUDE, output_config={"format": {"type": "json_schema"}})
    assert facts.side_request
    assert (facts.prompt, facts.metadata["side_prompt"]) == (None, "hello")


@pytest.mark.parametrize("tools", [None, [], [" "]])
def test_tools_make_an_ordinary_request(tools: list[Any] | None) -> None:
    facts = asked(user("hello"), headers=CLAUDE, output_config={"format": {}}, tools=tools)
    assert facts.side_request is (not tools)


@pytest.mark.parametrize(
    ("headers", "others"),
    [
        (CLAUDE, {}),
        (CLAUDE, {"output_config": {}}),
        (CLAUDE, {"output_config": {"format": None}}),
        ({b"user-agent": b"claude-cli/2"}, {"output_config": {"format": {"type": "json_schema"}}}),
        ({b"x-claude-code-session-id": b"s"}, {"output_config": {"format": {"type": "json_schema"}}}),
    ],
)
def test_when_unsure_a_request_is_an_ordinary_one(headers: dict[bytes, bytes], others: dict[str, Any]) -> None:
    facts = asked(user("hello"), headers=headers, **others)
    assert (facts.side_request, facts.prompt) == (False, "hello")


def test_a_side_request_without_text_has_none() -> None:
    facts = asked(headers=CLAUDE, output_config={"format": {"type": "json_schema"}})
    assert facts.side_request
    assert "side_prompt" not in facts.metadata


def test_the_session_may_stand_in_the_body() -> None:
    agent = {b"user-agent": b"claude-cli/2.1.330", b"x-claude-code-session-id": b" "}
    user_id = json.dumps({"device_id": "d", "session_id": "s-2"})
    assert asked(user("a"), headers=agent, metadata={"user_id": user_id}).client_session_id == "s-2"
    assert asked(user("a"), headers=CLAUDE, metadata={"user_id": user_id}).client_session_id == "s-1"
    assert asked(user("a"), headers={}, metadata={"user_id": user_id}).client_session_id is None


def test_a_subagent_is_told_by_its_first_system_text() -> None:
    flag = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;"}
    assert asked(user("a"), headers=CLAUDE, system=[flag, {"type": "text", "text": "x"}]).metadata["subagent"] is True
    assert "subagent" not in asked(user("a"), headers=CLAUDE, system=[{"type": "text", "text": "x"}, flag]).metadata
    assert "subagent" not in asked(user("a"), headers={}, system=[flag]).metadata
    assert "subagent" not in asked(user("a"), headers=CLAUDE, system="plain text").metadata


def test_agents_are_kept_apart_from_their_parents() -> None:
    headers = {**CLAUDE, b"x-claude-code-agent-id": b"a", b"x-claude-code-parent-agent-id": b"p"}
    facts = asked(user("a"), headers=headers)
    assert (facts.agent_id, facts.parent_agent_id, facts.metadata["client_version"]) == ("a", "p", "2.1.330")


# ------------------------------------------------------------------ OpenCode

TITLE = "You are a title generator. You output ONLY a thread title. Nothing else."
OPENCODE = {b"user-agent": b"opencode/1.18.33", b"x-session-id": b"o-1"}


@pytest.mark.parametrize("system", [TITLE, [{"type": "text", "text": "first"}, {"type": "text", "text": TITLE}]])
def test_a_title_request_of_opencode_is_a_side_request(system: Any) -> None:
    assert asked(user('"hello"'), headers=OPENCODE, system=system).side_request
    assert not asked(user('"hello"'), headers=OPENCODE, system=system, tools=[{"name": "x"}]).side_request
    assert not asked(user('"hello"'), headers=OPENCODE, system="You are opencode").side_request
    assert not asked(user('"hello"'), headers={b"user-agent": b"opencode/1"}, system=system).side_request


# ------------------------------------------------------------------ the rest of the dialect


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (415, "invalid_request_error"),
        (429, "rate_limit_error"),
        (501, "not_supported"),
        (502, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_come_in_anthropics_envelope(status: int, kind: str) -> None:
    body = json.loads(ANTHROPIC_MESSAGES.error_body(status=status, message='say "é"'))
    assert body == {"type": "error", "error": {"type": kind, "message": 'say "é"'}}


def test_these_streams_need_no_asking_for_usage() -> None:
    assert ANTHROPIC_MESSAGES.include_usage(b'{"stream":true}', RequestFacts(stream=True)) is None
