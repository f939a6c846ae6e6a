"""Anthropic Messages: reading answers.

https://docs.anthropic.com/en/api/messages-streaming
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from aibridge.dialects.anthropic_blocks import (
    SIZE_OF_BLOCK,
    Block,
    Blocks,
    is_kept,
    model_thoughts,
    started,
    tool_usages,
)
from aibridge.dialects.figures import count, extras
from aibridge.dialects.listening import PlainListener, StreamListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import (
    Value,
    decoded,
    fields,
    items,
    list_of,
    object_of,
    string,
    text_of,
    value,
)
from aibridge.dialects.provider_error import error_in, error_of
from aibridge.dialects.said import Said
from aibridge.records import ModelAnswer, ReplyFacts, TokenUsage

_FIGURES = frozenset(("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))


class AnthropicStream(StreamListener):
    """Hears the event stream of the Messages API."""

    opening = re.compile(
        rb"(?:event: ?content_block_delta\n)?data: ?"
        rb'\{ ?"type": ?"content_block_delta", ?"index": ?\d+, ?"delta": ?\{ ?"type": ?"(?:text|signature)_delta"'
    )

    def __init__(self, *, answers: bool = False) -> None:
        """`answers`: what it says is gathered too."""
        super().__init__()
        self._said = Said(self.notes) if answers else None
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks = Blocks()
        self._texts = 0
        self._text_at: dict[object, int] = {}
        self._stop_reason = ""
        self._final = False
        self._told_at_once = False
        self._error: tuple[str, str] | None = None

    def _may_pass_over(self) -> bool:
        return self._said is None

    def _read(self, name: bytes, data: bytes) -> None:
        found = object_of(value(data, self.notes))
        kind = found.get("type") or name.decode("utf-8", "replace")
        if kind == "content_block_delta":
            self._hear_delta(found)
        else:
            self._hear_other(kind, found)

    def _hear_other(self, kind: object, found: dict[str, Any]) -> None:
        match kind:
            case "content_block_start":
                self._hear_block_start(_index(found), object_of(found.get("content_block")))
            case "content_block_stop":
                self._hear_block_stop(_index(found))
            case "message_start":
                self._hear_message(object_of(found.get("message")))
            case "message_delta":
                self._stop_reason = text_of(object_of(found.get("delta")).get("stop_reason")) or self._stop_reason
                self._final = self._hear_usage(found.get("usage")) or self._final
            case "message_stop":
                self.terminal = True
                self._final = self._final or self._told_at_once
            case "error":
                self._error = error_in(found) or error_of(found)
                self.terminal = True
            case _:
                pass

    def _hear_message(self, message: dict[str, Any]) -> None:
        """Its start may tell everything at once, as when a program in a container goes on with its next calls."""
        self._message |= {name: message[name] for name in ("id", "model") if isinstance(message.get(name), str)}
        told = self._hear_usage(message.get("usage"))
        if reason := text_of(message.get("stop_reason")):
            self._stop_reason = reason
            self._told_at_once = told
        for index, block in enumerate(list_of(message.get("content"))):
            self._hear_block_start(index, object_of(block))
            self._hear_block_stop(index)

    def _hear_delta(self, found: dict[str, Any]) -> None:
        delta = object_of(found.get("delta"))
        index = _index(found)
        if self._said is not None:
            self._said.hear(self._text_at.get(index, (index,)), delta.get("text"))
        block = self._blocks.at(index)
        if block is not None:
            piece = delta.get("partial_json") or delta.get("thinking")
            if isinstance(piece, str) and self._has_room(len(piece)):
                block.parts.append(piece)

    def _hear_block_start(self, index: object, start: dict[str, Any]) -> None:
        kind = text_of(start.get("type"))
        if kind == "fallback":  # whoever follows is another model, and plain answers bear its name
            self._message["model"] = text_of(object_of(start.get("to")).get("model")) or self._message.get("model")
        if self._said is not None:
            self._texts += 1
            self._text_at[index] = self._texts
            if kind == "text":
                self._said.hear(self._texts, start.get("text"))
        block = started(start) if is_kept(kind) else None
        if block is not None and self._has_room(SIZE_OF_BLOCK + len(block.whole)):
            self._blocks.begin(index, block)
        else:
            self._blocks.leave(index)

    def _hear_block_stop(self, index: object) -> None:
        if block := self._blocks.at(index):
            block.stopped = True
        if self._said is not None:
            self._said.close(self._text_at.get(index, (index,)))

    def _hear_usage(self, usage: object) -> bool:
        """Figures are cumulative: one that is given replaces the earlier one."""
        given = {name: figure for name, figure in object_of(usage).items() if figure is not None}
        self._usage |= given
        return bool(given)

    def _facts(self) -> ReplyFacts:
        notes = self.notes
        response_id = text_of(self._message.get("id"))
        code, message = self._error or ("", "")
        blocks = self._blocks.all()
        return ReplyFacts(
            response_id=response_id,
            model=text_of(self._message.get("model")),
            token_usage=_token_usage(response_id, self._usage, notes, partial=not self._final),
            tool_usages=tool_usages(response_id, blocks),
            model_thoughts=model_thoughts(blocks),
            model_answers=self._said.told() if self._said is not None else (),
            ended=self.terminal,
            failed=self._error is not None,
            error_code=code,
            error_message=message,
            stop_reason=self._stop_reason,
            notes=notes.told(),
        )


class _PlainBlock(msgspec.Struct):
    """A content block of a plain answer, spelt as the reference says."""

    type: str
    id: str = ""
    name: str = ""
    server_name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    thinking: str = ""
    text: msgspec.Raw = msgspec.Raw(b'""')

    def block(self) -> Block:
        """The same as a block that was heard."""
        whole = self.thinking if self.type == "thinking" else decoded(self.input)
        return Block(
            kind=self.type, id=self.id, name=self.name, server_name=self.server_name, whole=whole, stopped=True
        )


class _PlainMessage(msgspec.Struct):
    """A plain answer, spelt as the reference says."""

    id: str
    model: str
    content: list[_PlainBlock]
    usage: dict[str, Any]
    stop_reason: str | None = None
    error: msgspec.UnsetType = msgspec.UNSET


_PLAIN = msgspec.json.Decoder(_PlainMessage)


class AnthropicPlain(PlainListener):
    """Hears a plain answer of the Messages API."""

    def __init__(self, status: int, *, answers: bool = False) -> None:
        """`answers`: what it says is told too."""
        super().__init__(status)
        self._answers = answers

    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        try:
            message = _PLAIN.decode(body)
        except (ValueError, RecursionError):
            return self._read_patiently(body, notes)
        blocks = [block.block() for block in message.content if is_kept(block.type)]
        return ReplyFacts(
            response_id=message.id,
            model=message.model,
            token_usage=_token_usage(message.id, message.usage, notes, partial=False),
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
            return ReplyFacts(ended=True, unread=True, notes=("the answer is not a JSON object",))
        response_id = string(message.get("id"))
        content = items(message.get("content"))
        blocks = [block for block in map(_plain_block, content) if is_kept(block.kind)]
        usage = object_of(value(message.get("usage"), notes))
        return ReplyFacts(
            response_id=response_id,
            model=string(message.get("model")),
            token_usage=_token_usage(response_id, usage, notes, partial=False),
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
        if not self._answers:
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
        server_name=string(block.get("server_name")),
        whole=string(block.get("thinking")) if kind == "thinking" else decoded(b"{}" if given is None else given),
        stopped=True,
    )


def _index(found: dict[str, Any]) -> object:
    index = found.get("index")
    return index if isinstance(index, int | float | str) else None


def _token_usage(response_id: str, usage: dict[str, Any], notes: Notes, *, partial: bool) -> TokenUsage | None:
    if not usage and not (partial and response_id):
        return None
    return TokenUsage(
        provider_response_id=response_id,
        input=count(usage.get("input_tokens"), notes),
        output=count(usage.get("output_tokens"), notes),
        cache_read=count(usage.get("cache_read_input_tokens"), notes),
        cache_write=count(usage.get("cache_creation_input_tokens"), notes),
        partial=partial,
        metadata=extras(usage, _FIGURES, notes),
    )
