"""OpenAI Responses: reading requests.

https://platform.openai.com/docs/api-reference/responses/create
"""

from typing import Any

from aibridge.dialects import clients
from aibridge.dialects.body import read_head
from aibridge.dialects.codex import codex_wrote
from aibridge.dialects.dialect import Buffer, Edit, Headers, Listener
from aibridge.dialects.listening import is_plain
from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_errors import openai_error_body
from aibridge.dialects.openai_responses_answers import ResponsesPlain, ResponsesStream
from aibridge.dialects.payload import Value, fields, is_string, items, list_of, object_of, string, text_of, truth
from aibridge.dialects.request import Asked, asked_value, read_facts, titles, unread_facts
from aibridge.dialects.tool_results import tool_result
from aibridge.errors import RequestRefused
from aibridge.records import RequestFacts, ToolResult

_INSTRUCTING = ("system", "developer")
_CALL_OUTPUT = ("_call_output", "tool_search_output")
"""How the kinds of items end that bring back what a tool returned.
https://platform.openai.com/docs/guides/tools-tool-search"""
_LOCAL_SHELL = "local_shell_call_output"
_AGENT_MESSAGE = "agent_message"
_PASSED_OVER = (_AGENT_MESSAGE, "configuration_update")
_OF_THE_MODEL = ("compaction", "item_reference", "mcp_approval_request", "mcp_list_tools", "program", "reasoning")
"""Kinds of items beside calls that were in an earlier answer, or stand for one that was: clients that let the provider
store their conversation send references instead of calls."""
_TEXT_PARTS = ("input_text", "text")
"""The second is of compatible servers, and of clients that know only the other API."""


class OpenAIResponses:
    """The Responses API."""

    name = "openai_responses"

    def __init__(self, *, compacts: bool = False) -> None:
        """`compacts`: its requests only hand a conversation over; what the model answered is not asked again."""
        self._compacts = compacts

    def read_request(self, body: Buffer, headers: Headers, *, results: bool = False) -> RequestFacts:
        """Read a decoded request body; see `Dialect`. `background: true` is refused with 501."""
        caller = clients.identify(headers)
        head = read_head(body)
        if head is None:
            return unread_facts(caller)
        if truth(head.get("background")):
            raise RequestRefused(
                "Background responses are not supported: their result would escape the audit.", status=501
            )
        notes = Notes()
        key = string(head.get("prompt_cache_key"))
        return read_facts(
            head,
            caller,
            _asked(head.get("input"), notes, codex=caller.client == clients.CODEX, answered=self._compacts),
            notes,
            session_id=clients.session_of_responses_client(caller.client, headers, key),
            side_request=caller.client in clients.TITLING and titles(caller, head, _systems(head)),
            results=_results(head.get("input"), notes) if results else (),
            metadata=_stored(head),
        )

    def listen(self, *, status: int, streaming: bool, answers: bool = False) -> Listener:
        """A listener for one answer."""
        if is_plain(status, streaming=streaming):
            return ResponsesPlain(status, answers=answers)
        return ResponsesStream(answers=answers)

    def error_body(self, *, status: int, message: str) -> bytes:
        """The gateway's own error in OpenAI's envelope."""
        return openai_error_body(status=status, message=message)

    def include_usage(self, body: bytes, facts: RequestFacts) -> Edit | None:  # noqa: ARG002
        """None: these streams always tell the usage."""
        return None


def _stored(head: dict[str, Value]) -> dict[str, str]:
    """The ids of what the provider keeps and this request goes on from: an answer, a conversation, a prompt's text."""
    conversation = head.get("conversation")
    found = {
        "previous_response_id": string(head.get("previous_response_id")),
        "conversation": string(conversation) or string(fields(conversation).get("id")),
        "prompt_template": string(fields(head.get("prompt")).get("id")),
    }
    return {name: known for name, known in found.items() if known}


def _asked(given: Value | None, notes: Notes, *, codex: bool, answered: bool) -> Asked:
    """Read the last input item that is neither an instruction nor the model's own.

    Codex keeps the part of a cut answer that had arrived and asks for the rest: it still answers what came before.
    What its agents say to each other it puts behind the result of the call that waited for it. Behind a prompt that is
    a subagent's task: then the prompt is not a person's. Skills and notices it puts behind the prompt or the result
    that they belong to, as if the user had said them; a prompt must not be hidden in one where there is no other.
    `answered`: what the model said at the end is no part of a cut answer.
    """
    if text := text_of(asked_value(given, notes) if is_string(given) else None):
        return Asked(prompt=text)
    told_by_agent = False
    injected: list[str] = []
    for raw in reversed(items(given)):
        item = object_of(asked_value(raw, notes))
        kind, role = text_of(item.get("type")), item.get("role")
        if kind.endswith(_CALL_OUTPUT):
            return Asked(correlating_tool_call_id=_answered(item) or None)
        if role == "user" and not told_by_agent:
            texts = _texts(item.get("content"))
            human = [text for text in texts if not (codex and codex_wrote(text))]
            if human or not texts:
                return Asked(prompt="\n".join(human) if human else None)
            injected = injected or texts
        elif _is_asked_before(kind, role, alone=bool(injected) or answered):
            break
        told_by_agent |= kind == _AGENT_MESSAGE
    if injected:
        notes.add("what was asked looks injected by the client; its last item is kept as the prompt")
    return Asked(prompt="\n".join(injected) or None)


def _is_asked_before(kind: str, role: object, *, alone: bool) -> bool:
    """Whether nothing before this item is asked by this request. `alone`: nor by what the model said at the end."""
    if role == "assistant" or kind == "reasoning":
        return alone
    return kind not in _PASSED_OVER and role not in _INSTRUCTING


def _results(given: Value | None, notes: Notes) -> list[ToolResult]:
    """What tools returned since the model's last item, in order."""
    found: list[ToolResult] = []
    for raw in reversed(items(given)):
        item = object_of(asked_value(raw, notes))
        kind = text_of(item.get("type"))
        if item.get("role") == "assistant" or kind in _OF_THE_MODEL or kind.endswith("_call"):
            break
        if kind.endswith(_CALL_OUTPUT):
            failed = True if item.get("status") == "failed" else None
            found.append(tool_result(_answered(item), item.get("output", item.get("tools")), is_error=failed))
    return found[::-1]


def _answered(item: dict[str, Any]) -> str:
    """The id of the call that an item answers; that of a local shell may stand in `id`, as the reference has it."""
    call_id = text_of(item.get("call_id"))
    return call_id or (text_of(item.get("id")) if item.get("type") == _LOCAL_SHELL else "")


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = [object_of(part) for part in list_of(content)]
    return [text_of(part.get("text")) for part in parts if part.get("type") in _TEXT_PARTS]


def _systems(head: dict[str, Value]) -> list[str]:
    """The instructions, and the texts of the instructing items that open the input."""
    texts = [string(head.get("instructions"))]
    for raw in items(head.get("input")):
        item = object_of(asked_value(raw, Notes()))
        if item.get("role") not in _INSTRUCTING:
            break
        texts.append("\n".join(_texts(item.get("content"))))
    return texts
