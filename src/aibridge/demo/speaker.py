"""An agent in a session: what the provider is to say to it, and what that costs."""

from aibridge.demo.clients.client import Asking, Client, History, Seat
from aibridge.demo.scene import Mishap, Round
from aibridge.demo.script import CallTool, Commentary, Cut, Fail, Part, ServerTool, Text, Think, Usage
from aibridge.demo.voice import arguments

CHARACTERS_PER_TOKEN = 4
CACHE_BLOCK = 128
"""Tokens: OpenAI caches prefixes in steps of this size."""


class Speaker:
    """An agent: its conversation, and how much of it is in the provider's cache."""

    def __init__(self, history: History, seat: Seat) -> None:
        self.history = history
        self.seat = seat
        self._cached = 0

    def usage(self, client: Client, asking: Asking, spoken: list[Part], round_: Round) -> Usage:
        """Tokens as the provider would count them, were the system prompt and the tools not abridged."""
        total = client.prefix + len(asking.body) // CHARACTERS_PER_TOKEN
        said = max(6, sum(map(_length, spoken)) // CHARACTERS_PER_TOKEN)
        thought = len(round_.think) // CHARACTERS_PER_TOKEN
        cached, self._cached = self._cached or client.prefix, total
        if not client.streams:  # short programs stay below what providers cache
            return Usage(input=total, output=said, cache_read=0, cache_write=0)
        if client.anthropic:
            return Usage(input=4, output=said, cache_read=cached, cache_write=total - 4 - cached)
        cached -= cached % CACHE_BLOCK
        return Usage(input=total - cached, output=said, cache_read=cached, cache_write=0, reasoning=thought)


def spoken(round_: Round, calls: list[CallTool]) -> list[Part]:
    """What the provider shall say in this round."""
    parts: list[Part] = []
    if round_.think:
        parts.append(Think(round_.think))
    if round_.looks_up:
        parts.append(ServerTool("web_search", {"query": round_.looks_up}))
    if round_.say:
        parts.append(Commentary(round_.say) if calls else Text(round_.say))
    return [*parts, *calls]


def failing(mishap: Mishap, spoken: list[Part], *, anthropic: bool) -> list[Part]:
    """What it says instead when this goes wrong."""
    match mishap:
        case Mishap.OVERLOADED:
            return [Fail(529 if anthropic else 503)]
        case Mishap.RATE_LIMITED:
            return [Fail(429, headers=((b"retry-after", b"1"),))]
        case Mishap.SERVER_ERROR:
            return [Fail(500)]
        case Mishap.MID_STREAM:
            return [spoken[0], Fail()]
        case Mishap.TRUNCATED:
            return [spoken[0], Cut()]


def _length(part: Part) -> int:
    match part:
        case Think(text) | Text(text) | Commentary(text):
            return len(text)
        case CallTool():
            return len(part.name) + len(arguments(part))
        case _:
            return 0
