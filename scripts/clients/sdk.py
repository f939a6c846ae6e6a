"""Small agents on the Python SDKs, with one tool that really runs. `sdk.py NAME PROMPT`; the rest is environment.

Runs in an environment of its own, where the SDKs are and aibridge is not.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

URL, KEY, MODEL = (os.environ[name] for name in ("BASE_URL", "API_KEY", "MODEL"))
HEADERS = json.loads(os.environ["HEADERS"])
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
ABOUT = "Run a command in a shell and return what it prints."


def run_shell(command: str) -> str:
    """Run a command in a shell and return what it prints."""
    return subprocess.run(  # noqa: S602 - that is what the tool is for
        command, shell=True, capture_output=True, text=True, timeout=60, check=True
    ).stdout


def anthropic_messages(prompt: str, *, stream: bool) -> str:
    """The Messages API until no tool is called any more."""
    import anthropic

    client = anthropic.Anthropic(base_url=URL, api_key=KEY, default_headers=HEADERS)
    messages: list[Any] = [{"role": "user", "content": prompt}]
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "run_shell", "description": ABOUT, "input_schema": SCHEMA}],
    }
    assert client.messages.count_tokens(model=MODEL, messages=messages).input_tokens > 0
    assert [model.id for model in client.models.list()]
    while True:
        if stream:
            with client.messages.stream(messages=messages, **asked) as events:
                said = events.get_final_message()
        else:
            said = client.messages.create(messages=messages, **asked)
        assert said.usage.cache_read_input_tokens
        messages.append(
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in said.content]}
        )
        calls = [block for block in said.content if block.type == "tool_use"]
        if not calls:
            return str(said.content[-1].text)
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": run_shell(**call.input)} for call in calls
        ]
        messages.append({"role": "user", "content": results})


def openai_chat(prompt: str, *, stream: bool) -> str:
    """Chat Completions until no tool is called any more."""
    import openai

    client = openai.OpenAI(base_url=URL, api_key=KEY, default_headers=HEADERS)
    messages: list[Any] = [{"role": "user", "content": prompt}]
    function = {"name": "run_shell", "description": ABOUT, "parameters": SCHEMA}
    asked: dict[str, Any] = {"model": MODEL, "tools": [{"type": "function", "function": function}]}
    assert [model.id for model in client.models.list()]
    while True:
        if stream:
            with client.chat.completions.stream(
                messages=messages, stream_options={"include_usage": True}, **asked
            ) as events:
                said = events.get_final_completion()
        else:
            said = client.chat.completions.create(messages=messages, **asked)
        assert said.usage.prompt_tokens_details.cached_tokens
        message = said.choices[0].message
        if not message.tool_calls:
            return str(message.content)
        messages.append(message.model_dump(exclude_none=True))
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": run_shell(**json.loads(call.function.arguments))}
            for call in message.tool_calls
        ]


def openai_responses(prompt: str, *, stream: bool) -> str:
    """Responses until no tool is called any more, storing nothing at the provider."""
    import openai

    client = openai.OpenAI(base_url=URL, api_key=KEY, default_headers=HEADERS)
    items: list[Any] = [{"role": "user", "content": prompt}]
    function = {"type": "function", "name": "run_shell", "description": ABOUT, "parameters": SCHEMA, "strict": False}
    asked: dict[str, Any] = {
        "model": MODEL,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "tools": [function],
    }
    while True:
        if stream:
            with client.responses.stream(input=items, **asked) as events:
                said = events.get_final_response()
        else:
            said = client.responses.create(input=items, **asked)
        assert said.usage.input_tokens_details.cached_tokens
        items += [item.model_dump(exclude_none=True) for item in said.output]
        calls = [item for item in said.output if item.type == "function_call"]
        if not calls:
            return str(said.output_text)
        items += [
            {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": run_shell(**json.loads(call.arguments)),
            }
            for call in calls
        ]


def claude_agent(prompt: str) -> str:
    """Claude Code as the Agent SDK starts it."""
    from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query

    environ = {
        "ANTHROPIC_BASE_URL": URL,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_CUSTOM_HEADERS": "\n".join(f"{name}: {value}" for name, value in HEADERS.items()),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
    }
    options = ClaudeAgentOptions(
        model=MODEL,
        permission_mode="bypassPermissions",
        env=environ,
        continue_conversation=bool(os.environ["AGAIN"]),
    )

    async def ask() -> str:
        said = ""
        async for message in query(prompt=prompt, options=options):
            if isinstance(message, ResultMessage):
                said = message.result or ""
        return said

    return asyncio.run(ask())


AGENTS: dict[str, Callable[[str], str]] = {
    "sdk-anthropic": lambda prompt: anthropic_messages(prompt, stream=True),
    "sdk-anthropic-plain": lambda prompt: anthropic_messages(prompt, stream=False),
    "sdk-chat": lambda prompt: openai_chat(prompt, stream=True),
    "sdk-chat-plain": lambda prompt: openai_chat(prompt, stream=False),
    "sdk-responses": lambda prompt: openai_responses(prompt, stream=True),
    "sdk-responses-plain": lambda prompt: openai_responses(prompt, stream=False),
    "claude-agent-sdk": claude_agent,
}

if __name__ == "__main__":
    print(AGENTS[sys.argv[1]](sys.argv[2]))
