"""Anthropic Messages: reading requests.

https://docs.anthropic.com/en/api/messages
"""

import json
import re
from typing import Any

from aibridge.dialects import clients
from aibridge.dialects.anthropic_answers import AnthropicPlain
from aibridge.dialects.anthropic_stream import AnthropicStream
from aibridge.dialects.body import read_head
from aibridge.dialects.dialect import Buffer, Edit, Headers, Listener
from aibridge.dialects.listening import is_plain
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import Value, fields, items, list_of, object_of, string, text_of, value
from aibridge.dialects.request import Asked, asked_value, has_tools, read_facts, titles, unread_facts
from aibridge.dialects.tool_results import tool_result
from aibridge.records import RequestFacts, ToolResult

_INJECTED = re.compile(r"\s*+(?:<system-reminder>(?>.*?</system-reminder>)\s*+)+", re.DOTALL)
"""A text that is nothing but reminders which the client wrote itself. Text between two reminders is a person's."""
_ASKS_FOR_THE_REST = (
    "Your response above was cut off mid-stream. Resume directly from where it stops — no apology, no recap. "
    "If none of it survived, answer the request from the start."
)
"""What Claude Code (2.1.330) puts behind the prompt after a cut. Exactly these words hide nothing."""

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    501: "not_supported",
    529: "overloaded_error",
}
"""https://docs.anthropic.com/en/api/errors"""


class AnthropicMessages:
    """The Messages API."""

    name = "anthropic_messages"

    def read_request(self, body: Buffer, headers: Headers, *, results: bool = False) -> RequestFacts:
        """Read a decoded request body; see `Dialect`."""
        caller = clients.identify(headers)
        head = read_head(body)
        if head is None:
            return unread_facts(caller)
        notes = Notes()
        claude = caller.client == clients.CLAUDE_CODE
        systems = _systems(head.get("system"), only_first=claude)
        side = (claude and _wants_format(head) and not has_tools(head)) or titles(caller, head, systems)
        return read_facts(
            head,
            caller,
            _asked(head.get("messages"), notes),
            notes,
            session_id=_session_id(head, claude=claude),
            side_request=side,
            results=_results(head.get("messages"), notes) if results else (),
            metadata={"subagent": True} if claude and any("cc_is_subagent=true" in text for text in systems) else {},
        )

    def listen(self, *, status: int, streaming: bool, answers: bool = False) -> Listener:
        """A listener for one answer."""
        if is_plain(status, streaming=streaming):
            return AnthropicPlain(status, answers=answers)
        return AnthropicStream(answers=answers)

    def error_body(self, *, status: int, message: str) -> bytes:
        """The gateway's own error in Anthropic's envelope."""
        fallback = "api_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004
        error = {"type": _ERROR_TYPES.get(status, fallback), "message": message}
        return json.dumps({"type": "error", "error": error}).encode()

    def include_usage(self, body: bytes, facts: RequestFacts) -> Edit | None:  # noqa: ARG002
        """None: these streams always tell the usage."""
        return None


def _asked(messages: Value | None, notes: Notes) -> Asked:
    """Read the last message; newer clients let messages of role `system` follow it."""
    for raw in reversed(items(messages)):
        message = object_of(asked_value(raw, notes))
        role = message.get("role")
        if role != "system":
            content = message.get("content")
            if isinstance(content, str):
                return Asked(prompt=content if role == "user" else None)
            blocks = [object_of(block) for block in list_of(content)]
            answered = _last_result(blocks)
            return Asked(_prompt(blocks, notes, answered=answered is not None) if role == "user" else None, answered)
    return Asked()


def _prompt(blocks: list[dict[str, Any]], notes: Notes, *, answered: bool) -> str | None:
    """The last text that a person may have written.

    A prompt must not be hidden in a reminder. Behind what a tool returned nobody has asked anything as a rule, and
    clients put their reminders there; who would hide something could do so in that result as well.
    """
    texts = [text_of(block.get("text")) for block in blocks if block.get("type") == "text"]
    texts = [text for text in texts if text.strip() != _ASKS_FOR_THE_REST]
    human = [text for text in texts if not _INJECTED.fullmatch(text)]
    if human or answered or not texts:
        return human[-1] if human else None
    notes.add("every text of the last message looks injected by the client; the last one is kept as its prompt")
    return texts[-1]


def _last_result(blocks: list[dict[str, Any]]) -> str | None:
    ids = [text_of(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]
    return (ids[-1] or None) if ids else None


def _results(messages: Value | None, notes: Notes) -> list[ToolResult]:
    """What tools returned since the model last spoke, in order."""
    found: list[ToolResult] = []
    for raw in reversed(items(messages)):
        message = object_of(asked_value(raw, notes))
        if message.get("role") == "assistant":
            break
        blocks = [object_of(block) for block in list_of(message.get("content"))]
        found[:0] = [_result(block) for block in blocks if block.get("type") == "tool_result"]
    return found


def _result(block: dict[str, Any]) -> ToolResult:
    failed = block.get("is_error")
    return tool_result(
        block.get("tool_use_id"), block.get("content"), is_error=failed if isinstance(failed, bool) else None
    )


def _systems(system: Value | None, *, only_first: bool) -> list[str]:
    blocks = items(system)
    if not blocks:
        return [string(system)]
    return [string(fields(block).get("text")) for block in (blocks[:1] if only_first else blocks)]


def _wants_format(head: dict[str, Value]) -> bool:
    wanted = fields(head.get("output_config")).get("format")
    return wanted is not None and value(wanted, Notes()) is not None


def _session_id(head: dict[str, Value], *, claude: bool) -> str | None:
    user_id = string(fields(head.get("metadata")).get("user_id")) if claude else ""
    return clients.session_of_claude_user_id(user_id)
