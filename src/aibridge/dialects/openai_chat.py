"""OpenAI Chat Completions: reading requests.

https://platform.openai.com/docs/api-reference/chat/create
"""

from aibridge.dialects import clients
from aibridge.dialects.body import read_head
from aibridge.dialects.dialect import Buffer, Edit, Headers, Listener
from aibridge.dialects.include_usage import ask_for_usage
from aibridge.dialects.listening import is_plain
from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_chat_answers import ChatPlain, ChatStream
from aibridge.dialects.openai_errors import openai_error_body
from aibridge.dialects.payload import Value, items, list_of, object_of, text_of
from aibridge.dialects.request import Asked, asked_value, read_facts, titles, unread_facts
from aibridge.dialects.tool_results import tool_result
from aibridge.records import RequestFacts, ToolResult

_INSTRUCTING = ("system", "developer")


class OpenAIChat:
    """The Chat Completions API of OpenAI and of everything compatible with it."""

    name = "openai_chat"

    def read_request(self, body: Buffer, headers: Headers, *, results: bool = False) -> RequestFacts:
        """Read a decoded request body; see `Dialect`."""
        caller = clients.identify(headers)
        head = read_head(body)
        if head is None:
            return unread_facts(caller)
        notes = Notes()
        messages = items(head.get("messages"))
        side = caller.client in clients.TITLING and titles(caller, head, _systems(messages))
        return read_facts(
            head,
            caller,
            _asked(messages, notes),
            notes,
            session_id=None,
            side_request=side,
            results=_results(messages, notes) if results else (),
        )

    def listen(self, *, status: int, streaming: bool, answers: bool = False) -> Listener:
        """A listener for one answer."""
        return (
            ChatPlain(status, answers=answers) if is_plain(status, streaming=streaming) else ChatStream(answers=answers)
        )

    def error_body(self, *, status: int, message: str) -> bytes:
        """The gateway's own error in OpenAI's envelope."""
        return openai_error_body(status=status, message=message)

    def include_usage(self, body: bytes, facts: RequestFacts) -> Edit | None:
        """Ask for usage in the stream where the client left that open; see `include_usage`."""
        return ask_for_usage(body) if facts.stream and not facts.unread else None


def _asked(messages: list[Value], notes: Notes) -> Asked:
    """Read the last message that is not an instruction."""
    for raw in reversed(messages):
        message = object_of(asked_value(raw, notes))
        role = message.get("role")
        if role == "user":
            return Asked(prompt=_prompt(message.get("content")))
        if role == "tool":
            return Asked(correlating_tool_call_id=text_of(message.get("tool_call_id")) or None)
        if role not in _INSTRUCTING:
            break
    return Asked()


def _results(messages: list[Value], notes: Notes) -> list[ToolResult]:
    """What tools returned since the model last spoke, in order."""
    found: list[ToolResult] = []
    for raw in reversed(messages):
        message = object_of(asked_value(raw, notes))
        role = message.get("role")
        if role == "assistant":
            break
        if role in ("tool", "function"):
            found.append(tool_result(message.get("tool_call_id"), message.get("content")))
    return found[::-1]


def _prompt(content: object) -> str | None:
    if isinstance(content, str):
        return content
    parts = [object_of(part) for part in list_of(content)]
    texts = [text_of(part.get("text")) for part in parts if part.get("type") == "text"]
    return texts[-1] if texts else None


def _systems(messages: list[Value]) -> list[str]:
    """The texts of the instructions that open the conversation."""
    texts: list[str] = []
    for raw in messages:
        message = object_of(asked_value(raw, Notes()))
        if message.get("role") not in _INSTRUCTING:
            break
        texts.append(_prompt(message.get("content")) or "")
    return texts
