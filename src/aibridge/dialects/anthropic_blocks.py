"""The content blocks of Anthropic Messages that matter to an audit: calls and thoughts."""

from typing import Any

import msgspec

from aibridge.records import ModelThought, ThoughtSource, ToolUsage

SIZE_OF_BLOCK = 1024
"""Bytes, about: what an empty block takes in memory."""


class Block(msgspec.Struct):
    """One content block, as far as it was heard."""

    kind: str
    id: str = ""
    name: str = ""
    server_name: str = ""
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


def is_kept(kind: str) -> bool:
    """Whether blocks of this kind are gathered."""
    return kind == "thinking" or kind.endswith("tool_use")


def tool_usages(response_id: str, blocks: list[Block]) -> tuple[ToolUsage, ...]:
    """The calls among the blocks, in order."""
    return tuple([_tool_usage(response_id, block) for block in blocks if block.kind != "thinking"])


def _tool_usage(response_id: str, block: Block) -> ToolUsage:
    """Only `tool_use` is answered through the client; `server_tool_use` and `mcp_tool_use` are hosted."""
    of_client = block.kind == "tool_use"
    metadata: dict[str, Any] = {} if block.stopped else {"incomplete": True}
    if block.server_name:
        metadata["server_name"] = block.server_name
    return ToolUsage(
        provider_response_id=response_id,
        tool=block.name,
        input=block.content,
        provider_tool_call_id=(block.id or None) if of_client else None,
        provider_item_id=None if of_client else (block.id or None),
        metadata=metadata,
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
