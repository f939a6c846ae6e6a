"""Request bodies in the three dialects, as small as they may be."""

import json
from typing import Any, Protocol


class Asks(Protocol):
    """Writes a request body."""

    def __call__(self, prompt: str = ..., *, stream: bool = ..., **more: Any) -> bytes: ...


def messages(prompt: str = "Why is the build red?", *, stream: bool = False, **more: Any) -> bytes:
    """Anthropic Messages."""
    body = {"model": "claude-test", "max_tokens": 64, "messages": [{"role": "user", "content": prompt}], **more}
    return _written(body, stream=stream)


def chat(prompt: str = "Why is the build red?", *, stream: bool = False, **more: Any) -> bytes:
    """OpenAI Chat Completions."""
    return _written({"model": "gpt-test", "messages": [{"role": "user", "content": prompt}], **more}, stream=stream)


def responses(prompt: str = "Why is the build red?", *, stream: bool = False, **more: Any) -> bytes:
    """OpenAI Responses."""
    return _written({"model": "gpt-test", "input": prompt, **more}, stream=stream)


def _written(body: dict[str, Any], *, stream: bool) -> bytes:
    return json.dumps(body | ({"stream": True} if stream else {})).encode()
