"""Conversations in the dialect of Chat Completions."""

from typing import Any

from aibridge.demo.clients.client import Called, History, result
from aibridge.demo.scene import Round
from aibridge.demo.voice import arguments


def took(history: History, round_: Round, called: list[Called]) -> None:
    """The model's message, and one message for each result."""
    message: dict[str, Any] = {"role": "assistant", "content": round_.say or None}
    if called:
        message["tool_calls"] = [
            {
                "id": one.call.id,
                "type": "function",
                "function": {"name": one.call.name, "arguments": arguments(one.call)},
            }
            for one in called
        ]
    history.append(message)
    history.extend({"role": "tool", "tool_call_id": one.call.id, "content": result(one.act)} for one in called)


def tool(name: str, *required: str) -> dict[str, Any]:
    """The declaration of a function, abridged."""
    parameters = {
        "type": "object",
        "properties": {field: {"type": "string"} for field in required},
        "required": list(required),
    }
    return {
        "type": "function",
        "function": {"name": name, "description": f"{name} (abridged)", "parameters": parameters},
    }
