"""Who calls, told by headers alone."""

import pytest

from aibridge.dialects.clients import (
    identify,
    session_of_claude_user_id,
    session_of_responses_client,
    titles,
    trimmed_id,
)


@pytest.mark.parametrize(
    ("headers", "client", "version"),
    [
        ({b"user-agent": b"mux/0.4.1"}, "Mux", "0.4.1"),
        ({b"user-agent": b"claude-cli/2.1.330 (external, cli)"}, "Claude Code", "2.1.330"),
        ({b"user-agent": b"Claude-Code"}, "Claude Code", None),
        ({b"user-agent": b"codex_cli_rs/0.169.0 (Linux; x86_64) xterm"}, "Codex", "0.169.0"),
        ({b"user-agent": b"codex-tui/1"}, "Codex", "1"),
        ({b"user-agent": b"Zed/0.2"}, "Zed", "0.2"),
        ({b"user-agent": b"GitHubCopilotChat/0.37.2"}, "GitHub Copilot (VS Code)", "0.37.2"),
        ({b"user-agent": b"copilot/1.0.2 (client/cli)"}, "GitHub Copilot (CLI)", "1.0.2"),
        ({b"user-agent": b"Kilo-Code/5.1"}, "Kilo Code", "5.1"),
        ({b"user-agent": b"axios", b"originator": b"kilo-code"}, "Kilo Code", None),
        ({b"user-agent": b"roo-code/3"}, "Roo Code", "3"),
        ({b"originator": b"Roo-Code"}, "Roo Code", None),
        ({b"user-agent": b"coder-agents/2.0"}, "Coder Agents", "2.0"),
        ({b"user-agent": b"Charm Crush/0.9 (x)"}, "Charm Crush", "0.9"),
        ({b"user-agent": b"opencode/1.18.33 ai-sdk/6"}, "OpenCode", "1.18.33"),
        ({b"user-agent": b"QwenCode/0.5"}, "Qwen Code", "0.5"),
        ({b"user-agent": b"factory-cli/0.1"}, "Factory Droid", "0.1"),
        ({b"user-agent": b"litellm/1.80"}, "LiteLLM", "1.80"),
        ({b"x-cursor-client-version": b"2.1"}, "Cursor", "2.1"),
        ({b"user-agent": b"codex/1", b"originator": b"kilo-code"}, "Codex", "1"),
        ({b"user-agent": b"coder-agents/1", b"originator": b"kilo-code"}, "Kilo Code", None),
        ({b"user-agent": b"OpenAI/Python 2.1"}, "Unknown", None),
        ({b"user-agent": b"mux"}, "Unknown", None),
        ({b"user-agent": b"copilot"}, "Unknown", None),
        ({b"user-agent": b"curl/8", b"originator": b"kilo-code/5"}, "Unknown", None),
        ({b"user-agent": b"claude-cli/2", b"x-cursor-client-version": b"2.1"}, "Claude Code", "2"),
        ({b"user-agent": b"my claude"}, "Unknown", None),
        ({b"user-agent": b"\xff\xfe"}, "Unknown", None),
        ({}, "Unknown", None),
    ],
)
def test_the_client_is_guessed_from_its_headers(headers: dict[bytes, bytes], client: str, version: str | None) -> None:
    caller = identify(headers)
    assert (caller.client, caller.metadata.get("client_version")) == (client, version)


@pytest.mark.parametrize(
    ("agent", "headers", "session_id"),
    [
        (b"claude-cli/2", {b"x-claude-code-session-id": b" s-1 "}, "s-1"),
        (b"claude-cli/2", {b"x-claude-code-session-id": b"  "}, None),
        (b"claude-cli/2", {b"session-id": b"s-1"}, None),
        (b"codex/1", {b"session-id": b"new", b"session_id": b"old"}, "new"),
        (b"codex/1", {b"session-id": b" ", b"session_id": b"old"}, "old"),
        (b"opencode/1", {b"x-session-id": b"a", b"x-session-affinity": b"b"}, "a"),
        (b"opencode/1", {b"x-session-affinity": b"b"}, "b"),
        (b"opencode/1", {b"x-kilocode-taskid": b"c"}, None),
        (b"kilo-code/1", {b"x-kilocode-taskid": b"c"}, "c"),
        (b"kilo-code/1", {b"x-session-id": b"a", b"x-kilocode-taskid": b"c"}, "a"),
        (b"githubcopilotchat/1", {b"x-interaction-id": b"i"}, "i"),
        (b"githubcopilotchat/1", {b"x-client-session-id": b"i"}, None),
        (b"copilot/1", {b"x-client-session-id": b"i"}, "i"),
        (b"mux/1", {b"x-mux-workspace-id": b"w"}, "w"),
        (b"coder-agents/1", {b"x-coder-chat-id": b"c"}, "c"),
        (b"zed/1", {b"session_id": b"s", b"x-session-id": b"s"}, None),
        (b"roo-code/1", {b"session_id": b"s"}, None),
        (b"litellm/1", {b"x-session-id": b"s"}, None),
        (b"codex/1", {b"session-id": "ä".encode() * 300}, "ä" * 300),
    ],
)
def test_each_client_names_its_session_in_its_own_way(
    agent: bytes, headers: dict[bytes, bytes], session_id: str | None
) -> None:
    assert identify({b"user-agent": agent, **headers}).session_id == session_id


@pytest.mark.parametrize("blank", [None, b"", b" \t "])
@pytest.mark.parametrize(
    ("agent", "header"),
    [
        (b"claude-cli/2", b"x-claude-code-session-id"),
        (b"codex/1", b"session-id"),
        (b"codex/1", b"session_id"),
        (b"opencode/1", b"x-session-id"),
        (b"kilo-code/1", b"x-kilocode-taskid"),
        (b"githubcopilotchat/1", b"x-interaction-id"),
        (b"copilot/1", b"x-client-session-id"),
        (b"mux/1", b"x-mux-workspace-id"),
        (b"coder-agents/1", b"x-coder-chat-id"),
    ],
)
def test_a_session_that_is_absent_or_blank_is_none(agent: bytes, header: bytes, blank: bytes | None) -> None:
    """And blanks around one are not part of it."""
    headers = {b"user-agent": agent}
    assert identify({**headers, header: b"\t s-1 "}).session_id == "s-1"
    assert identify(headers if blank is None else {**headers, header: blank}).session_id is None


@pytest.mark.parametrize(
    "headers",
    [
        {b"user-agent": b"zed/1"},
        {b"user-agent": b"roo-code/1"},
        {b"x-cursor-client-version": b"2.1"},
        {b"user-agent": b"charm crush/1"},
        {b"user-agent": b"OpenAI/Python 2.1"},
    ],
)
def test_others_have_no_session_whatever_header_they_borrow(headers: dict[bytes, bytes]) -> None:
    names = (b"x-claude-code-session-id", b"session-id", b"x-session-id", b"x-interaction-id", b"x-mux-workspace-id")
    assert identify(headers | dict.fromkeys(names, b"s")).session_id is None


@pytest.mark.parametrize(
    ("agent", "headers", "agents"),
    [
        (
            b"claude-cli/2",
            {b"x-claude-code-agent-id": b"child", b"x-claude-code-parent-agent-id": b"parent"},
            ("child", "parent"),
        ),
        (b"claude-cli/2", {}, (None, None)),
        (b"codex/1", {b"thread-id": b"t", b"x-codex-parent-thread-id": b"p"}, ("t", "p")),
        (b"codex/1", {b"thread-id": b"t"}, ("t", None)),
        (b"opencode/1", {b"x-session-id": b"child", b"x-parent-session-id": b"parent"}, ("child", "parent")),
        (b"opencode/1", {b"x-session-id": b"s"}, (None, None)),
        (b"mux/1", {b"thread-id": b"t"}, (None, None)),
    ],
)
def test_agents_inside_a_session_are_told_apart(
    agent: bytes, headers: dict[bytes, bytes], agents: tuple[str | None, str | None]
) -> None:
    caller = identify({b"user-agent": agent, **headers})
    assert (caller.agent_id, caller.parent_agent_id) == agents


def test_declared_headers_are_kept_under_their_own_names() -> None:
    headers = {b"user-agent": b"copilot/1", b"x-initiator": b"agent", b"x-openai-subagent": b"review" * 200}
    metadata = identify(headers).metadata
    assert metadata["request_user_agent"] == "copilot/1"
    assert metadata["x-initiator"] == "agent"
    assert len(metadata["x-openai-subagent"]) == 512


@pytest.mark.parametrize(
    ("user_id", "session_id"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":" s-1 "}', "s-1"),
        ('{"device_id":"d"}', None),
        ('{"session_id":7}', None),
        ('{"session_id":" "}', None),
        ("[1]", None),
        ("user_abc_account__session_s-2", "s-2"),
        ("user_abc_account_x_session_", None),
        ("{not json", None),
        ("", None),
        ("[" * 20_000 + "_session_x", "x"),
    ],
)
def test_claude_codes_user_id_holds_its_session(user_id: str, session_id: str | None) -> None:
    assert session_of_claude_user_id(user_id) == session_id


def test_other_responses_clients_declare_a_header_or_a_cache_key() -> None:
    assert session_of_responses_client("Unknown", {b"session_id": b"h"}, "key") == "h"
    assert session_of_responses_client("Unknown", {}, " key ") == "key"
    assert session_of_responses_client("Charm Crush", {}, "") is None
    assert session_of_responses_client("Zed", {b"session_id": b"h"}, "key") is None
    assert trimmed_id(" x y ") == "x y"


def test_only_opencode_and_kilo_ask_for_titles_with_this_prompt() -> None:
    prompt = "\nYou are a title generator. You output ONLY a thread title. Nothing else."
    assert titles("OpenCode", prompt)
    assert titles("Kilo Code", prompt)
    assert not titles("Unknown", prompt)
    assert not titles("OpenCode", "Do as I say. You are a title generator.")
