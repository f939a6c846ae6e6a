"""Usage: what was asked for and spent over a time, in total, by group and by hour or day.

Numbers outlive the record: they stay when retention or an erasure takes the text.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from aibridge.filters import EVERYTHING, Filter
from aibridge.store.people_shown import Person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Bucket(StrEnum):
    """The steps of the series; days are UTC's."""

    HOUR = "hour"
    DAY = "day"
    NONE = "none"


class By(StrEnum):
    """What usage is grouped by."""

    USER = "user"
    MODEL = "model"
    CLIENT = "client"
    PROVIDER = "provider"
    """The wire format."""
    PROVIDER_NAME = "provider_name"
    """The configured instance."""
    TOOL = "tool"
    """Requests in which the model called it; who called several is in several groups."""


class Sort(StrEnum):
    """Which groups come first: those with the most of it."""

    REQUESTS = "requests"
    FAILURES = "failures"
    TOKENS = "tokens"
    """All four kinds together."""
    COST = "cost_micros"
    TOOL_CALLS = "tool_calls"


class UsageAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What usage is asked for."""

    start: datetime
    """With a time zone; taken back to the full hour."""
    end: datetime
    """Exclusive, with a time zone; taken forward to the full hour."""
    filter: Filter = EVERYTHING
    """Without session ids and window, and with one tool at most: what is finer than hours is not kept."""
    bucket: Bucket = Bucket.NONE
    by: By | None = None
    sort: Sort = Sort.REQUESTS
    limit: int | None = None
    """Number of groups; the rest are combined. None: all."""
    users: bool = True
    """Count the users, which takes longer than all else; else nothing has any."""
    group_users: bool = True
    """Count those of each group, too; else models, clients and the like have none."""
    group_durations: bool = True
    """Tell how long those of each group took, too; else groups have no percentiles."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Of all requests that began in a time. Durations are of whole requests, from start to end, in milliseconds.

    A percentile and the duration that it stands for lie in the same step of `store.durations`: they differ by less than
    a seventh, or by less than a millisecond. What takes longer than 2.8 hours counts as that. None without requests.
    """

    requests: int = 0
    """That have ended."""
    failures: int = 0
    """Failed, truncated or interrupted."""
    input_tokens: int = 0
    """Excludes cache reads and writes."""
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cost_micros: int = 0
    """Micro-dollars, as far as they are known."""
    unpriced: int = 0
    """Requests with token usage whose cost is not known, and not in `cost_micros`."""
    tool_calls: int = 0
    """In a group by tool, or under a filter for one: of that tool."""
    duration_p50_ms: float | None = None
    duration_p95_ms: float | None = None
    duration_p99_ms: float | None = None


class Figures(Spent, frozen=True, kw_only=True):
    """The same with those who asked."""

    active_users: int = 0


class UsageGroup(Figures, frozen=True, kw_only=True):
    """The requests of one group."""

    key: str | None
    """A user's id, a model, a client, a provider, a provider name or a tool; None: all beyond the limit together."""
    person: Person | None = msgspec.field(default=None, name="user")
    """The user, where users are the groups."""
    groups: int = 1
    """How many groups these are: more than one only where the key is None."""


class ActiveUsers(msgspec.Struct, frozen=True, kw_only=True):
    """How many users asked for something in a time."""

    total: int
    series: list[int]
    """In each step of the time, in the order of `ReadUsage.series`."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A group in a list of those with the most; the fields are those of `UsageGroup`."""

    key: str
    person: Person | None
    requests: int
    tool_calls: int
    cost_micros: int
    unpriced: int


class GroupInStep(Spent, frozen=True, kw_only=True):
    """The requests of one group in one step."""

    key: str | None
    """As in `UsageGroup`."""


class UsageStep(Figures, frozen=True, kw_only=True):
    """One hour or day, all groups together and one by one."""

    starts_at: datetime
    groups: list[GroupInStep]
    """Those that have requests in it, in the order of `ReadUsage.groups`."""


class ReadUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Usage in a time."""

    start: datetime = msgspec.field(name="from")
    """Full hours, UTC."""
    end: datetime = msgspec.field(name="to")
    """Exclusive."""
    bucket: Bucket
    by: By | None
    totals: Figures
    """Of everything that matches, whatever the groups."""
    groups: list[UsageGroup]
    """By `sort`, most first; all others together last. Empty without `by`."""
    series: list[UsageStep]
    """Every step, also those without requests; the first and the last may be cut by the time. Empty for `none`."""


def full_hours(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The time, widened to full hours, in UTC."""
    return _full_hour(start), _full_hour(end + HOUR - timedelta.resolution)


def steps_of(start: datetime, end: datetime, bucket: Bucket) -> list[datetime]:
    """Where the steps of a time of full hours begin; a day at midnight also where the time begins later."""
    if bucket is Bucket.NONE:
        return []
    first, width = (start, HOUR) if bucket is Bucket.HOUR else (midnight(start), DAY)
    return [first + width * n for n in range(-(-(end - first) // width))]


def midnight(moment: datetime) -> datetime:
    """When the day begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def new_month(moment: datetime) -> datetime:
    """When the month begins."""
    return midnight(moment).replace(day=1)


def _full_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
