"""Anthropic Messages: reading streams.

https://docs.anthropic.com/en/api/messages-streaming
"""

import re
from typing import Any

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
from aibridge.dialects.listening import StreamListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import INDEX, list_of, object_of, text_of, value
from aibridge.dialects.provider_error import ProviderError, error_in, error_of, error_page
from aibridge.dialects.said import Said
from aibridge.dialects.sse import DONE
from aibridge.records import ReplyFacts, TokenUsage

_FIGURES = frozenset(("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
_KEPT_FOR = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


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
        self._error: ProviderError | None = None

    def _may_pass_over(self) -> bool:
        return self._said is None

    def _read(self, name: bytes, data: bytes) -> None:
        if data.strip() == DONE:  # GitHub Copilot and others, instead of `message_stop`
            self.terminal = True
            return
        if name == b"error" and not data.startswith(b"{"):  # words of whoever stands before the provider
            self._hear_error(error_page(data, self.notes))
            return
        found = object_of(value(data, self.notes))
        kind = found.get("type") or name.decode("utf-8", "replace")
        if kind == "content_block_delta":
            self._hear_delta(found)
        elif kind == "error" or name == b"error" or (not kind and error_in(found)):
            self._hear_error(error_in(found) or error_of(found))
        else:
            self._hear_other(kind, found)

    def _hear_error(self, error: ProviderError) -> None:
        self._error = error
        self.terminal = True

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
            case "message" if "content" in found:  # a plain answer, though its content type says otherwise
                self._hear_message(found)
                self._told_at_once = self.terminal = True
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
        if isinstance(thought := delta.get("thinking"), str):
            self._hear_thought(index, thought)
        elif (block := self._blocks.at(index)) and block.kind != "thinking":
            piece = delta.get("partial_json")
            if isinstance(piece, str) and piece and self._has_room(len(piece)):
                block.parts.append(piece)

    def _hear_thought(self, index: object, thought: str) -> None:
        """Some vendors think at the place of another block, or before any has begun."""
        block = self._blocks.at(index)
        if block is None or block.kind != "thinking":
            index = ("thought", index)
            block = self._blocks.at(index)
        if thought and self._has_room(len(thought) if block else SIZE_OF_BLOCK + len(thought)):
            if block is None:
                block = Block(kind="thinking", parts=[])
                self._blocks.begin(index, block)
            block.parts.append(thought)

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
        whole = self.terminal and self._error is None
        final = (self._final and (whole or self._stop_reason != "")) or (self._told_at_once and whole)
        blocks = self._blocks.all()
        return ReplyFacts(
            response_id=response_id,
            model=text_of(self._message.get("model")),
            token_usage=token_usage(response_id, self._usage, notes, partial=not final),
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


def token_usage(response_id: str, usage: dict[str, Any], notes: Notes, *, partial: bool) -> TokenUsage | None:
    """The figures of an answer. None when there are none, unless the answer is known to have been cut."""
    if not usage and not (partial and response_id):
        return None
    return TokenUsage(
        provider_response_id=response_id,
        input=count(usage.get("input_tokens"), notes),
        output=count(usage.get("output_tokens"), notes),
        cache_read=count(usage.get("cache_read_input_tokens"), notes),
        cache_write=_written(usage, notes),
        partial=partial,
        metadata=extras(usage, _FIGURES, notes),
    )


def _written(usage: dict[str, Any], notes: Notes) -> int | None:
    """Tokens written to the cache. Vercel's gateway tells them only by how long they are kept."""
    whole = usage.get("cache_creation_input_tokens")
    if whole is None:
        split = object_of(usage.get("cache_creation"))
        parts = [count(split.get(name), notes) for name in _KEPT_FOR]
        return None if None in parts else sum(part or 0 for part in parts)
    return count(whole, notes)


def _index(found: dict[str, Any]) -> object:
    index = found.get("index")
    return index if isinstance(index, INDEX) else None
