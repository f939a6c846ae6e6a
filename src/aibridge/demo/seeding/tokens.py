"""Tokens: a context that grows from round to round, most of it read from a cache."""

import random
from typing import NamedTuple

from aibridge.records import ProviderType

WINDOW = 180_000
"""Tokens at which clients begin again from a summary."""


class Spent(NamedTuple):
    """The tokens of one interception; None is unknown."""

    input: int | None
    output: int | None
    cache_read: int | None
    cache_write: int | None
    metadata: str


UNKNOWN = Spent(None, None, None, None, "{}")


class Context:
    """What a model has been told so far, in tokens."""

    def __init__(self, provider: ProviderType, chance: random.Random) -> None:
        self._provider, self._chance = provider, chance
        self._cached = 0
        self._size = 9_000 + int(chance.random() * 12_000)

    def spend(self, *, side: bool = False) -> Spent:
        """One more round. A side request carries little and leaves the context alone."""
        chance = self._chance
        output = 1 + int(chance.lognormvariate(5.3, 0.95))
        if chance.random() < 0.015:
            return UNKNOWN
        if side:
            return Spent(200 + int(chance.random() * 900), output % 60 + 4, 0, 0, "{}")
        read, new = self._cached, self._size - self._cached
        self._cached = self._size
        self._size += output + int(chance.lognormvariate(6.6, 1.1))
        if self._size > WINDOW:
            self._cached, self._size = 0, 24_000
        if self._provider is ProviderType.ANTHROPIC:
            metadata = f'{{"cache_creation":{{"ephemeral_5m_input_tokens":{new},"ephemeral_1h_input_tokens":0}}}}'
            return Spent(3 + int(chance.random() * 9), output, read, new, metadata)
        thinking = output * int(chance.random() * 4) // 5
        return Spent(new, output, read, 0, f'{{"output_tokens_details":{{"reasoning_tokens":{thinking}}}}}')
