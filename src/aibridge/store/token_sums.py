"""Sums of tokens and of whatever else providers count, per step, thread and session. Nothing here does any I/O."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Counts = tuple[int | None, int | None, int | None, int | None]
"""Input, output, cache reads, cache writes; None is unknown."""

NO_COUNTS: Counts = (None, None, None, None)


class TokenSums(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of a thread or a session: what is unknown counts nothing."""

    input_tokens: int
    """Excludes cache reads and writes."""
    output_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    metadata: dict[str, int]
    """Every other integer that providers tell about tokens, summed by key; nested keys are joined with dots."""


class StepTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one step; None is unknown, zero is zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    metadata: dict[str, int] = {}

    @property
    def counts(self) -> Counts:
        """The four figures, in the order of their names."""
        return self.input_tokens, self.output_tokens, self.cache_read_input_tokens, self.cache_write_input_tokens


UNTOLD = StepTokens()
"""The tokens of a step whose answer told none."""


class Sums:
    """Adds up; the only thing here that changes."""

    def __init__(self) -> None:
        self.counts: Counts = NO_COUNTS
        self.metadata: dict[str, int] = {}

    def add(self, leaves: Mapping[str, int], counts: Counts = NO_COUNTS) -> None:
        """Adds integers by key, and the four figures."""
        mine = self.counts
        self.counts = (
            _sum(mine[0], counts[0]),
            _sum(mine[1], counts[1]),
            _sum(mine[2], counts[2]),
            _sum(mine[3], counts[3]),
        )
        metadata = self.metadata
        for key, value in leaves.items():
            metadata[key] = metadata.get(key, 0) + value

    def step(self) -> StepTokens:
        """The sums as those of one step."""
        return StepTokens(**dict(zip(_FIGURES, self.counts, strict=True)), metadata=self.metadata)

    def whole(self) -> TokenSums:
        """The sums as those of a thread."""
        figures = {name: count or 0 for name, count in zip(_FIGURES, self.counts, strict=True)}
        return TokenSums(**figures, metadata=self.metadata)


_FIGURES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other


def integer_leaves(metadata: object) -> dict[str, int]:
    """The integers of a JSON object, summed by key; nested keys are joined with dots, all else is passed over.

    Not recursive: a provider may nest as deep as it likes.
    """
    if not metadata or not isinstance(metadata, dict):
        return {}
    found: dict[str, int] = {}
    for key, value in _leaves(metadata):
        if type(value) is int:  # a bool is an int, too
            found[key] = found.get(key, 0) + value
    return found


def _leaves(metadata: dict[str, Any]) -> Iterator[tuple[str, object]]:
    waiting = [("", metadata)]
    while waiting:
        prefix, members = waiting.pop()
        for key, value in members.items():
            if isinstance(value, dict):
                waiting.append((f"{prefix}{key}.", value))
            else:
                yield prefix + key, value
