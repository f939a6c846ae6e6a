"""Conversations in Anthropic's dialect."""

from typing import Any

from aibridge.demo.anthropic import SIGNATURE
from aibridge.demo.clients.client import Called, History, result
from aibridge.demo.scene import Round, Run


def prompt(history: History, text: str, *, before: str = "") -> None:
    """A user message; `before` is what the client puts ahead of the words."""
    injected = [{"type": "text", "text": before}] if before else []
    history.append({"role": "user", "content": [*injected, {"type": "text", "text": text}]})


def took(history: History, round_: Round, called: list[Called]) -> None:
    """The model's blocks, and the results of its tools."""
    content: list[dict[str, Any]] = []
    if round_.think:
        content.append({"type": "thinking", "thinking": round_.think, "signature": SIGNATURE})
    if round_.say:
        content.append({"type": "text", "text": round_.say})
    content += [
        {"type": "tool_use", "id": one.call.id, "name": one.call.name, "input": one.call.arguments} for one in called
    ]
    history.append({"role": "assistant", "content": content})
    if called:
        history.append({"role": "user", "content": [_result(one) for one in called]})


def _result(one: Called) -> dict[str, Any]:
    failed = {"is_error": True} if isinstance(one.act, Run) and one.act.fails else {}
    return {"type": "tool_result", "tool_use_id": one.call.id, "content": result(one.act), **failed}


def tool(name: str, *required: str) -> dict[str, Any]:
    """The declaration of a tool, abridged."""
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in required}}
    return {"name": name, "description": f"{name} (abridged)", "input_schema": {**schema, "required": list(required)}}
