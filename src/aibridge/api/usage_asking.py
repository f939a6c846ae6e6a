"""What a question about usage asks for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

from aibridge.api.asking import refusals_of
from aibridge.api.caller import Caller
from aibridge.api.grammar import QueryRefused, Wrong
from aibridge.api.initiators import resolved
from aibridge.api.parts import ApiParts
from aibridge.api.problems import Invalid
from aibridge.api.search import AFTER, BEFORE, RECORD_KEYS, RFC_3339, record_query
from aibridge.filters import Filter
from aibridge.store.usage import Bucket, full_hours, steps_of

USAGE_KEYS = tuple(key for key in RECORD_KEYS if key not in {"session_id", AFTER, BEFORE})
"""What usage can be asked for by."""

USUAL_TIME = timedelta(days=30)
DEFAULT_LIMIT = 20
MAX_LIMIT = 1000
MAX_STEPS = 750
"""A month of hours, two years of days."""
MAX_FIGURES = 20_000
"""Groups times steps: some 8 MB of JSON."""

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""Where there is no record beyond."""


async def usage_filter(q: str, caller: Caller, parts: ApiParts) -> Filter:
    """The filter that `q` means for usage. Raises `Invalid`."""
    with refusals_of("usage"):
        query = record_query(q)
        wrong = list(_not_kept(query.filter))
        if wrong:
            raise QueryRefused(wrong)
        return await resolved(query, caller, parts.people)


def _not_kept(filter_: Filter) -> Iterator[Wrong]:
    if filter_.text:
        yield Wrong(
            "q",
            "Usage is kept without the texts, and cannot be searched for words: write a key before each value; "
            f"known: {', '.join(USAGE_KEYS)}",
        )
    if filter_.session_ids:
        yield _unknown("session_id", "usage is kept by hour and not by session")
    for key, bound, instead in ((AFTER, filter_.started_after, "from"), (BEFORE, filter_.started_before, "to")):
        if bound is not None:
            yield _unknown(key, f'write the parameter "{instead}" instead')
    if len(filter_.tools) > 1:
        yield Wrong(
            "tool", 'Query param "tool" can be given only once here: requests that called both would count twice'
        )


def _unknown(key: str, why: str) -> Wrong:
    return Wrong(key, f'Query param "{key}" is not known here: {why}')


def time_of(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when, in full hours; as a rule the thirty days that end now. Raises `Invalid`."""
    end = _within(until or now)
    start = _within(since or end - USUAL_TIME)
    if start >= end:
        raise Invalid("Invalid usage time.", detail='"to" must be after "from"', field="to")
    return full_hours(start, end)


def _written_out(text: object) -> object:
    """Not the seconds since 1970 that pydantic would take, too."""
    if isinstance(text, str) and not RFC_3339.fullmatch(text.upper()):
        raise ValueError(f'cannot read "{text}": write RFC 3339, such as 2026-01-02T03:04:05Z')
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A parameter."""


def _within(moment: datetime) -> datetime:
    return min(max(moment, _FIRST), _LAST).astimezone(UTC)


def check_size(start: datetime, end: datetime, bucket: Bucket, limit: int, *, grouped: bool) -> None:
    """Refuse what would be too long to read. Raises `Invalid`."""
    if not 1 <= limit <= MAX_LIMIT:
        detail = f"Usage limit must be in range [1, {MAX_LIMIT}]"
        raise Invalid("Invalid usage limit value.", detail=detail, field="limit")
    steps = len(steps_of(start, end, bucket)) or 1
    if steps > MAX_STEPS:
        raise Invalid(
            "Too many steps.",
            detail=f"{steps:,} steps of one {bucket}; at most {MAX_STEPS} can be asked for: "
            "take a shorter time, or longer steps",
            field="bucket",
        )
    if grouped and steps * (limit + 1) > MAX_FIGURES:
        raise Invalid(
            "Too many figures.",
            detail=f"{steps:,} steps of up to {limit + 1} groups; at most {MAX_FIGURES:,} figures can be asked for: "
            "take a lower limit, a shorter time, or longer steps",
            field="limit",
        )
