"""Where a page of a list stands among all its pages."""

import msgspec


class Leap(msgspec.Struct, frozen=True, kw_only=True):
    """A page that can be gone to; without a number, the pages between its neighbours."""

    number: int | None
    offset: int = 0
    is_current: bool = False


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """The rows from `first` to `last` of `total`, counted from 1."""

    first: int
    last: int
    total: int
    limit: int
    previous: int | None
    """Offset of the page before; None: this is the first."""
    next: int | None
    leaps: tuple[Leap, ...]


def paging(offset: int, limit: int, total: int) -> Paging:
    """The page at `offset`, or the last one when it lies beyond the end."""
    end = max(total - 1, 0) // limit * limit
    offset = min(offset, end) if offset >= total else offset
    current, last = offset // limit, end // limit
    near = sorted({0, last, *range(max(current - 1, 0), min(current + 1, last) + 1)})
    return Paging(
        first=offset + 1 if total else 0,
        last=min(offset + limit, total),
        total=total,
        limit=limit,
        previous=max(offset - limit, 0) if offset else None,
        next=offset + limit if offset + limit < total else None,
        leaps=tuple(_leaps(near, current, limit)),
    )


def _leaps(numbers: list[int], current: int, limit: int) -> list[Leap]:
    leaps: list[Leap] = []
    for place, number in enumerate(numbers):
        if place and number - numbers[place - 1] > 1:
            leaps.append(Leap(number=None))
        leaps.append(Leap(number=number + 1, offset=number * limit, is_current=number == current))
    return leaps
