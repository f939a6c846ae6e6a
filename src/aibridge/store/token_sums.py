"""Sums of tokens and of whatever else providers count, per step, thread and session. Nothing here does any I/O."""

from collections.abc import Iterable

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


class TokenSumsInDetail(TokenSums, frozen=True, kw_only=True):
    """The same with whatever else providers count."""

    metadata: dict[str, int]
    """Every other integer that providers tell about tokens, summed by key; nested keys are joined with dots."""


class StepTokens(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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

    def count(self, counts: Counts) -> None:
        """Adds the four figures."""
        mine = self.counts
        self.counts = (
            _sum(mine[0], counts[0]),
            _sum(mine[1], counts[1]),
            _sum(mine[2], counts[2]),
            _sum(mine[3], counts[3]),
        )

    def tell(self, metadata: object) -> None:
        """Adds the integers of a JSON object by key; nested keys are joined with dots, all else is passed over.

        Not recursive: a provider may nest as deep as it likes.
        """
        found = self.metadata
        waiting = [("", metadata)] if isinstance(metadata, dict) else []
        for prefix, members in waiting:
            for name, value in members.items():
                if type(value) is int:  # a bool is an int, too
                    key = prefix + name
                    found[key] = found.get(key, 0) + value
                elif isinstance(value, dict):
                    waiting.append((f"{prefix}{name}.", value))

    def step(self) -> StepTokens:
        """The sums as those of one step."""
        return StepTokens(**dict(zip(_FIGURES, self.counts, strict=True)), metadata=self.metadata)

    def whole(self) -> TokenSumsInDetail:
        """The sums as those of a thread."""
        figures = {name: count or 0 for name, count in zip(_FIGURES, self.counts, strict=True)}
        return TokenSumsInDetail(**figures, metadata=self.metadata)


_FIGURES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")


def sum_known(figures: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None when none is."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other
