"""The content blocks of Anthropic Messages that matter to an audit: calls and thoughts."""

from typing import Any

import msgspec

from aibridge.dialects.payload import as_json, text_of
from aibridge.records import ModelThought, ThoughtSource, ToolUsage

SIZE_OF_BLOCK = 1024
"""Bytes, about: what an empty block takes in memory."""


class Block(msgspec.Struct):
    """One content block, as far as it was heard."""

    kind: str
    id: str = ""
    name: str = ""
    origin: dict[str, Any] = {}
    """Whose tool it is, or who calls it, where it is not simply the model with a tool of the client's."""
    whole: str = ""
    """What the block's start, or a plain answer, says at once: the input of a tool, or a thought."""
    parts: list[str] = []
    """What the deltas add."""
    stopped: bool = False

    @property
    def content(self) -> str:
        """All that is known of its input, or of the thought.

        Deltas spell the whole input of a tool, whatever its start said. A thought goes on where its start ended.
        """
        told = "".join(self.parts)
        return self.whole + told if self.kind == "thinking" else told or self.whole


class Blocks:
    """The blocks of a stream, in the order in which they first came."""

    __slots__ = ("_all", "_open")

    def __init__(self) -> None:
        self._all: dict[object, Block] = {}
        self._open: dict[object, Block] = {}

    def at(self, index: object) -> Block | None:
        """The block that deltas of this index belong to."""
        return self._open.get(index)

    def begin(self, index: object, block: Block) -> None:
        """Take a block that begins.

        Some vendors count every block as the first: a new one ends the old one and does not replace it. A call that is
        told again, under its own id, is one call.
        """
        self._all[(index, block.id) if block.id else len(self._all)] = block
        self._open[index] = block

    def leave(self, index: object) -> None:
        """A block begins here of which nothing is kept."""
        self._open.pop(index, None)

    def all(self) -> list[Block]:
        """All that were heard."""
        return list(self._all.values())


def started(start: dict[str, Any]) -> Block:
    """A block as its start tells it."""
    kind = text_of(start.get("type"))
    return Block(
        kind=kind,
        id=text_of(start.get("id")),
        name=text_of(start.get("name")),
        origin=origin(start.get("server_name"), start.get("toolset_name"), start.get("caller")),
        whole=text_of(start.get("thinking")) if kind == "thinking" else as_json(start.get("input") or {}),
        parts=[],
    )


def origin(server_name: object, toolset_name: object, caller: object) -> dict[str, Any]:
    """What a call says of its MCP server, of its set of tools, and of the program that makes it, if one does."""
    told: dict[str, Any] = {}
    if isinstance(server_name, str) and server_name:
        told["server_name"] = server_name
    if isinstance(toolset_name, str) and toolset_name:
        told["toolset_name"] = toolset_name
    if isinstance(caller, dict) and caller.get("type") != "direct":
        told["caller"] = {name: caller[name] for name in ("type", "tool_id") if isinstance(caller.get(name), str)}
    return told


def is_kept(kind: str) -> bool:
    """Whether blocks of this kind are gathered."""
    return kind == "thinking" or kind.endswith("tool_use")


def tool_usages(response_id: str, blocks: list[Block]) -> tuple[ToolUsage, ...]:
    """The calls among the blocks, in order."""
    return tuple([_tool_usage(response_id, block) for block in blocks if block.kind != "thinking"])


def _tool_usage(response_id: str, block: Block) -> ToolUsage:
    """Only `tool_use` is answered through the client; `server_tool_use` and `mcp_tool_use` are hosted."""
    of_client = block.kind == "tool_use"
    return ToolUsage(
        provider_response_id=response_id,
        tool=block.name,
        input=block.content,
        provider_tool_call_id=(block.id or None) if of_client else None,
        provider_item_id=None if of_client else (block.id or None),
        metadata=block.origin if block.stopped else {"incomplete": True, **block.origin},
    )


def model_thoughts(blocks: list[Block]) -> tuple[ModelThought, ...]:
    """The thoughts among the blocks, in order."""
    return tuple(
        [
            ModelThought(source=ThoughtSource.THINKING, content=block.content)
            for block in blocks
            if block.kind == "thinking" and block.content
        ]
    )
