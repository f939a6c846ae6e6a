"""The provider's other routes: lists of models, token counts, telemetry. None of them is a scripted answer."""

import re

from aibridge.demo.received import Received
from aibridge.demo.script import Fail
from aibridge.demo.voice import encode

CLAUDES = ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5")
GPTS = ("gpt-5.5", "gpt-5-mini", "gpt-4.1")
CHARACTERS_PER_TOKEN = 4

_MODELS = re.compile(rb"/models(?:/([^/]+))?$")


def other_route(received: Received, *, anthropic: bool) -> bytes | Fail:
    """The JSON that this route answers, or the 404."""
    found = _MODELS.search(received.path)
    if found and received.method in {"GET", "HEAD"}:
        one = found[1].decode() if found[1] else None
        return encode(_claudes(one) if anthropic else _gpts(one))
    if received.method == "POST" and received.path.endswith((b"/count_tokens", b"/input_tokens")):
        return encode({"input_tokens": max(1, len(received.body) // CHARACTERS_PER_TOKEN)})
    if received.method == "POST" and b"/event_logging/" in received.path:
        return b"{}"
    return Fail(404)


def _claudes(one: str | None) -> object:
    rows = [
        {
            "type": "model",
            "id": id_,
            "display_name": id_.replace("-", " ").title(),
            "created_at": "2025-10-01T00:00:00Z",
        }
        for id_ in ([one] if one else CLAUDES)
    ]
    return rows[0] if one else {"data": rows, "has_more": False, "first_id": CLAUDES[0], "last_id": CLAUDES[-1]}


def _gpts(one: str | None) -> object:
    rows = [
        {"id": id_, "object": "model", "created": 1750000000, "owned_by": "openai"} for id_ in ([one] if one else GPTS)
    ]
    return rows[0] if one else {"object": "list", "data": rows}
