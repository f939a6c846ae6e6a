"""Anthropic Messages, as https://docs.claude.com/en/api/messages-streaming describes it."""

from collections.abc import Iterator
from typing import Any

from aibridge.demo.asked import Request
from aibridge.demo.script import Answer, CallTool, Commentary, Fail, Pair, ServerTool, Text, Think
from aibridge.demo.voice import Mint, Spoken, arguments, deltas, encode, event, spoken

SIGNATURE = "EqQBCgIYAhIkZGVtbyBzaWduYXR1cmUgb2YgYSBzY3JpcHRlZCB0aG91Z2h0"
"""Opaque to clients, which send it back with the thought."""

KINDS = {
    400: ("invalid_request_error", "messages: Field required"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "Not Found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: (
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 400,000 input tokens per minute.",
    ),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}


def usage(answer: Answer, *, output: int) -> dict[str, Any]:
    """The usage object; the input figures are final from the start."""
    said = answer.usage
    return {
        "input_tokens": said.input,
        "cache_creation_input_tokens": said.cache_write,
        "cache_read_input_tokens": said.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": said.cache_write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
    }


def stop_reason(answer: Answer) -> str:
    """The given one, or what follows from the parts."""
    calls = any(isinstance(part, CallTool) for part in answer.parts)
    return answer.stop or ("tool_use" if calls else "end_turn")


def error_object(fail: Fail, request_id: str) -> dict[str, Any]:
    """The envelope of an error, in a body and in a stream."""
    kind, message = KINDS.get(fail.status or 529, KINDS[500])
    return {
        "type": "error",
        "error": {"type": fail.kind or kind, "message": fail.message or message},
        "request_id": request_id,
    }


def blocks(part: Spoken, mint: Mint) -> Iterator[dict[str, Any]]:
    """The content blocks of one part, complete."""
    match part:
        case Think(text):
            yield {"type": "thinking", "thinking": text, "signature": SIGNATURE}
        case Text(text) | Commentary(text):
            yield {"type": "text", "text": text}
        case CallTool(name, given, id_):
            input_ = given if not isinstance(given, str) else {"input": given}
            yield {"type": "tool_use", "id": id_ or mint.base62("toolu_01"), "name": name, "input": input_}
        case ServerTool(name, given):
            id_ = mint.base62("srvtoolu_01")
            yield {"type": "server_tool_use", "id": id_, "name": name, "input": given}
            found = [
                {
                    "type": "web_search_result",
                    "title": "The first result",
                    "url": "https://example.com/",
                    "encrypted_content": "RGVtbw==",
                    "page_age": "2 days ago",
                }
            ]
            yield {"type": f"{name}_tool_result", "tool_use_id": id_, "content": found}


def block_deltas(block: dict[str, Any], part: Spoken, size: int) -> Iterator[dict[str, Any]]:
    """How the contents of a block arrive."""
    match block["type"]:
        case "thinking":
            for text in deltas(block["thinking"], size):
                yield {"type": "thinking_delta", "thinking": text}
            yield {"type": "signature_delta", "signature": SIGNATURE}
        case "text":
            for text in deltas(block["text"], size):
                yield {"type": "text_delta", "text": text}
        case "tool_use" | "server_tool_use":
            json = arguments(part) if isinstance(part, CallTool) else encode(block["input"]).decode()
            yield {"type": "input_json_delta", "partial_json": ""}
            for text in deltas(json, size):
                yield {"type": "input_json_delta", "partial_json": text}


EMPTY: dict[str, dict[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
    "server_tool_use": {"input": {}},
}
"""What a block holds before its deltas; blocks of other types come whole."""


class MessagesSpeaker:
    """Writes one message as a stream."""

    def __init__(self, request: Request, answer: Answer, mint: Mint) -> None:
        self._answer = answer
        self._mint = mint
        self._message = message(request, answer, mint)
        self._index = -1
        self._open = False

    def start(self) -> Iterator[bytes]:
        """`message_start` with the input figures."""
        begun = {**self._message, "content": [], "stop_reason": None, "usage": usage(self._answer, output=1)}
        yield event("message_start", {"type": "message_start", "message": begun})

    def say(self, part: Spoken) -> Iterator[bytes]:
        """The blocks of a part; the last one is closed by what follows."""
        for block in blocks(part, self._mint):
            yield from self._close()
            self._index += 1
            self._open = True
            begun = block | EMPTY.get(block["type"], {})
            yield self._event("content_block_start", content_block=begun)
            if self._index == 0:
                yield event("ping", {"type": "ping"})
            for delta in block_deltas(block, part, self._answer.delta):
                yield self._event("content_block_delta", delta=delta)

    def fail(self, fail: Fail) -> bytes:
        """An `error` event: the end of the stream."""
        return event("error", error_object(fail, self._mint.base62("req_011")))

    def finish(self) -> Iterator[bytes]:
        """`message_delta` with the final figures, and `message_stop`."""
        yield from self._close()
        delta = {"stop_reason": stop_reason(self._answer), "stop_sequence": None}
        final = usage(self._answer, output=self._answer.usage.output)
        yield event("message_delta", {"type": "message_delta", "delta": delta, "usage": final})
        yield event("message_stop", {"type": "message_stop"})

    def _event(self, name: str, **fields: Any) -> bytes:
        return event(name, {"type": name, "index": self._index, **fields})

    def _close(self) -> Iterator[bytes]:
        if self._open:
            self._open = False
            yield self._event("content_block_stop")


def message(request: Request, answer: Answer, mint: Mint) -> dict[str, Any]:
    """A message without its content."""
    return {
        "id": answer.id or mint.base62("msg_01"),
        "type": "message",
        "role": "assistant",
        "model": answer.model or request.model,
        "content": [],
        "stop_reason": stop_reason(answer),
        "stop_sequence": None,
        "usage": usage(answer, output=answer.usage.output),
    }


class Messages:
    """The voice of Anthropic."""

    def request_id(self, mint: Mint) -> str:
        """As in the `request-id` header."""
        return mint.base62("req_011", 21)

    def speaker(self, request: Request, answer: Answer, mint: Mint) -> MessagesSpeaker:
        """Write this answer as a stream."""
        return MessagesSpeaker(request, answer, mint)

    def body(self, request: Request, answer: Answer, mint: Mint) -> bytes:
        """Write this answer as one message."""
        content = [block for part in spoken(answer) for block in blocks(part, mint)]
        return encode({**message(request, answer, mint), "content": content})

    def error(self, fail: Fail, request_id: str) -> bytes:
        """The envelope of an error."""
        return encode(error_object(fail, request_id))

    def headers(self, request_id: str) -> list[Pair]:
        """The request id and the state of the rate limits."""
        return [
            (b"request-id", request_id.encode()),
            (b"anthropic-organization-id", b"6f1c1e0a-9d1b-4f6e-8f63-2f1d9a5b7c10"),
            (b"anthropic-ratelimit-requests-limit", b"4000"),
            (b"anthropic-ratelimit-requests-remaining", b"3999"),
            (b"anthropic-ratelimit-tokens-limit", b"480000"),
            (b"anthropic-ratelimit-tokens-remaining", b"471000"),
        ]
