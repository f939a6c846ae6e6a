"""OpenAI Responses: what is answered.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

import re

from aibridge.dialects.listening import PlainListener, StreamListener
from aibridge.dialects.notes import Notes
from aibridge.dialects.openai_usage import RESPONSES, token_usage
from aibridge.dialects.output_items import Item, model_thoughts, tool_usages
from aibridge.dialects.payload import Value, fields, items, object_of, string, text_of, value
from aibridge.dialects.provider_error import ProviderError, error_in, error_of
from aibridge.records import ReplyFacts


class _Response:
    """What is known of one response object, whole or just begun."""

    def __init__(self) -> None:
        self.response_id = ""
        self.model = ""
        self.stop_reason = ""
        self.usage: dict[str, object] = {}
        self.items: list[Item] = []
        self.error: ProviderError | None = None

    def hear_begin(self, raw: Value | None) -> dict[str, Value]:
        """Take the id and model of a response object; its members are returned unread."""
        response = fields(raw)
        self.response_id = string(response.get("id")) or self.response_id
        self.model = string(response.get("model")) or self.model
        return response

    def hear_whole(self, raw: Value | None, notes: Notes) -> bool:
        """Take everything of a finished response object. False when there is nothing to read."""
        response = self.hear_begin(raw)
        status = string(response.get("status"))
        details = object_of(value(response.get("incomplete_details"), notes))
        self.stop_reason = text_of(details.get("reason")) or status
        self.usage = object_of(value(response.get("usage"), notes))
        if output := items(response.get("output")):
            self.items = [object_of(value(item, notes)) for item in output]
        self.error = error_in({"error": value(response.get("error"), notes)})
        if status == "failed" and self.error is None:
            self.error = ProviderError("", "")
        return bool(response)

    def facts(self, notes: Notes, *, ended: bool, partial: bool) -> ReplyFacts:
        """What is known now."""
        code, message = self.error or ("", "")
        return ReplyFacts(
            response_id=self.response_id,
            model=self.model,
            token_usage=token_usage(self.response_id, self.usage, RESPONSES, notes, partial=partial),
            tool_usages=tool_usages(self.response_id, self.items),
            model_thoughts=model_thoughts(self.items),
            ended=ended,
            failed=self.error is not None,
            error_code=code,
            error_message=message,
            stop_reason=self.stop_reason,
            notes=notes.told(),
        )


class ResponsesStream(StreamListener):
    """Hears the event stream of the Responses API.

    The terminal event repeats the whole response, so nothing but ids and finished items is read before it.
    """

    opening = re.compile(
        rb"(?:event: ?response\.[a-z_.]+\.delta\n)?data: ?"
        rb'\{ ?"type": ?"response\.[a-z_.]+\.delta",'
    )

    def __init__(self) -> None:
        super().__init__()
        self._response = _Response()
        self._final = False

    def _read(self, name: bytes, data: bytes) -> None:
        found = fields(data)
        response = self._response
        match string(found.get("type")) or name.decode("utf-8", "replace"):
            case "response.output_item.done":
                if self._has_room(len(data)):
                    response.items.append(object_of(value(found.get("item"), self.notes)))
            case "response.created":
                response.hear_begin(found.get("response"))
            case "response.completed" | "response.incomplete":
                self._final = response.hear_whole(found.get("response"), self.notes)
                self.terminal = True
            case "response.failed":
                response.hear_whole(found.get("response"), self.notes)
                response.error = response.error or ProviderError("", "")
                self.terminal = True
            case "error":
                told = object_of(value(data, self.notes))
                response.error = error_in(told) or _bare_error(told)
                self.terminal = True
            case _:
                pass

    def _facts(self) -> ReplyFacts:
        return self._response.facts(self.notes, ended=self.terminal, partial=not self._final)


class ResponsesPlain(PlainListener):
    """Hears a plain answer of the Responses API, of `/responses/compact` too."""

    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        response = _Response()
        if not response.hear_whole(body, notes):
            return ReplyFacts(ended=True, unread=True, notes=("the answer is not a JSON object",))
        return response.facts(notes, ended=True, partial=False)


def _bare_error(told: dict[str, object]) -> ProviderError:
    """An `error` event names its error by `code`; its `type` is only the kind of the event."""
    return error_of({"code": told.get("code"), "message": told.get("message")})
