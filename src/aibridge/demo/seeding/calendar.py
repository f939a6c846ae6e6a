"""When sessions begin, and how long they go on."""

import math
import random
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from aibridge.demo.seeding.catalogue import DAY, HOUR
from aibridge.demo.seeding.chance import Choice

GIANTS = (5000, 4100, 3300, 2600, 2000, 1700, 1500, 1300, 1150, 1000)
"""Interceptions of sessions that never end: the ones that a session's page must be able to show."""
GIANTS_SHARE = 20
"""A giant is left out where it would be more than one of so many interceptions."""
MEDIAN_LENGTH, LENGTH_SPREAD = 3.6, 1.25
"""Of a log-normal distribution: a mean of 7.8 and a long tail. Clients that declare no session split theirs by threads,
which leaves about six to a session."""
LONGEST = 900
_GROWTH = 0.6
"""How much more there is on the last day than on the first."""
_LENGTH_BITS = 13


class Season(msgspec.Struct, frozen=True):
    """How much is done when; as a rule by a company in Europe with a smaller office on the American East Coast."""

    days: int = 60
    hours: tuple[int, ...] = (1, 1, 1, 1, 1, 2, 6, 20, 42, 55, 58, 50, 40, 50, 62, 66, 60, 50, 38, 28, 20, 12, 6, 3)
    """Of a day (UTC), beside each other."""
    weekend: float = 0.12
    """Beside other days."""


TWO_MONTHS = Season()


def sessions(interceptions: int, until: int, season: Season, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Start and number of interceptions of each session, by start; the numbers add up to `interceptions`."""
    hours = _hours(until, season)
    planned = array("q", (hours.take(chance) << _LENGTH_BITS | length for length in _lengths(interceptions, chance)))
    # Many begin in one hour: what tells them apart is drawn as they come out, in order.
    for start, lengths in _by_hour(sorted(planned)):
        moments = sorted(start + int(chance.random() * HOUR) for _ in lengths)
        chance.shuffle(lengths)
        yield from zip(moments, lengths, strict=True)


def _by_hour(planned: list[int]) -> Iterator[tuple[int, list[int]]]:
    hour, lengths = -1, list[int]()
    for each in planned:
        if each >> _LENGTH_BITS != hour:
            if lengths:
                yield hour * HOUR, lengths
            hour, lengths = each >> _LENGTH_BITS, []
        lengths.append(each & (1 << _LENGTH_BITS) - 1)
    if lengths:
        yield hour * HOUR, lengths


def _lengths(total: int, chance: random.Random) -> Iterator[int]:
    left = total
    for length in GIANTS:
        if length * GIANTS_SHARE <= total:
            left -= length
            yield length
    middle = math.log(MEDIAN_LENGTH)
    while left > 0:
        length = min(left, LONGEST, max(1, round(chance.lognormvariate(middle, LENGTH_SPREAD))))
        left -= length
        yield length


def _hours(until: int, season: Season) -> Choice[int]:
    """Whole hours of the season before `until`, as hours since 1970, by how much is done in them."""
    last = until // HOUR - 1
    hours = range(last - season.days * (DAY // HOUR) + 1, last + 1)
    return Choice(hours, [_busy(hour, season) * (1 + _GROWTH * (hour - hours[0]) / len(hours)) for hour in hours])


def _busy(hour: int, season: Season) -> float:
    moment = datetime.fromtimestamp(hour * 3600, UTC)
    return season.hours[moment.hour] * (season.weekend if moment.weekday() >= 5 else 1)
