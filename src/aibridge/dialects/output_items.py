"""The output items of OpenAI Responses: calls, hosted calls, and what the model says about why."""

from collections.abc import Iterator
from typing import Any

from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import as_json, list_of, object_of, text_of
from aibridge.dialects.said import Said
from aibridge.records import ModelAnswer, ModelThought, ThoughtSource, ToolUsage

Item = dict[str, Any]
"""One output item, read."""

_CALL = "_call"
_PROGRAM = "program"
"""JavaScript of the model's own that the provider runs; what it calls comes as calls beside it.
https://platform.openai.com/docs/guides/tools-programmatic-tool-calling"""
_FREE_OF_CALL_ID = frozenset(
    (
        "code_interpreter_call",
        "file_search_call",
        "image_generation_call",
        "mcp_call",
        "multi_agent_call",
        _PROGRAM,
        "web_search_call",
    )
)
"""Hosted calls: their results never come back through the client as a function's output. `local_shell_call` is none of
them: it is run by the client, which answers with its `call_id`.
https://platform.openai.com/docs/guides/tools-local-shell"""
_INPUTS = ("arguments", "input", "revised_prompt", "action", "actions", "operation", "code", "queries")
"""Where the kinds of calls keep what they are called with; the first that is there counts."""
_EXTRAS = ("action", "namespace", "server_label", "status")


def is_call(item: Item) -> bool:
    """Whether the model calls a tool here."""
    kind = text_of(item.get("type"))
    return kind.endswith(_CALL) or kind == _PROGRAM


def tool_usages(response_id: str, items: list[Item]) -> tuple[ToolUsage, ...]:
    """Every call among the items, in order."""
    return tuple(_tool_usage(response_id, item) for item in items if is_call(item))


def model_thoughts(items: list[Item]) -> tuple[ModelThought, ...]:
    """Every thought among the items, in order."""
    return tuple(thought for item in items for thought in _thoughts(item) if thought.content)


def model_answers(items: list[Item], notes: Notes) -> tuple[ModelAnswer, ...]:
    """What the items say to whoever asked, in order. Commentary is a thought."""
    said = Said(notes)
    for position, item in enumerate(items):
        if item.get("type") == "message" and not is_commentary(item):
            for number, part in enumerate(map(object_of, list_of(item.get("content")))):
                text = part.get("text") or part.get("refusal")
                said.hear((position, number), text, refusal=part.get("type") == "refusal")
                if item.get("status") != "incomplete":
                    said.close((position, number))
    return said.told()


def _tool_usage(response_id: str, item: Item) -> ToolUsage:
    kind = text_of(item.get("type"))
    given = next((item[name] for name in _INPUTS if item.get(name) is not None), "")
    error = item.get("error")
    told = [(name, item.get(name)) for name in _EXTRAS]
    if "caller" in item or "agent" in item:
        told += _callers(item)
    return ToolUsage(
        provider_response_id=response_id,
        tool=text_of(item.get("name")) or kind,
        input=as_json(given),
        provider_tool_call_id=None if kind in _FREE_OF_CALL_ID else text_of(item.get("call_id")) or None,
        provider_item_id=text_of(item.get("id")) or None,
        invocation_error=None if error is None else as_json(error),
        metadata={name: found for name, found in told if isinstance(found, str) and found not in ("completed", given)},
    )


def _callers(item: Item) -> Iterator[tuple[str, object]]:
    """Who called, where it was not the model itself: a program, by its call's id, or one of several agents."""
    yield "caller_id", object_of(item.get("caller")).get("caller_id")
    yield "agent_name", object_of(item.get("agent")).get("agent_name")


def is_commentary(item: Item) -> bool:
    """Whether the model speaks of what it does, before it answers."""
    return item.get("type") == "message" and item.get("phase") == "commentary"


def _thoughts(item: Item) -> Iterator[ModelThought]:
    kind = item.get("type")
    if kind == "reasoning":
        yield from _texts(item.get("summary"), ThoughtSource.REASONING_SUMMARY)
        yield from _texts(item.get("content"), ThoughtSource.REASONING)
    elif is_commentary(item):
        texts = [text_of(object_of(part).get("text")) for part in list_of(item.get("content"))]
        yield ModelThought(source=ThoughtSource.COMMENTARY, content="\n".join(filter(None, texts)))


def _texts(parts: object, source: ThoughtSource) -> Iterator[ModelThought]:
    for part in list_of(parts):
        yield ModelThought(source=source, content=text_of(object_of(part).get("text")))
