"""The output items of OpenAI Responses, complete: https://platform.openai.com/docs/api-reference/responses/object."""

from typing import Any

from aibridge.demo.script import CallTool, Commentary, ServerTool, Text, Think
from aibridge.demo.voice import Mint, Spoken, arguments

Item = dict[str, Any]

SEALED = "gAAAAABkZW1vIHJlYXNvbmluZywgc2VhbGVkIGZvciB0aGUgcHJvdmlkZXI="
"""Encrypted reasoning: opaque to clients, which send it back."""


def item(part: Spoken, mint: Mint, *, sealed: bool) -> Item:
    """The item of one part. `sealed`: the client asked for `reasoning.encrypted_content`."""
    match part:
        case Think(text):
            return {
                "id": mint.hex("rs_"),
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": text}],
                **({"encrypted_content": SEALED} if sealed else {}),
            }
        case Text(text):
            return _message(text, "final_answer", mint)
        case Commentary(text):
            return _message(text, "commentary", mint)
        case CallTool():
            return _call(part, mint)
        case ServerTool():
            return _hosted(part, mint)


def _message(text: str, phase: str, mint: Mint) -> Item:
    return {
        "id": mint.hex("msg_"),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "phase": phase,
        "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
    }


def _call(part: CallTool, mint: Mint) -> Item:
    kind, prefix, field = (
        ("custom_tool_call", "ctc_", "input") if part.custom else ("function_call", "fc_", "arguments")
    )
    return {
        "id": mint.hex(prefix),
        "type": kind,
        "status": "completed",
        "call_id": part.id or mint.base62("call_", 24),
        "name": part.name,
        field: arguments(part),
        **({"namespace": part.namespace} if part.namespace else {}),
    }


def _hosted(part: ServerTool, mint: Mint) -> Item:
    fields = dict(part.arguments)
    if part.name == "web_search":
        fields = {"action": {"type": "search", **fields}}
    prefix = {"web_search": "ws_", "file_search": "fs_", "code_interpreter": "ci_", "mcp": "mcp_"}
    return {
        "id": mint.hex(prefix.get(part.name, "item_")),
        "type": f"{part.name}_call",
        "status": "completed",
        **fields,
    }
