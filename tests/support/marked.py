"""Exchanges in every dialect that hold a text of each kind, each text recognisable by a marker of its own."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aibridge.demo.script import Answer, CallTool, Text, Think

KINDS = ("prompts", "tools", "thoughts", "answers", "tool_results")


class Markers(NamedTuple):
    """One for each kind, in its order."""

    prompts: str
    tools: str
    thoughts: str
    answers: str
    tool_results: str


def markers(of: str) -> Markers:
    """Of one exchange; no two exchanges share any."""
    return Markers(*(f"mark{kind.replace('_', '')}{of}" for kind in KINDS))


def said(marks: Markers) -> Answer:
    """A thought, an answer and a tool call; the same at every try."""
    return Answer(
        id="resp_marked",
        parts=(
            Think(f"I think {marks.thoughts}."),
            Text(f"I say {marks.answers}."),
            CallTool("Bash", {"command": f"echo {marks.tools}"}, id="call_marked"),
        ),
    )


def messages(marks: Markers, *, stream: bool) -> bytes:
    """Anthropic Messages: a result, and behind it what a person asks."""
    turns = [
        {"role": "user", "content": "begin"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_before", "name": "Bash", "input": {}}]},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_before",
                    "content": [{"type": "text", "text": f"found {marks.tool_results}"}],
                },
                {"type": "text", "text": f"ask {marks.prompts}"},
            ],
        },
    ]
    return _written({"model": "claude-test", "max_tokens": 64, "messages": turns}, stream=stream)


def chat(marks: Markers, *, stream: bool) -> bytes:
    """The same in Chat Completions."""
    call = {"id": "toolu_before", "type": "function", "function": {"name": "Bash", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "begin"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "toolu_before", "content": f"found {marks.tool_results}"},
        {"role": "user", "content": f"ask {marks.prompts}"},
    ]
    usage = {"stream_options": {"include_usage": True}} if stream else {}
    return _written({"model": "gpt-test", "messages": turns, **usage}, stream=stream)


def responses(marks: Markers, *, stream: bool) -> bytes:
    """The same in Responses."""
    turns = [
        {"role": "user", "content": "begin"},
        {"type": "function_call", "call_id": "toolu_before", "name": "Bash", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "toolu_before", "output": f"found {marks.tool_results}"},
        {"role": "user", "content": f"ask {marks.prompts}"},
    ]
    return _written({"model": "gpt-test", "input": turns}, stream=stream)


Asks = Callable[..., bytes]
DIALECTS: Mapping[str, tuple[str, str, Asks]] = {
    "messages": ("anthropic", "/v1/messages", messages),
    "chat": ("openai", "/v1/chat/completions", chat),
    "responses": ("openai", "/v1/responses", responses),
}
"""By name: type of the provider, path, and what writes the request."""


def _written(body: dict[str, Any], *, stream: bool) -> bytes:
    return json.dumps(body | ({"stream": True} if stream else {})).encode()
