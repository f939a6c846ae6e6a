"""Tool calls of Chat Completions, put together from deltas that vendors mark in many ways.

OpenAI gives each call an index, and its id and name once. Others give no index, or every call the same; no id, the same
one, or a new one with each delta; the name again and again, or in pieces; and the arguments more than once.
"""

from collections.abc import Iterator
from typing import Any

from aibridge.dialects.payload import INDEX, as_json, object_of, parse, text_of

MAX_NAME = 1024
"""Characters from which on a name that comes in pieces takes no more. OpenAI's longest has 64."""
PATIENCE = 2**20
"""Characters of arguments that are read again and again, to see whether they are whole, before that is given up: a
stream of any size takes time in proportion to its size."""


class Call:
    """One tool call, as far as it was heard."""

    __slots__ = ("_patience", "id", "is_free", "name", "parts", "size")

    def __init__(self, told: dict[str, Any]) -> None:
        """Read a delta, or a whole call: a function's arguments, or the free text of a custom tool."""
        tool = object_of(told.get("function")) or object_of(told.get("custom"))
        piece = tool.get("arguments", tool.get("input"))
        self.id = text_of(told.get("id"))
        self.name = text_of(tool.get("name"))
        self.is_free = "input" in tool
        self.parts = [] if piece is None or piece == "" else [as_json(piece)]
        self.size = len(self.parts[0]) if self.parts else 0
        self._patience = PATIENCE

    @property
    def input(self) -> str:
        """What is known of the arguments.

        Some vendors tell them again from the beginning with each delta, or once more at the end. Then the pieces make
        no JSON together, and the last one does alone; but in arguments that were cut, it may do so as a part of them.
        """
        together = self._together
        last = self.parts[-1] if len(self.parts) > 1 and not self.is_free else ""
        if not last.startswith("{") or _is_json(together) or not _is_json(last):
            return together
        told_again = last.startswith(self.parts[-2]) or _is_json("".join(self.parts[:-1]))
        return last if told_again else together

    @property
    def _together(self) -> str:
        return "".join(self.parts)

    @property
    def is_empty(self) -> bool:
        """Nothing is known of it: a delta had a place for a call and said nothing there."""
        return not (self.id or self.name or self.parts)

    def add(self, more: "Call") -> None:
        """Take what another delta says of this call. A name comes once, again, longer each time, or in pieces."""
        self.id = self.id or more.id
        if more.name.startswith(self.name):
            self.name = more.name
        elif len(self.name) < MAX_NAME:
            self.name += more.name
        self.parts += more.parts
        self.size += more.size

    def is_repeated_by(self, heard: "Call") -> bool:
        """Whether a delta only says the whole call once more."""
        if not self.id or self.id != heard.id or self.name != heard.name or not heard.parts:
            return False
        return self.size == heard.size and self._together == heard.parts[0]

    def is_followed_by(self, heard: "Call", *, is_indexed: bool) -> bool:
        """Whether what was heard in this call's place is not more of it, but the call behind it.

        A new id is a new call only with a name: some vendors make up an id for each delta. Without ids of their own,
        calls are told apart by what they name, and by arguments that were complete.
        """
        if self.id and heard.id and self.id != heard.id:
            return bool(heard.name) or not self.name
        if not (self.name and heard.name):
            return False
        if self.id and self.id == heard.id:
            return bool(heard.parts) and self._is_complete() and not self.is_repeated_by(heard)
        if not self.parts:
            return not is_indexed
        return self.name != heard.name or (self._is_complete() and (bool(heard.parts) or not is_indexed))

    def _is_complete(self) -> bool:
        """Whether the arguments are a whole JSON object already."""
        if not self.parts or not self.parts[-1].rstrip().endswith("}"):
            return False
        self._patience -= self.size
        return self._patience >= 0 and _is_json(self._together)


def _is_json(text: str) -> bool:
    try:
        parse(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return False
    return True


class Calls:
    """The tool calls of one choice, in the order of their beginnings."""

    __slots__ = ("_by_id", "_by_index", "_calls")

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._by_index: dict[object, Call] = {}
        self._by_id: dict[str, Call] = {}

    def __iter__(self) -> Iterator[Call]:
        return (call for call in self._calls if not call.is_empty)

    def hear(self, position: int, told: dict[str, Any], *, whole: bool) -> None:
        """Take a delta from this place of its list; in a whole message each stands for itself, whatever its id.

        A delta belongs by its index, or by its place where a vendor gives none, and there by its id.
        """
        index = told.get("index")
        is_indexed = isinstance(index, INDEX)
        key = index if is_indexed else (position,)
        heard = Call(told)
        if not (whole or heard.id or heard.name) and (known := self._by_index.get(key)):
            known.add(heard)  # as nearly all deltas are: nothing but more of the arguments
            return
        known = None if whole else self._known(key, heard, is_indexed=is_indexed)
        if known is None or known.is_followed_by(heard, is_indexed=is_indexed):
            known = heard
            self._calls.append(heard)
        elif not known.is_repeated_by(heard):
            known.add(heard)
        self._by_index[key] = known
        if known.id:
            self._by_id[known.id] = known

    def hear_hosted(self, position: int, told: dict[str, Any]) -> None:
        """Take a tool that the provider ran itself, as Groq tells: once when it begins, and again with its result.

        https://console.groq.com/docs/compound/built-in-tools
        """
        key = ("hosted", str(told.get("index", position)))
        known = self._by_index.get(key)
        heard = Call({"function": {**told, "name": text_of(told.get("name")) or told.get("type")}})
        if known is None:
            self._by_index[key] = heard
            self._calls.append(heard)
        elif not known.parts:
            known.parts = heard.parts

    def _known(self, key: object, heard: Call, *, is_indexed: bool) -> Call | None:
        """The call that this delta may go on with."""
        known = self._by_index.get(key)
        if not heard.id or (known is None and is_indexed) or (known is not None and known.id in ("", heard.id)):
            return known
        return self._by_id.get(heard.id, known)
