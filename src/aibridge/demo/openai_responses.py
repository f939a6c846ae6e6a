"""OpenAI Responses, as https://platform.openai.com/docs/api-reference/responses-streaming describes it."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from aibridge.demo import openai_chat
from aibridge.demo.asked import Api, Request
from aibridge.demo.response_items import SEALED, Item, item
from aibridge.demo.script import Answer, Fail, Pair
from aibridge.demo.voice import Mint, Spoken, deltas, encode, event, spoken

NULL = msgspec.Raw(b"null")


class Echo(msgspec.Struct):
    """What a response repeats of its request, byte for byte: a large part of the real traffic."""

    instructions: msgspec.Raw = NULL
    max_output_tokens: msgspec.Raw = NULL
    metadata: msgspec.Raw = msgspec.Raw(b"{}")
    parallel_tool_calls: msgspec.Raw = msgspec.Raw(b"true")
    previous_response_id: msgspec.Raw = NULL
    prompt_cache_key: msgspec.Raw = NULL
    reasoning: msgspec.Raw = msgspec.Raw(b'{"effort":null,"summary":null}')
    store: msgspec.Raw = msgspec.Raw(b"true")
    text: msgspec.Raw = msgspec.Raw(b'{"format":{"type":"text"},"verbosity":"medium"}')
    tool_choice: msgspec.Raw = msgspec.Raw(b'"auto"')
    tools: msgspec.Raw = msgspec.Raw(b"[]")


class Wishes(msgspec.Struct):
    """What a request wants to see."""

    include: list[str] | None = None


_echo = msgspec.json.Decoder(Echo).decode
_wishes = msgspec.json.Decoder(Wishes).decode


def echo(body: bytes) -> dict[str, Any]:
    """The repeated fields, or the provider's defaults."""
    try:
        return msgspec.structs.asdict(_echo(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.structs.asdict(Echo())


def wants_sealed(body: bytes) -> bool:
    """Whether the client keeps the reasoning itself."""
    try:
        return "reasoning.encrypted_content" in (_wishes(body).include or ())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def usage(answer: Answer) -> dict[str, Any]:
    """The usage object: `input_tokens` holds everything that was read, from the cache or not."""
    said = answer.usage
    total = said.input + said.cache_read + said.cache_write
    written = {"cache_write_tokens": said.cache_write} if said.cache_write else {}  # told since GPT-5.6
    return {
        "input_tokens": total,
        "input_tokens_details": {"cached_tokens": said.cache_read, **written},
        "output_tokens": said.output,
        "output_tokens_details": {"reasoning_tokens": said.reasoning},
        "total_tokens": total + said.output,
    }


def response(request: Request, answer: Answer, mint: Mint) -> dict[str, Any]:
    """A response in progress, without output."""
    return {
        "id": answer.id or mint.hex("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "max_tool_calls": None,
        "model": answer.model or request.model,
        "output": [],
        "safety_identifier": None,
        "service_tier": "default",
        "temperature": 1.0,
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        **echo(request.received.body),
    }


def ended(begun: dict[str, Any], answer: Answer, output: list[Item]) -> dict[str, Any]:
    """The same response at its end: `completed`, or `incomplete` with the given stop as its reason."""
    reason = {"reason": answer.stop} if answer.stop else None
    return {
        **begun,
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else int(time.time()),
        "incomplete_details": reason,
        "output": output,
        "usage": usage(answer),
    }


class ResponsesSpeaker:
    """Writes one response as a stream."""

    def __init__(self, request: Request, answer: Answer, mint: Mint) -> None:
        self._answer = answer
        self._mint = mint
        self._sealed = wants_sealed(request.received.body)
        self._response = response(request, answer, mint)
        self._sequence = -1
        self._output: list[Item] = []
        self._open = False

    def start(self) -> Iterator[bytes]:
        """`response.created`, `response.in_progress`."""
        yield self._event("response.created", response=self._response)
        yield self._event("response.in_progress", response=self._response)

    def say(self, part: Spoken) -> Iterator[bytes]:
        """One output item; the event that it is done waits for what follows."""
        yield from self._close()
        one = item(part, self._mint, sealed=self._sealed)
        at = len(self._output)
        self._output.append(one)
        self._open = True
        yield self._event("response.output_item.added", output_index=at, item=begun(one))
        yield from self._contents(one, {"item_id": one["id"], "output_index": at})

    def fail(self, fail: Fail) -> bytes:
        """`response.failed`, or a bare `error` event where the kind is `error`."""
        error = openai_chat.error_object(fail)["error"]
        code, message = error["code"] or error["type"], error["message"]
        if fail.kind == "error":
            return self._event("error", code="server_error", message=message, param=None)
        failed = {**self._response, "status": "failed", "error": {"code": code, "message": message}}
        return self._event("response.failed", response=failed)

    def finish(self) -> Iterator[bytes]:
        """The terminal event with the whole response."""
        yield from self._close()
        whole = ended(self._response, self._answer, self._output)
        yield self._event(f"response.{whole['status']}", response=whole)

    def _contents(self, one: Item, where: dict[str, Any]) -> Iterator[bytes]:
        size = self._answer.delta
        match one["type"]:
            case "reasoning":
                where = {**where, "summary_index": 0}
                part = one["summary"][0]
                yield self._event("response.reasoning_summary_part.added", **where, part={**part, "text": ""})
                for piece in deltas(part["text"], size):
                    yield self._event("response.reasoning_summary_text.delta", **where, delta=piece)
                yield self._event("response.reasoning_summary_text.done", **where, text=part["text"])
                yield self._event("response.reasoning_summary_part.done", **where, part=part)
            case "message":
                where = {**where, "content_index": 0}
                part = one["content"][0]
                yield self._event("response.content_part.added", **where, part={**part, "text": ""})
                for piece in deltas(part["text"], size):
                    yield self._event("response.output_text.delta", **where, delta=piece, logprobs=[])
                yield self._event("response.output_text.done", **where, text=part["text"], logprobs=[])
                yield self._event("response.content_part.done", **where, part=part)
            case "function_call":
                yield from self._input("response.function_call_arguments", "arguments", one, where)
            case "custom_tool_call":
                yield from self._input("response.custom_tool_call_input", "input", one, where)
            case hosted:
                for state in ("in_progress", "completed"):
                    yield self._event(f"response.{hosted}.{state}", **where)

    def _input(self, name: str, field: str, one: Item, where: dict[str, Any]) -> Iterator[bytes]:
        for piece in deltas(one[field], self._answer.delta):
            yield self._event(f"{name}.delta", **where, delta=piece)
        yield self._event(f"{name}.done", **where, **{field: one[field]})

    def _close(self) -> Iterator[bytes]:
        if self._open:
            self._open = False
            yield self._event("response.output_item.done", output_index=len(self._output) - 1, item=self._output[-1])

    def _event(self, name: str, **fields: Any) -> bytes:
        self._sequence += 1
        return event(name, {"type": name, "sequence_number": self._sequence, **fields})


EMPTY: dict[str, Item] = {
    "reasoning": {"summary": []},
    "message": {"content": [], "status": "in_progress"},
    "function_call": {"arguments": "", "status": "in_progress"},
    "custom_tool_call": {"input": "", "status": "in_progress"},
}


def begun(one: Item) -> Item:
    """An item before its contents have arrived."""
    return one | EMPTY.get(one["type"], {"status": "in_progress"})


class Responses:
    """The voice of Responses."""

    def request_id(self, mint: Mint) -> str:
        """As in the `x-request-id` header."""
        return mint.hex("req_", 32)

    def speaker(self, request: Request, answer: Answer, mint: Mint) -> ResponsesSpeaker:
        """Write this answer as a stream."""
        return ResponsesSpeaker(request, answer, mint)

    def body(self, request: Request, answer: Answer, mint: Mint) -> bytes:
        """Write this answer as one response; a compaction where the path asks for one."""
        if request.api is Api.COMPACT:
            return compaction(answer, mint)
        sealed = wants_sealed(request.received.body)
        output = [item(part, mint, sealed=sealed) for part in spoken(answer)]
        return encode(ended(response(request, answer, mint), answer, output))

    def error(self, fail: Fail, request_id: str) -> bytes:  # noqa: ARG002 - OpenAI names the id in a header alone
        """The envelope of an error."""
        return encode(openai_chat.error_object(fail))

    def headers(self, request_id: str) -> list[Pair]:
        """The request id and the state of the rate limits."""
        return openai_chat.headers(request_id)


def compaction(answer: Answer, mint: Mint) -> bytes:
    """The answer of `/responses/compact`: the conversation, sealed."""
    return encode(
        {
            "id": answer.id or mint.hex("resp_"),
            "object": "response.compaction",
            "created_at": int(time.time()),
            "output": [{"id": mint.hex("cmp_"), "type": "compaction", "encrypted_content": SEALED}],
            "usage": usage(answer),
        }
    )
