"""Output items of OpenAI Responses that have begun and not come whole: a cut answer must not lose what they said."""

from typing import Any

from aibridge.dialects.notes import Notes
from aibridge.dialects.output_items import Item, is_call
from aibridge.dialects.payload import Value, decoded, list_of, object_of, string, value

_ADDED, _REASONING = "response.output_item.added", "reasoning"
_TEXTS = {
    "response.reasoning_summary_text.done": "summary",
    "response.reasoning_text.done": "content",
}
"""Events that tell a text of a reasoning item whole, and where the item keeps it."""
_INPUTS = {
    "response.function_call_arguments.done": "arguments",
    "response.mcp_call_arguments.done": "arguments",
    "response.custom_tool_call_input.done": "input",
    "response.code_interpreter_call_code.done": "code",
}
"""Events that tell the input of a call whole, and where the item keeps it."""
HEEDED = frozenset((_ADDED, *_TEXTS, *_INPUTS))
"""The events that matter here."""


class BegunItems:
    """Thoughts and calls, by their place in the answer. Pieces of text are not gathered: they are too many."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Any]] = {}

    def hear(self, kind: str, found: dict[str, Value]) -> None:
        """Take one of the events that are `HEEDED`."""
        place = _place(found)
        if kind == _ADDED:
            item = object_of(value(found.get("item"), Notes()))
            if item.get("type") == _REASONING or is_call(item):
                self._items[place] = {"status": "in_progress", **item}
        elif member := _TEXTS.get(kind):
            thought = self._items.setdefault(place, {"type": _REASONING})
            thought[member] = [*list_of(thought.get(member)), {"text": string(found.get("text"))}]
        elif call := self._items.get(place):
            call[_INPUTS[kind]] = string(found.get(_INPUTS[kind]))

    def forget(self, found: dict[str, Value]) -> None:
        """This event tells its item whole."""
        self._items.pop(_place(found), None)

    def told(self, whole: list[Item]) -> list[Item]:
        """Those that are not among the whole ones, as far as they were heard."""
        known = {item.get("id") for item in whole} - {None} if self._items else set()
        return [item for item in self._items.values() if item.get("id") not in known]


def _place(found: dict[str, Value]) -> str:
    return decoded(found.get("output_index", b""))
