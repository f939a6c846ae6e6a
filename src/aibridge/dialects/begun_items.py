"""Output items of OpenAI Responses that have begun and not come whole: a cut answer must not lose what they said."""

from aibridge.dialects.notes import Notes
from aibridge.dialects.output_items import Item, is_call
from aibridge.dialects.payload import Value, object_of, string, value

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

_Event = tuple[str, dict[str, Value]]
"""Its kind and its members, unread: nearly every item comes whole, and then nobody asks."""


class BegunItems:
    """Thoughts and calls, by their place in the answer. Pieces of text are not gathered: they are too many."""

    def __init__(self) -> None:
        self._events: dict[bytes, list[_Event]] = {}

    def hear(self, kind: str, found: dict[str, Value]) -> None:
        """Take one of the events that are `HEEDED`."""
        place = _place(found)
        if kind == _ADDED:
            self._events[place] = [(kind, found)]
        else:
            self._events.setdefault(place, []).append((kind, found))

    def forget(self, found: dict[str, Value]) -> None:
        """This event tells its item whole."""
        self._events.pop(_place(found), None)

    def told(self, whole: list[Item]) -> list[Item]:
        """Those that are not among the whole ones, as far as they were heard."""
        if not self._events:
            return []
        known = {item.get("id") for item in whole} - {None}
        begun = [_item(events) for events in self._events.values()]
        return [item for item in begun if item and item.get("id") not in known]


def _item(events: list[_Event]) -> Item:
    """What these events tell of one item; empty when it is neither a thought nor a call."""
    item: Item = {}
    for kind, found in events:
        if kind == _ADDED:
            added = object_of(value(found.get("item"), Notes()))
            if added.get("type") == _REASONING or is_call(added):
                item = {"status": "in_progress", **added}
        elif member := _TEXTS.get(kind):
            item = item or {"type": _REASONING}
            if not isinstance(item.get(member), list):
                item[member] = []
            item[member].append({"text": string(found.get("text"))})
        elif item:
            item[_INPUTS[kind]] = string(found.get(_INPUTS[kind]))
    return item


def _place(found: dict[str, Value]) -> bytes:
    return bytes(found.get("output_index", b""))
