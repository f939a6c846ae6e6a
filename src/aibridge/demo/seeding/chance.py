"""Choices with weights, quick enough for millions of them."""

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Choice(Generic[T]):
    """One of several, some more often than others."""

    def __init__(self, options: Sequence[T], weights: Sequence[float]) -> None:
        self._options = options
        self._bounds = list(accumulate(weights))
        self._whole = self._bounds[-1]
        self._last = len(options) - 1

    @classmethod
    def of(cls, *pairs: tuple[T, float]) -> "Choice[T]":
        """Options with their weights."""
        return cls([option for option, _ in pairs], [weight for _, weight in pairs])

    def take(self, chance: random.Random) -> T:
        """Pick one."""
        return self._options[min(bisect(self._bounds, chance.random() * self._whole), self._last)]


def zipf(count: int, *, exponent: float = 1.0, shift: float = 2.7) -> list[float]:
    """Weights that fall with the rank (Zipf-Mandelbrot): few do much, many do little."""
    return [1 / (rank + shift) ** exponent for rank in range(1, count + 1)]


def pick(chance: random.Random, options: Sequence[T]) -> T:
    """Any of them, all alike."""
    return options[int(chance.random() * len(options))]
