"""What a client sends back for tool calls: the same few shapes in every API."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import list_of, object_of, text_of
from aibridge.records import ToolResult

MAX_RESULTS = 4 * 2**20
"""Characters kept of all results of one request."""
CUT = f"what tools returned beyond {MAX_RESULTS} characters is left out"
_TEXTS = ("text", "stdout", "stderr")
"""Where a part keeps words; the last two in the results of a shell."""


def tool_result(call_id: object, content: object, *, is_error: bool | None = None) -> ToolResult:
    """The texts of a result, one below the other; what else it holds is counted by its type."""
    if isinstance(content, str):
        return ToolResult(provider_tool_call_id=text_of(call_id), content=content, is_error=is_error)
    texts: list[str] = []
    left_out: Counter[str] = Counter()
    for part in [content] if isinstance(content, dict) else list_of(content):
        found = [part] if isinstance(part, str) else list(_texts(object_of(part)))
        texts += found
        if not found:
            left_out[text_of(object_of(part).get("type")) or "unknown"] += 1
    return ToolResult(
        provider_tool_call_id=text_of(call_id),
        content="\n".join(filter(None, texts)),
        is_error=is_error,
        metadata={"left_out": dict(left_out)} if left_out else {},
    )


def bounded(results: Iterable[ToolResult], notes: Notes) -> tuple[ToolResult, ...]:
    """No more of their texts than `MAX_RESULTS`."""
    kept: list[ToolResult] = []
    room = MAX_RESULTS
    for result in results:
        if len(result.content) > room:
            notes.add(CUT)
        kept.append(
            ToolResult(
                provider_tool_call_id=result.provider_tool_call_id,
                content=result.content[:room],
                is_error=result.is_error,
                metadata=result.metadata,
            )
        )
        room -= len(kept[-1].content)
    return tuple(kept)


def _texts(part: dict[str, Any]) -> Iterator[str]:
    return (part[name] for name in _TEXTS if isinstance(part.get(name), str))
