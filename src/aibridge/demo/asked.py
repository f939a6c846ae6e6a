"""What the provider reads of a request: little, tolerantly, and with no help of the code it is there to test."""

from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import Any

import msgspec

from aibridge.demo.received import Received


class Api(Enum):
    """The intercepted routes, by the end of their path."""

    MESSAGES = b"/v1/messages"
    CHAT = b"/chat/completions"
    RESPONSES = b"/responses"
    COMPACT = b"/responses/compact"

    @staticmethod
    def of(path: bytes) -> "Api | None":
        """The API that a path belongs to, whatever stands before it."""
        return next((api for api in Api if path.endswith(api.value)), None)


class StreamOptions(msgspec.Struct):
    """Of Chat Completions."""

    include_usage: bool | None = None


class Head(msgspec.Struct):
    """The fields that decide about the form of an answer."""

    model: str = "unknown-model"
    stream: bool | None = False
    stream_options: StreamOptions | None = None


_decode_head = msgspec.json.Decoder(Head).decode


class Request:
    """One request to one of the APIs."""

    def __init__(self, api: Api, received: Received) -> None:
        self.api = api
        self.received = received
        try:
            self.head = _decode_head(received.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.head = Head()

    @property
    def model(self) -> str:
        """The model asked for."""
        return self.head.model

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.head.stream) and self.api is not Api.COMPACT

    @property
    def include_usage(self) -> bool:
        """Whether a Chat Completions stream shall end with its usage."""
        return self.head.stream_options is not None and bool(self.head.stream_options.include_usage)

    @cached_property
    def json(self) -> dict[str, Any]:
        """The whole body; empty when it is not an object."""
        body = self.received.json
        return body if isinstance(body, dict) else {}

    @cached_property
    def dialogue(self) -> list[tuple[str, str]]:
        """Who said what, in order: `("user", text)`, `("model", "")`, `("result", call id)`."""
        return list(_dialogue(self.json))

    @property
    def prompt(self) -> str:
        """The last thing a person said: the last user text that no client put in."""
        return next((said for who, said in reversed(self.dialogue) if who == "user"), "")

    @property
    def step(self) -> int:
        """How many answers with tool calls came after the prompt: 0 for a new prompt."""
        steps, was_result = 0, False
        for who, _ in reversed(self.dialogue):
            if who == "user":
                break
            steps += who == "result" and not was_result
            was_result = who == "result"
        return steps


def _dialogue(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    items = body.get("messages", body.get("input"))
    if isinstance(items, str):
        yield "user", items
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield from _said(item)


def _said(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, role = item.get("type", "message"), item.get("role")
    if role == "tool":
        yield "result", str(item.get("tool_call_id"))
    elif isinstance(kind, str) and kind.endswith("_call_output"):
        yield "result", str(item.get("call_id"))
    elif role == "user":
        yield from _user_blocks(item.get("content"))
    elif role == "assistant" or (isinstance(kind, str) and kind.endswith("_call")):
        yield "model", ""


def _user_blocks(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        text = block.get("text")
        if block.get("type") == "tool_result":
            yield "result", str(block.get("tool_use_id"))
        elif isinstance(text, str) and not text.lstrip().startswith(("<system-reminder>", "<environment_context>")):
            yield "user", text
