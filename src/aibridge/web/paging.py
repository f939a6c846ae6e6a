"""Where a page of a list stands among all its pages."""

import msgspec


class Leap(msgspec.Struct, frozen=True, kw_only=True):
    """A page that can be gone to; without a number, the pages between its neighbours."""

    number: int | None
    offset: int = 0
    is_current: bool = False


COUNTED = 10_000
"""Matches of a text that a list counts: of a common word there are more than anybody waits for."""


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """The rows from `first` to `last` of `total`, counted from 1."""

    first: int
    last: int
    total: int
    more: bool
    """There are at least `total`, and nobody counted on."""
    limit: int
    previous: int | None
    """Offset of the page before; None: this is the first."""
    next: int | None
    leaps: tuple[Leap, ...]


def paging(offset: int, limit: int, total: int, *, reach: int | None = None) -> Paging:
    """The page at `offset`, or the last one when it lies beyond the end.

    `reach`: there are at least `total`, and the rows are known to reach this far. Nobody knows which page is the last.
    """
    known = max(total, reach or 0)
    end = max(known - 1, 0) // limit * limit
    offset = min(offset, end) if offset >= known else offset
    current, last = offset // limit, end // limit
    near = {0, *range(max(current - 1, 0), min(current + 1, last) + 1)}
    leaps = _leaps(sorted(near | {last} if reach is None else near), current, limit)
    following = offset + limit if offset + limit < known else None
    return Paging(
        first=offset + 1 if known else 0,
        last=min(offset + limit, known),
        total=total,
        more=reach is not None,
        limit=limit,
        previous=max(offset - limit, 0) if offset else None,
        next=following,
        leaps=(*leaps, *([] if reach is None or following is None else [Leap(number=None)])),
    )


def _leaps(numbers: list[int], current: int, limit: int) -> list[Leap]:
    leaps: list[Leap] = []
    for place, number in enumerate(numbers):
        if place and number - numbers[place - 1] > 1:
            leaps.append(Leap(number=None))
        leaps.append(Leap(number=number + 1, offset=number * limit, is_current=number == current))
    return leaps
