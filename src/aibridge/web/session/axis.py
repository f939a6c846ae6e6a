"""Time as a share of a strip's width, with long idle times folded to a narrow mark."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE = timedelta(minutes=3)
"""What is longer than this is folded: a person who reads, or a meal."""
FOLD, ALL_FOLDS = 2.4, 50.0
"""Per cent of the strip that one fold takes, and all of them at most: a session of a month has hundreds of nights."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """An idle time."""

    at: float
    """Per cent of the strip, as is the width."""
    width: float
    lasts: timedelta


class Axis:
    """Maps moments to per cent of the strip: busy time in proportion, each fold the same."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime]]) -> None:
        blocks = _blocks(spans)
        self.busy = sum((end - start for start, end in blocks), timedelta())
        """When something was under way, or the pause after it was short."""
        self._starts = [start.timestamp() for start, _ in blocks]
        self._ends = [end.timestamp() for _, end in blocks]
        width = min(FOLD, ALL_FOLDS / max(1, len(blocks) - 1))
        room = 100 - width * (len(blocks) - 1)
        self._scale = room / (self.busy.total_seconds() or 1)
        self._at: list[float] = []
        self.folds: list[Fold] = []
        position = 0.0
        for index, (start, end) in enumerate(blocks):
            self._at.append(position)
            position += (end - start).total_seconds() * self._scale
            if index + 1 < len(blocks):
                self.folds.append(Fold(at=position, width=width, lasts=blocks[index + 1][0] - end))
                position += width

    def at(self, moment: datetime) -> float:
        """Where it stands, from 0 to 100. What is in a fold stands at its beginning."""
        seconds = moment.timestamp()
        index = bisect_right(self._starts, seconds) - 1
        if index < 0:
            return 0.0
        within = min(seconds, self._ends[index]) - self._starts[index]
        return min(100.0, self._at[index] + within * self._scale)


def _blocks(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """What was busy, in order, with only idle times between."""
    blocks: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if blocks and start - blocks[-1][1] < IDLE:
            blocks[-1] = blocks[-1][0], max(blocks[-1][1], end)
        else:
            blocks.append((start, end))
    return blocks
