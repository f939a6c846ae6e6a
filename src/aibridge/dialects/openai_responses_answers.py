"""OpenAI Responses: reading answers.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

import re

from aibridge.dialects.begun_items import HEEDED, BegunItems
from aibridge.dialects.listening import NO_OBJECT, PlainListener, StreamListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_usage import RESPONSES, names_in, token_usage
from aibridge.dialects.output_items import Item, is_commentary, model_answers, model_thoughts, tool_usages
from aibridge.dialects.payload import Value, decoded, fields, items, object_of, string, text_of, value
from aibridge.dialects.provider_error import ProviderError, error_in, error_of
from aibridge.dialects.said import Said
from aibridge.dialects.sse import DONE
from aibridge.records import ModelAnswer, ReplyFacts

_ENDINGS = frozenset(("response.completed", "response.incomplete", "response.cancelled", "response.done"))
"""Events that tell the whole answer. The last two are of compatible vendors; a status tells there how it ended."""
_MEMBERS = frozenset(("id", "model", "output", "usage", "status", "error"))
"""An object without any of these is no response."""
_COUNTS = re.compile(rb":\s*[1-9]")
"""A number that is not zero."""
_COMPACTION = "response.compaction"
"""The object of `/responses/compact`: what stays of a conversation, of which nothing is new.
https://platform.openai.com/docs/api-reference/responses/compacted-object"""


class _Response:
    """What is known of one response object, whole or just begun."""

    def __init__(self, *, answers: bool = False) -> None:
        self._answers = answers
        self.response_id = ""
        self.model = ""
        self.tier = ""
        self.stop_reason = ""
        self.usage: dict[str, object] = {}
        self.items: list[Item] = []
        self.begun = BegunItems()
        self.error: ProviderError | None = None

    def hear_begin(self, raw: Value | None) -> dict[str, Value]:
        """Take the id and model of a response object; its members are returned unread.

        The first id stays: Copilot spells the same one differently in every event.
        """
        response = fields(raw)
        self.response_id = self.response_id or string(response.get("id"))
        self.model = string(response.get("model")) or self.model
        return response

    def hear_whole(self, raw: Value | None, notes: Notes) -> bool:
        """Take everything of a finished response object. False when there is nothing to read."""
        response = self.hear_begin(raw)
        status = string(response.get("status"))
        details = object_of(value(response.get("incomplete_details"), notes))
        self.stop_reason = text_of(details.get("reason")) or status
        self.tier = string(response.get("service_tier"))
        self.usage = object_of(value(response.get("usage"), notes))
        if self.usage and (used := _used(response.get("tool_usage"), notes)):
            self.usage["tool_usage"] = used
        repeats = string(response.get("object")) == _COMPACTION
        if output := [] if repeats else items(response.get("output")):
            self.items = [object_of(value(item, notes)) for item in output]
            self.begun = BegunItems()
        self.error = _error_among(response, notes)
        if status == "failed" and self.error is None:
            self.error = ProviderError("", "")
        return not _MEMBERS.isdisjoint(response)

    def facts(
        self, notes: Notes, *, ended: bool, partial: bool, unfinished: tuple[ModelAnswer, ...] = ()
    ) -> ReplyFacts:
        """What is known now. `unfinished`: texts of items that have not come whole."""
        code, message = self.error or ("", "")
        heard = [*self.items, *self.begun.told(self.items)]
        names = names_in(self.usage, RESPONSES)
        return ReplyFacts(
            response_id=self.response_id,
            model=self.model,
            token_usage=token_usage(self.response_id, self.usage, names, notes, tier=self.tier, partial=partial),
            tool_usages=tool_usages(self.response_id, heard),
            model_thoughts=model_thoughts(heard),
            model_answers=(*model_answers(self.items, notes), *unfinished) if self._answers else (),
            ended=ended,
            failed=self.error is not None,
            error_code=code,
            error_message=message,
            stop_reason=self.stop_reason,
            notes=notes.told(),
        )


class ResponsesStream(StreamListener):
    """Hears the event stream of the Responses API.

    The terminal event repeats the whole response, so nothing but ids and what is whole is read before it.
    """

    opening = re.compile(
        rb"(?:event: ?response\.[a-z_.]+\.delta\n)?data: ?"
        rb'\{ ?"type": ?"response\.[a-z_.]+\.delta",'
    )

    def __init__(self, *, answers: bool = False) -> None:
        """`answers`: what it says is told too, also of items that are cut."""
        super().__init__()
        self._response = _Response(answers=answers)
        self._said = Said(self.notes) if answers else None
        self._final = False

    def _may_pass_over(self) -> bool:
        return self._said is None

    def _read(self, name: bytes, data: bytes) -> None:
        found = fields(data)
        response = self._response
        kind = string(found.get("type")) or name.decode("utf-8", "replace")
        if self._said is not None:
            _hear_words(self._said, kind, found)
        if kind.endswith(".delta"):
            return
        match kind:
            case "response.output_item.done":
                response.begun.forget(found)
                if self._has_room(len(data)):
                    response.items.append(object_of(value(found.get("item"), self.notes)))
            case "response.created":
                response.hear_begin(found.get("response"))
            case "response.queued" | "response.in_progress" if not response.response_id:
                response.hear_begin(found.get("response"))
            case _ if kind in HEEDED and self._has_room(len(data)):
                response.begun.hear(kind, found)
            case _:
                self.terminal = self._ends(kind, found, data)

    def _ends(self, kind: str, found: dict[str, Value], data: bytes) -> bool:
        """Take an event that may be the last one. Whether it is."""
        response = self._response
        match kind:
            case _ if kind in _ENDINGS:
                self._final = response.hear_whole(found.get("response"), self.notes)
            case "response.failed":
                response.hear_whole(found.get("response"), self.notes)
                response.error = response.error or ProviderError("", "")
                self._final = bool(response.usage)
            case "error":
                told = object_of(value(data, self.notes))
                response.error = error_in(told) or _bare_error(told)
            case "":
                return self._hear_nameless(found, data)
            case _:
                return data.strip() == DONE
        return True

    def _hear_nameless(self, found: dict[str, Value], data: bytes) -> bool:
        """Servers that only translate: the other API's end, what broke on their side, or the whole answer at once."""
        if data.strip() == DONE:
            return True
        self._response.error = _error_among(found, self.notes)
        if "output" in found:
            self._final = self._response.hear_whole(data, self.notes)
        return self._final or self._response.error is not None

    def _facts(self) -> ReplyFacts:
        unfinished = self._said.told() if self._said is not None else ()
        return self._response.facts(self.notes, ended=self.terminal, partial=not self._final, unfinished=unfinished)


class ResponsesPlain(PlainListener):
    """Hears a plain answer of the Responses API, of `/responses/compact` too."""

    def _stream(self) -> ResponsesStream:
        return ResponsesStream(answers=self.answers)

    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        response = _Response(answers=self.answers)
        if not response.hear_whole(body, notes):
            note = "the answer is not a response" if fields(body) else NO_OBJECT
            return ReplyFacts(ended=True, unread=True, notes=(note,))
        return response.facts(notes, ended=True, partial=False)


def _hear_words(said: Said, kind: str, found: dict[str, Value]) -> None:
    """Gather what an item says until the item itself tells it. Items are told apart by their place: ids may change."""
    place = decoded(found.get("output_index", b""))
    match kind:
        case "response.output_text.delta":
            said.hear(place, string(found.get("delta")))
        case "response.refusal.delta":
            said.hear(place, string(found.get("delta")), refusal=True)
        case "response.output_item.added" if is_commentary(object_of(value(found.get("item"), Notes()))):
            said.mute(place)
        case "response.output_item.done":
            said.forget(place)
        case _ if kind in _ENDINGS or kind == "response.failed":
            if items(fields(found.get("response")).get("output")):
                said.forget_all()
        case _:
            pass


def _used(counters: Value | None, notes: Notes) -> dict[str, object]:
    """Which hosted tools were used, by counters of their own beside the tokens: those that count anything."""
    if counters is None or not _COUNTS.search(counters):
        return {}
    return {name: value(counted, notes) for name, counted in fields(counters).items() if _COUNTS.search(counted)}


def _error_among(members: dict[str, Value], notes: Notes) -> ProviderError | None:
    """The error that an object's unread members tell."""
    error = value(members.get("error"), notes)
    return None if error is None else error_in({"error": error})


def _bare_error(told: dict[str, object]) -> ProviderError:
    """An `error` event names its error by `code`; its `type` is only the kind of the event."""
    return error_of({"code": told.get("code"), "message": told.get("message")})
