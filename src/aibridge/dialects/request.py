"""What the three dialects share when they make facts of a request."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aibridge.dialects import clients
from aibridge.dialects.clients import Caller
from aibridge.dialects.json_scan import skip_space
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import Value, string, truth, value_cut
from aibridge.dialects.tool_results import bounded
from aibridge.records import RequestFacts, ToolResult

MAX_PROMPT = 8 * 2**20
"""Bytes of UTF-8 kept of a prompt. No provider accepts more: the largest context of today is about 4 MB of text."""


class Asked(NamedTuple):
    """What a dialect found in the messages."""

    prompt: str | None = None
    correlating_tool_call_id: str | None = None


def unread_facts(caller: Caller) -> RequestFacts:
    """The facts of a request whose body is not JSON: the headers still say something."""
    return RequestFacts(
        client=caller.client,
        client_session_id=caller.session_id,
        agent_id=caller.agent_id,
        parent_agent_id=caller.parent_agent_id,
        unread=True,
        notes=("the request body is not JSON",),
        metadata=caller.metadata,
    )


def read_facts(
    head: Mapping[str, Value],
    caller: Caller,
    asked: Asked,
    notes: Notes,
    *,
    session_id: str | None,
    side_request: bool,
    results: Iterable[ToolResult] = (),
    metadata: Mapping[str, Any] = {},
) -> RequestFacts:
    """The facts of a request. `session_id` is what the body declares, for when the headers declare none.

    Only a request with a session id can be a side request: it must not be a way to hide a prompt.
    """
    prompt = bounded_prompt(asked.prompt, notes)
    session_id = caller.session_id or session_id
    side_request = side_request and session_id is not None
    side = {"side_prompt": prompt} if side_request and prompt is not None else {}
    return RequestFacts(
        model=string(head.get("model")),
        stream=truth(head.get("stream")),
        prompt=None if side_request else prompt,
        correlating_tool_call_id=asked.correlating_tool_call_id,
        client=caller.client,
        client_session_id=session_id,
        agent_id=caller.agent_id,
        parent_agent_id=caller.parent_agent_id,
        side_request=side_request,
        tool_results=bounded(results, notes),
        notes=notes.told(),
        metadata={**caller.metadata, **metadata, **side},
    )


def asked_value(text: Value | None, notes: Notes) -> Any:
    """Read a message or an input; of texts that no record would keep whole only what it keeps."""
    return None if text is None else value_cut(text, notes, MAX_PROMPT)


def bounded_prompt(prompt: str | None, notes: Notes) -> str | None:
    """A prompt cut at `MAX_PROMPT`."""
    if prompt is None or len(prompt) * 4 <= MAX_PROMPT:
        return prompt
    # No more is copied than is kept: a character has at least one byte, and this may be one of four bodies of 64 MiB.
    written = prompt[:MAX_PROMPT].encode("utf-8", "surrogatepass")
    if len(written) <= MAX_PROMPT and len(prompt) <= MAX_PROMPT:
        return prompt
    notes.add(f"the prompt was cut at {MAX_PROMPT} bytes")
    return written[:MAX_PROMPT].decode("utf-8", "ignore")


def has_tools(head: Mapping[str, Value]) -> bool:
    """Whether the request offers the model any tool: `tools` is there and is neither null nor an empty array."""
    tools = memoryview(head.get("tools", b"null"))
    inside = skip_space(tools, 1)
    return bytes(tools[:1]) != b"n" and bytes(tools[inside : inside + 1]) != b"]"


def titles(caller: Caller, head: Mapping[str, Value], systems: list[str]) -> bool:
    """Whether this is OpenCode or Kilo Code asking for a title."""
    if caller.client not in clients.TITLING:
        return False
    asks = any(clients.titles(caller.client, system) for system in systems)
    return asks and not has_tools(head)
