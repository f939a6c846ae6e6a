"""What is asked, what is answered and what must be on record afterwards: all of it follows from one number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aibridge.demo.script import Answer, CallTool, Part, Pause, Text, Think, Usage

HEADER = b"x-errand"
"""Tells the provider the number; clients may send headers that nobody knows."""
ROUTES = {"messages": "anthropic/v1/messages", "chat": "openai/v1/chat/completions", "responses": "openai/v1/responses"}
"""Dialect → its route below the data plane's root."""
TERMINAL = {
    "messages": b"event: message_stop\n",
    "chat": b"data: [DONE]\n",
    "responses": b"event: response.completed\n",
}
"""The beginning of each dialect's last event."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One request."""

    number: int
    dialect: str
    streams: bool
    session: str
    after: int | None = None
    """The errand whose tool result this request carries; None: a prompt."""

    @property
    def prompt(self) -> str | None:
        """What must be on record as asked."""
        return f"errand {self.number}" if self.after is None else None

    @property
    def calls(self) -> Sequence[str]:
        """Ids of the tool calls in the answer; none in every third."""
        return calls(self.number)

    def request(self, token: str) -> bytes:
        """The bytes of the request, for a connection that is kept."""
        body = json.dumps(self._body()).encode()
        return (
            f"POST /api/v2/aibridge/{ROUTES[self.dialect]} HTTP/1.1\r\n".encode()
            + b"host: aibridge\r\nuser-agent: opencode/1.0\r\ncontent-type: application/json\r\n"
            + f"authorization: Bearer {token}\r\nx-session-id: {self.session}\r\n".encode()
            + HEADER
            + f": {self.number}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def _body(self) -> Mapping[str, Any]:
        base = {"model": "scripted", "stream": self.streams}
        if self.dialect == "responses":
            return {**base, "input": [*self._said("input_text")]}
        messages = [*self._said("text")]
        if self.dialect == "chat":
            return {**base, "messages": messages} | (
                {"stream_options": {"include_usage": True}} if self.streams else {}
            )
        return {**base, "max_tokens": 64, "messages": messages}

    def _said(self, kind: str) -> Sequence[Mapping[str, Any]]:
        if self.after is None:
            return [{"role": "user", "content": [{"type": kind, "text": f"errand {self.number}"}]}]
        first = {"role": "user", "content": "before"}
        result = calls(self.after)[-1]
        if self.dialect == "responses":
            return [first, {"type": "function_call_output", "call_id": result, "output": "done"}]
        if self.dialect == "chat":
            return [first, {"role": "tool", "tool_call_id": result, "content": "done"}]
        return [
            first,
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": result, "content": "done"}]},
        ]


def calls(number: int) -> Sequence[str]:
    """Ids of the tool calls in the answer to this errand."""
    return [f"call_{number}_{index}" for index in range(number % 3)]


def usage(number: int) -> Usage:
    """What the answer says it cost; no cache writes, which only one of the dialects knows."""
    return Usage(input=number % 1000 + 1, output=number % 77 + 1, cache_read=number % 13, cache_write=0)


def answer(number: int, *, pause: float) -> Answer:
    """What the provider says, with a pause: before the status line when the number is odd, else in the middle."""
    parts: list[Part] = [Think(f"because of {number}"), Text(f"Here is {number}. " * 4)]
    parts.insert(0 if number % 2 else 1, Pause(pause))
    parts += [CallTool("look", {"errand": number}, id=call) for call in calls(number)]
    return Answer(parts=parts, usage=usage(number), id=f"answer_{number}")
