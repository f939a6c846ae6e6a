"""OpenAI Chat Completions: reading answers.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import re
from typing import Any

from aibridge.dialects.listening import NO_OBJECT, PlainListener, StreamListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_chat_calls import Call, Calls
from aibridge.dialects.openai_chat_vendors import THOUGHT_ENDS, failure_in, thought_and_words, usage_in
from aibridge.dialects.openai_usage import CHAT, names_in, tells_figures, token_usage
from aibridge.dialects.payload import INDEX, fields, list_of, object_of, text_of, value
from aibridge.dialects.provider_error import ProviderError, error_page
from aibridge.dialects.said import Said
from aibridge.dialects.sse import DONE, parse_event
from aibridge.records import ModelThought, ReplyFacts, ThoughtSource, ToolUsage

MAX_CHOICES = 128
"""As many as OpenAI gives; more are left out, since each takes memory even where it says nothing.
https://platform.openai.com/docs/api-reference/chat/create#chat-create-n"""
LOOKS_FOR_ID = 8
"""Events at the start that are read until response and model are named. Azure's first one does not."""
_MEMBERS = (
    *("id", "model", "service_tier", "usage", "choices"),
    *("error", "object", "type", "code", "message", "base_resp", "x_groq"),
)
"""Of a plain answer: what is read of it. The second line tells of errors."""
_CALLING = frozenset(("tool_calls", "executed_tools", "function_call"))
_PARTS = ("content", "refusal", "audio")
_FAILED = frozenset(("error", "network_error", "insufficient_system_resource"))
"""Some vendors end an answer that failed with such a reason, and need not say more: OpenRouter, Z.ai, DeepSeek.
https://api-docs.deepseek.com/api/create-chat-completion, https://docs.z.ai/api-reference/llm/chat-completion"""


class _Choice:
    """One of the answers of a response, as far as it was heard."""

    def __init__(self, said: Said | None) -> None:
        self._said = said
        self.calls = Calls()
        self.thoughts: list[str] = []
        self.finish_reason = ""
        self.is_fresh = True
        """Nothing was heard of it. A plain answer, called a stream, is heard as a whole."""
        self._thought_is_open = False

    def hear(self, delta: dict[str, Any], *, whole: bool) -> None:
        """Take a delta, or a `whole` message."""
        if delta:
            self.is_fresh = False
        thought, words = thought_and_words(delta)
        if thought:
            self.thoughts.append(thought)
            self._thought_is_open = True
        elif words and self._thought_is_open:
            words = words.removeprefix(THOUGHT_ENDS)
            self._thought_is_open = False
        if self._said is not None:
            if words:
                self._said.hear((self, "content"), words)
            if refusal := delta.get("refusal"):
                self._said.hear((self, "refusal"), refusal, refusal=True)
            if audio := delta.get("audio"):
                self._said.hear((self, "audio"), object_of(audio).get("transcript"))
        if not _CALLING.isdisjoint(delta):
            self._hear_calls(delta, whole=whole)

    def _hear_calls(self, delta: dict[str, Any], *, whole: bool) -> None:
        for position, call in enumerate(list_of(delta.get("tool_calls"))):
            self.calls.hear(position, object_of(call), whole=whole)
        for position, tool in enumerate(list_of(delta.get("executed_tools"))):
            self.calls.hear_hosted(position, object_of(tool))
        if legacy := object_of(delta.get("function_call")):
            self.calls.hear(0, {"index": "function_call", "function": legacy}, whole=whole)

    def end(self, reason: str) -> None:
        """It told why it ended."""
        self.finish_reason = reason
        if self._said is not None:
            for part in _PARTS:
                self._said.close((self, part))


class _Completion:
    """What is known of one response; fed with chunks of a stream, or with the one plain answer."""

    def __init__(self, said: Said | None = None) -> None:
        self._said = said
        self.response_id = ""
        self.model = ""
        self.tier = ""
        self.usage: dict[str, Any] = {}
        self.usage_stood_alone = False
        self.error: ProviderError | None = None
        self.choices: dict[object, _Choice] = {}

    @property
    def finished(self) -> bool:
        """Every choice that was begun has told why it ended."""
        return bool(self.choices) and all(choice.finish_reason for choice in self.choices.values())

    def hear(self, found: dict[str, Any], told_in: str) -> None:
        """Take a chunk (`told_in` is `delta`) or a whole answer (`message`); anything else leaves the contents out."""
        self.response_id = self.response_id or text_of(found.get("id"))
        self.model = self.model or text_of(found.get("model"))
        self.tier = text_of(found.get("service_tier")) or self.tier
        choices = [object_of(choice) for choice in list_of(found.get("choices"))]
        self.error = self.error or failure_in(found, choices)
        if usage := usage_in(found, choices):
            self._hear_usage(usage, alone=not choices)
        for position, told in enumerate(choices):
            index = told.get("index")
            key = index if isinstance(index, INDEX) else position
            choice = self.choices.get(key)
            if choice is None:
                if len(self.choices) == MAX_CHOICES:
                    continue
                choice = self.choices[key] = _Choice(self._said)
            whole = told_in == "message" or (told_in == "delta" and "delta" not in told and choice.is_fresh)
            choice.hear(object_of(told.get("message" if whole else told_in)), whole=whole)
            if reason := text_of(told.get("finish_reason")):
                choice.end(reason)

    def _hear_usage(self, usage: dict[str, Any], *, alone: bool) -> None:
        """It may be cumulative: the last one counts. One without figures says nothing about those before it."""
        if not self.usage or tells_figures(usage):
            self.usage = usage
            self.usage_stood_alone = alone

    def facts(self, notes: Notes, *, ended: bool, partial: bool) -> ReplyFacts:
        """What is known now."""
        choices = list(self.choices.values())
        error = self.error
        if error is None and (failed := [choice for choice in choices if choice.finish_reason in _FAILED]):
            reason = failed[0].finish_reason
            error = ProviderError(reason, f"the provider ended its answer for this reason: {reason}")
        code, message = error or ("", "")
        whole = ended and self.error is None  # what it says last need not be why it ended
        if whole and self._said is not None:
            self._said.close_all()
        return ReplyFacts(
            response_id=self.response_id,
            model=self.model,
            token_usage=token_usage(
                self.response_id, self.usage, names_in(self.usage, CHAT), notes, tier=self.tier, partial=partial
            ),
            tool_usages=tuple(
                self._tool_usage(call, whole=whole or bool(choice.finish_reason))
                for choice in choices
                for call in choice.calls
            ),
            model_thoughts=tuple(
                ModelThought(source=ThoughtSource.REASONING, content="".join(choice.thoughts))
                for choice in choices
                if choice.thoughts
            ),
            model_answers=self._said.told() if self._said is not None else (),
            ended=ended,
            failed=error is not None,
            error_code=code,
            error_message=message,
            stop_reason=choices[0].finish_reason if choices else "",
            notes=notes.told(),
        )

    def _tool_usage(self, call: Call, *, whole: bool) -> ToolUsage:
        return ToolUsage(
            provider_response_id=self.response_id,
            tool=call.name,
            input=call.input,
            provider_tool_call_id=call.id or None,
            metadata={} if whole else {"incomplete": True},
        )


def _each(data: bytes) -> list[bytes]:
    """The data of an event. Where a server leaves the blank lines out, the events are its lines."""
    if b"\n" not in data:
        return [data]
    lines = data.split(b"\n")
    return lines if all(line.startswith(b"{") or line.strip() == DONE for line in lines) else [data]


class ChatStream(StreamListener):
    """Hears the event stream of the Chat Completions API.

    It ends with `[DONE]`, or with an error; where a compatible vendor sends neither, with the end of the body once
    every choice has told its finish reason.
    """

    opening = re.compile(
        rb'data: ?\{(?: ?"(?!error")[a-z_]+": ?(?:"[^"\\]*+"|\d+|null),)*+'
        rb' ?"choices": ?\[\{ ?"index": ?0, ?"delta": ?\{(?: ?"role": ?"assistant",)? ?"content": ?"'
    )
    rest = re.compile(
        rb'[^"\\]*+(?:\\.[^"\\]*+)*+"'
        rb'(?:, ?"(?:(?:refusal|reasoning|reasoning_content)": ?null|role": ?(?:null|"assistant")))*+\}'
        rb'(?:, ?"(?:logprobs|finish_reason|native_finish_reason)": ?null)*+\}\]'
        rb'(?:, ?"(?!error")[a-z_]+": ?(?:null|"[^"\\]*+"))*+ ?\}'
    )
    """Text, and then nothing but nulls and names (service tier, fingerprint, padding)."""

    def __init__(self, *, answers: bool = False) -> None:
        """`answers`: what it says is gathered too."""
        super().__init__()
        self._answers = answers
        self._completion = _Completion(Said(self.notes) if answers else None)
        self._looks = LOOKS_FOR_ID
        self._body_ended = False

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes. `[DONE]` counts from the end of its line: the blank line after it tells nothing more."""
        super().hear(chunk)
        if not self.terminal and self._reader.open_ends_with(DONE):
            self.terminal = parse_event(self._reader.rest())[1].strip() == DONE

    def end(self) -> None:
        """The body ended."""
        super().end()
        self._body_ended = True

    def _may_pass_over(self) -> bool:
        return self._looks == 0 and not self._answers

    def _read(self, name: bytes, data: bytes) -> None:
        for piece in _each(data):
            self._hear_one(name, piece)
            if self.terminal:
                break

    def _hear_one(self, name: bytes, data: bytes) -> None:
        if data.strip() == DONE:
            self.terminal = True
            return
        completion = self._completion
        found = value(data, self.notes)
        if isinstance(found, list) and found:  # Gemini puts an error into an array
            found = found[0]
        completion.hear(object_of(found), "delta" if self._has_room(len(data)) else "")
        if name == b"error" and completion.error is None:
            completion.error = error_page(data, self.notes)
        self._looks = 0 if completion.response_id and completion.model else max(self._looks - 1, 0)
        self.terminal = completion.error is not None

    def _facts(self) -> ReplyFacts:
        completion = self._completion
        ended = self.terminal or (self._body_ended and completion.finished)
        final = completion.usage_stood_alone or (ended and completion.error is None)
        return completion.facts(self.notes, ended=ended, partial=not final)


class ChatPlain(PlainListener):
    """Hears a plain answer of the Chat Completions API."""

    def _stream(self) -> ChatStream:
        return ChatStream(answers=self.answers)

    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        members = fields(body)
        if not members:
            return ReplyFacts(ended=True, unread=True, notes=(NO_OBJECT,))
        completion = _Completion(Said(notes) if self.answers else None)
        completion.hear({name: value(members[name], notes) for name in _MEMBERS if name in members}, "message")
        return completion.facts(notes, ended=True, partial=False)
