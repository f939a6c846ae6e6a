"""What came back for tools is read where it is asked for: of each request only what is new in it."""

import json
from typing import Any

import pytest

from aibridge.dialects.dialect import Dialect
from aibridge.dialects.registry import ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES
from aibridge.dialects.tool_results import CUT, MAX_RESULTS
from aibridge.records import RequestFacts


def asked(dialect: Dialect, body: dict[str, Any], *, results: bool = True) -> RequestFacts:
    return dialect.read_request(json.dumps(body).encode(), {}, results=results)


def brief(facts: RequestFacts) -> list[tuple[Any, ...]]:
    return [(each.provider_tool_call_id, each.content, each.is_error, each.metadata) for each in facts.tool_results]


def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def test_anthropic_reads_the_results_since_the_model_last_spoke() -> None:
    """All of a round, in order, though several messages bring them; not those that an earlier request has brought."""
    turns = [
        {"role": "user", "content": [result("old", "old")]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a"}, {"type": "tool_use", "id": "b"}]},
        {
            "role": "user",
            "content": [result("a", "one"), {"type": "text", "text": "and"}, result("b", "two", is_error=True)],
        },
        {"role": "system", "content": "x"},
        {"role": "user", "content": [result("c", "three", is_error=False)]},
    ]
    facts = asked(ANTHROPIC_MESSAGES, {"messages": turns})
    assert brief(facts) == [("a", "one", None, {}), ("b", "two", True, {}), ("c", "three", False, {})]
    assert asked(ANTHROPIC_MESSAGES, {"messages": turns}, results=False).tool_results == ()


@pytest.mark.parametrize(
    ("content", "text", "left_out"),
    [
        ("text", "text", {}),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb", {}),
        ([{"type": "image", "source": {}}, {"type": "text", "text": "b"}, {"type": "image"}], "b", {"image": 2}),
        ([{"type": "document"}, 7, {}], "", {"document": 1, "unknown": 2}),
        (["bare"], "bare", {}),
        (None, "", {}),
        (7, "", {}),
    ],
)
def test_texts_are_kept_and_the_rest_is_counted(content: object, text: str, left_out: dict[str, int]) -> None:
    """A picture is not stored, and it is told that there was one."""
    facts = asked(ANTHROPIC_MESSAGES, {"messages": [{"role": "user", "content": [result("a", content)]}]})
    assert brief(facts) == [("a", text, None, {"left_out": left_out} if left_out else {})]


def test_chat_reads_messages_of_tools() -> None:
    turns = [
        {"role": "tool", "tool_call_id": "old", "content": "old"},
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]},
        {"role": "function", "name": "legacy", "content": "three"},
        {"role": "user", "content": "and now?"},
    ]
    facts = asked(OPENAI_CHAT, {"messages": turns})
    assert [row[:2] for row in brief(facts)] == [("a", "one"), ("b", "two"), ("", "three")]
    assert facts.prompt == "and now?"
    assert asked(OPENAI_CHAT, {"messages": turns}, results=False).tool_results == ()


def test_responses_read_outputs_of_every_kind_of_call() -> None:
    """A shell tells two streams, a computer a picture, a patch whether it failed."""
    given = [
        {"type": "function_call_output", "call_id": "old", "output": "old"},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "a"},
        {"type": "function_call_output", "call_id": "a", "output": "one"},
        {"type": "custom_tool_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "two"}]},
        {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "out", "stderr": "err", "outcome": {}}]},
        {
            "type": "computer_call_output",
            "call_id": "d",
            "output": {"type": "computer_screenshot", "image_url": "data:"},
        },
        {"type": "apply_patch_call_output", "call_id": "e", "status": "failed", "output": "no"},
        {"type": "message", "role": "user", "content": "and now?"},
    ]
    assert brief(asked(OPENAI_RESPONSES, {"input": given})) == [
        ("a", "one", None, {}),
        ("b", "two", None, {}),
        ("c", "out\nerr", None, {}),
        ("d", "", None, {"left_out": {"computer_screenshot": 1}}),
        ("e", "no", True, {}),
    ]
    assert asked(OPENAI_RESPONSES, {"input": given}, results=False).tool_results == ()


@pytest.mark.parametrize(
    "between",
    [
        {"role": "assistant", "content": "x"},
        {"type": "function_call", "call_id": "b"},
        {"type": "item_reference", "id": "fc_1"},
        {"type": "program", "call_id": "b", "code": "1"},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "mcp_approval_request", "id": "mcpr_1", "name": "delete"},
    ],
)
def test_what_the_model_said_ends_the_round_before_it(between: dict[str, Any]) -> None:
    given = [{"type": "function_call_output", "call_id": "a", "output": "old"}, between]
    assert asked(OPENAI_RESPONSES, {"input": given}).tool_results == ()


def test_a_search_for_tools_brings_them_back() -> None:
    """They are definitions and no text: only how many there were is kept."""
    found = {"type": "tool_search_output", "call_id": "call_1", "tools": [{"type": "function", "name": "read"}]}
    (result,) = asked(OPENAI_RESPONSES, {"input": [found]}).tool_results
    assert (result.provider_tool_call_id, result.content) == ("call_1", "")
    assert result.metadata == {"left_out": {"function": 1}}


@pytest.mark.parametrize("body", [{}, {"messages": 7, "input": 7}, {"messages": [7], "input": [7]}, {"input": "text"}])
@pytest.mark.parametrize("dialect", [ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES])
def test_a_strange_request_has_no_results(dialect: Dialect, body: dict[str, Any]) -> None:
    assert asked(dialect, body).tool_results == ()


def test_results_are_kept_up_to_a_bound() -> None:
    """Of all together; those beyond it are still told of."""
    content = [result("a", "x" * (MAX_RESULTS - 1)), result("b", "yy"), result("c", "z")]
    facts = asked(ANTHROPIC_MESSAGES, {"messages": [{"role": "user", "content": content}]})
    assert [len(each.content) for each in facts.tool_results] == [MAX_RESULTS - 1, 1, 0]
    assert facts.notes == (CUT,)
