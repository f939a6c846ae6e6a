"""What goes over the wire: a coding agent's requests and a provider's answers to them. The same bytes on every run."""

import json
import random
from functools import cache
from typing import Any

PHRASE = "the gateway reads each event and passes it on unchanged while it counts tokens and looks for tool calls"
MODEL = "claude-sonnet-4-5"
TOOL_CALL = {"type": "tool_use", "id": "toolu_01Bench0000000000000000", "name": "Bash"}
USAGE = {"input_tokens": 2095, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 18000}
PIECES = 20
"""Writes in which a streamed answer leaves the provider; they end anywhere, not where events do."""
FEW_TOOLS, MANY_TOOLS, LARGE = 2, 15, 20_000


def request_body(size: int, *, streaming: bool) -> bytes:
    """Return a Messages request of exactly `size` bytes (3,000 or more): system, tools, turns about code, a prompt."""
    tools = [_tool(number) for number in range(MANY_TOOLS if size >= LARGE else FEW_TOOLS)]
    options = {"model": MODEL, "stream": streaming, "max_tokens": 4096, "tools": tools}
    start = _json(options)[:-1] + b',"system":[{"type":"text","text":"You are a coding agent. '
    end = _json(_turn("user", "Now make the failing test pass, then run all of them.")) + b"]}"
    middle, turns = b'"}],"messages":[', _two_turns()
    room = size - len(start) - len(middle) - len(end)
    padding = (PHRASE * (len(turns) // 50)).encode()[: room % len(turns)]
    body = start + padding + middle + turns * (room // len(turns)) + end
    assert len(body) == size, "this size has no room for the parts of a request"
    return body


@cache
def plain_answer() -> bytes:
    """Return a JSON answer of about 1 KB: some text and one tool call."""
    text = {"type": "text", "text": _prose(random.Random(1), 110)}
    return _json(_message([text, TOOL_CALL | {"input": {"command": "ls -la"}}], "tool_use", output_tokens=189))


@cache
def streamed_answer() -> bytes:
    """Return a stream of 108 events, 16 KB: text in 80 parts, then a tool call whose input comes in 20."""
    chance = random.Random(2)
    texts = [{"type": "text_delta", "text": " " + _prose(chance, chance.randint(1, 4))} for _ in range(80)]
    command = json.dumps({"command": "grep -rn 'def handle' src | head -40 && sed -n 1,80p src/app.py", "timeout": 60})
    step = -(-len(command) // 20)
    parts = [{"type": "input_json_delta", "partial_json": command[step * n : step * (n + 1)]} for n in range(20)]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": _message([], None, output_tokens=1)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in texts),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": TOOL_CALL | {"input": {}}},
        *({"type": "content_block_delta", "index": 1, "delta": delta} for delta in parts),
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 189},
        },
        {"type": "message_stop"},
    ]
    return b"".join(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), _json(event)) for event in events)


def pieces(answer: bytes) -> list[bytes]:
    """Cut an answer into `PIECES` parts of one size."""
    step = -(-len(answer) // PIECES)
    return [answer[at : at + step] for at in range(0, len(answer), step)]


def _message(content: list[Any], stop_reason: str | None, *, output_tokens: int) -> dict[str, Any]:
    return {
        "id": "msg_01Bench0000000000000000",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": USAGE | {"output_tokens": output_tokens},
    }


def _tool(number: int) -> dict[str, Any]:
    properties = {
        "path": {"type": "string", "description": "Absolute path of the file"},
        "limit": {"type": "number", "description": "Most lines to read"},
        "pattern": {"type": "string"},
    }
    schema = {"type": "object", "properties": properties, "required": ["path"]}
    about = "Reads or searches files. " + _prose(random.Random(number), 30)
    return {"name": f"tool_{number}", "description": about, "input_schema": schema}


@cache
def _two_turns() -> bytes:
    """A question with code in it and its answer, with what JSON must escape, and a comma behind each."""
    code = 'def read(path):\n\treturn "".join(open(path))  # ' + PHRASE + "\n"
    return b"%s,%s," % (_json(_turn("user", code * 5)), _json(_turn("assistant", code * 3)))


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(PHRASE.split(), k=words))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
