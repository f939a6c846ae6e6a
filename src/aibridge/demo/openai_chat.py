"""OpenAI Chat Completions, as https://platform.openai.com/docs/api-reference/chat-streaming describes it."""

import time
from collections.abc import Iterator
from typing import Any

from aibridge.demo.asked import Request
from aibridge.demo.script import Answer, CallTool, Commentary, Fail, Pair, Text, Think
from aibridge.demo.voice import Mint, Spoken, arguments, deltas, encode, spoken

KINDS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "Missing required parameter: 'messages'."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: (
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    413: ("invalid_request_error", "request_too_large", "The request is too large."),
    429: ("tokens", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 1s."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", "server_is_overloaded", "The engine is currently overloaded, please try again later."),
}
"""Status → type, code, message."""


def error_object(fail: Fail) -> dict[str, Any]:
    """The envelope of an error, in a body and in a stream."""
    kind, code, message = KINDS.get(fail.status or 500, KINDS[500])
    error = {"message": fail.message or message, "type": kind, "param": None, "code": fail.kind or code}
    return {"error": error}


def headers(request_id: str) -> list[Pair]:
    """The headers of both OpenAI dialects."""
    return [
        (b"x-request-id", request_id.encode()),
        (b"openai-version", b"2020-10-01"),
        (b"openai-organization", b"aibridge-demo"),
        (b"openai-processing-ms", b"412"),
        (b"x-ratelimit-limit-requests", b"10000"),
        (b"x-ratelimit-remaining-requests", b"9999"),
        (b"x-ratelimit-limit-tokens", b"2000000"),
        (b"x-ratelimit-remaining-tokens", b"1981200"),
    ]


def usage(answer: Answer) -> dict[str, Any]:
    """The usage object: `prompt_tokens` holds everything that was read, from the cache or not."""
    said = answer.usage
    prompt = said.input + said.cache_read + said.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": said.output,
        "total_tokens": prompt + said.output,
        "prompt_tokens_details": {"cached_tokens": said.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": said.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def finish_reason(answer: Answer) -> str:
    """The given one, or what follows from the parts."""
    calls = any(isinstance(part, CallTool) for part in answer.parts)
    return answer.stop or ("tool_calls" if calls else "stop")


def tool_call(part: CallTool, mint: Mint) -> dict[str, Any]:
    """A call, complete."""
    return {
        "id": part.id or mint.base62("call_", 24),
        "type": "function",
        "function": {"name": part.name, "arguments": arguments(part)},
    }


class ChatSpeaker:
    """Writes one completion as a stream of chunks."""

    def __init__(self, request: Request, answer: Answer, mint: Mint) -> None:
        self._answer = answer
        self._mint = mint
        self._calls = 0
        self._include_usage = request.include_usage
        self._base = {
            "id": answer.id or mint.base62("chatcmpl-", 29),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": answer.model or request.model,
            "service_tier": "default",
            "system_fingerprint": "fp_51e1070cf2",
        }
        if self._include_usage:
            self._base["usage"] = None

    def start(self) -> Iterator[bytes]:
        """The chunk with the role."""
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})

    def say(self, part: Spoken) -> Iterator[bytes]:
        """The deltas of a part."""
        match part:
            case Think(text):
                for piece in deltas(text, self._answer.delta):
                    yield self._chunk({"reasoning_content": piece})
            case Text(text) | Commentary(text):
                for piece in deltas(text, self._answer.delta):
                    yield self._chunk({"content": piece})
            case CallTool():
                yield from self._call(tool_call(part, self._mint))

    def fail(self, fail: Fail) -> bytes:
        """An error in place of a chunk: the end of the stream, without `[DONE]`."""
        return b"data: %b\n\n" % encode(error_object(fail))

    def finish(self) -> Iterator[bytes]:
        """The finish reason, the usage where asked for, and `[DONE]`."""
        yield self._chunk({}, finish_reason(self._answer))
        if self._include_usage:
            yield b"data: %b\n\n" % encode({**self._base, "choices": [], "usage": usage(self._answer)})
        yield b"data: [DONE]\n\n"

    def _call(self, call: dict[str, Any]) -> Iterator[bytes]:
        function = call["function"]
        begun = {**call, "index": self._calls, "function": {**function, "arguments": ""}}
        yield self._chunk({"tool_calls": [begun]})
        for piece in deltas(function["arguments"], self._answer.delta):
            yield self._chunk({"tool_calls": [{"index": self._calls, "function": {"arguments": piece}}]})
        self._calls += 1

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: %b\n\n" % encode({**self._base, "choices": [choice]})


class Chat:
    """The voice of Chat Completions."""

    def request_id(self, mint: Mint) -> str:
        """As in the `x-request-id` header."""
        return mint.hex("req_", 32)

    def speaker(self, request: Request, answer: Answer, mint: Mint) -> ChatSpeaker:
        """Write this answer as a stream."""
        return ChatSpeaker(request, answer, mint)

    def body(self, request: Request, answer: Answer, mint: Mint) -> bytes:
        """Write this answer as one completion."""
        said = spoken(answer)
        text = "".join(part.text for part in said if isinstance(part, Text | Commentary))
        thoughts = "".join(part.text for part in said if isinstance(part, Think))
        calls = [tool_call(part, mint) for part in said if isinstance(part, CallTool)]
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
        message |= {"reasoning_content": thoughts} if thoughts else {}
        message |= {"tool_calls": calls} if calls else {}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answer)}
        return encode(
            {
                "id": answer.id or mint.base62("chatcmpl-", 29),
                "object": "chat.completion",
                "created": int(time.time()),
                "model": answer.model or request.model,
                "choices": [choice],
                "usage": usage(answer),
                "service_tier": "default",
                "system_fingerprint": "fp_51e1070cf2",
            }
        )

    def error(self, fail: Fail, request_id: str) -> bytes:  # noqa: ARG002 - OpenAI names the id in a header alone
        """The envelope of an error."""
        return encode(error_object(fail))

    def headers(self, request_id: str) -> list[Pair]:
        """The request id and the state of the rate limits."""
        return headers(request_id)
