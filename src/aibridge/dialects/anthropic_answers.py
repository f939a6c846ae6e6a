"""Anthropic Messages: reading plain answers.

https://docs.anthropic.com/en/api/messages
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from aibridge.dialects.anthropic_blocks import Block, is_kept, model_thoughts, origin, tool_usages
from aibridge.dialects.anthropic_stream import AnthropicStream, token_usage
from aibridge.dialects.listening import NO_OBJECT, PlainListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import Value, decoded, fields, items, object_of, string, value
from aibridge.dialects.provider_error import error_in
from aibridge.dialects.said import Said
from aibridge.records import ModelAnswer, ReplyFacts


class _PlainBlock(msgspec.Struct):
    """A content block of a plain answer, spelt as the reference says."""

    type: str
    id: str = ""
    name: str = ""
    server_name: str | None = None
    toolset_name: str | None = None
    caller: Any = None
    input: msgspec.Raw = msgspec.Raw(b"{}")
    thinking: str = ""
    text: msgspec.Raw = msgspec.Raw(b'""')

    def block(self) -> Block:
        """The same as a block that was heard."""
        whole = self.thinking if self.type == "thinking" else decoded(self.input)
        told = origin(self.server_name, self.toolset_name, self.caller)
        return Block(kind=self.type, id=self.id, name=self.name, origin=told, whole=whole, stopped=True)


class _PlainMessage(msgspec.Struct):
    """A plain answer, spelt as the reference says."""

    id: str
    model: str
    content: list[_PlainBlock]
    usage: dict[str, Any]
    stop_reason: str | None = None
    error: msgspec.UnsetType = msgspec.UNSET


_MEMBERS = frozenset(("id", "model", "content", "usage", "stop_reason"))
_PLAIN = msgspec.json.Decoder(_PlainMessage)


class AnthropicPlain(PlainListener):
    """Hears a plain answer of the Messages API."""

    def _stream(self) -> AnthropicStream:
        return AnthropicStream(answers=self.answers)

    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        try:
            message = _PLAIN.decode(body)
        except (ValueError, RecursionError):
            return self._read_patiently(body, notes)
        blocks = [block.block() for block in message.content if is_kept(block.type)]
        return ReplyFacts(
            response_id=message.id,
            model=message.model,
            token_usage=token_usage(message.id, message.usage, notes, partial=False),
            tool_usages=tool_usages(message.id, blocks),
            model_thoughts=model_thoughts(blocks),
            model_answers=self._answered(((block.type, block.text) for block in message.content), notes),
            ended=True,
            stop_reason=message.stop_reason or "",
            notes=notes.told(),
        )

    def _read_patiently(self, body: bytearray, notes: Notes) -> ReplyFacts:
        message = fields(body)
        if error := error_in({"error": value(message.get("error"), notes)}):
            return ReplyFacts(ended=True, failed=True, error_code=error.code, error_message=error.message)
        if not message:
            return ReplyFacts(ended=True, unread=True, notes=(NO_OBJECT,))
        if _MEMBERS.isdisjoint(message):
            return ReplyFacts(ended=True, unread=True, notes=("the answer is not a message",))
        response_id = string(message.get("id"))
        content = items(message.get("content"))
        blocks = [block for block in map(_plain_block, content) if is_kept(block.kind)]
        usage = object_of(value(message.get("usage"), notes))
        return ReplyFacts(
            response_id=response_id,
            model=string(message.get("model")),
            token_usage=token_usage(response_id, usage, notes, partial=False),
            tool_usages=tool_usages(response_id, blocks),
            model_thoughts=model_thoughts(blocks),
            model_answers=self._answered(
                ((string(block.get("type")), block.get("text")) for block in map(fields, content)), notes
            ),
            ended=True,
            stop_reason=string(message.get("stop_reason")),
            notes=notes.told(),
        )

    def _answered(self, blocks: Iterable[tuple[str, Value | None]], notes: Notes) -> tuple[ModelAnswer, ...]:
        """The texts among these blocks, each given by its type and its text, which is not read in vain."""
        if not self.answers:
            return ()
        said = Said(notes)
        for position, (kind, text) in enumerate(blocks):
            if kind == "text":
                said.hear(position, string(text))
        said.close_all()
        return said.told()


def _plain_block(raw: Value) -> Block:
    block = fields(raw)
    kind = string(block.get("type"))
    given = block.get("input")
    return Block(
        kind=kind,
        id=string(block.get("id")),
        name=string(block.get("name")),
        origin=origin(
            string(block.get("server_name")), string(block.get("toolset_name")), value(block.get("caller"), Notes())
        ),
        whole=string(block.get("thinking")) if kind == "thinking" else decoded(b"{}" if given is None else given),
        stopped=True,
    )
