"""The public contract of usage."""

from typing import Annotated

from pydantic import ConfigDict, Field

from aibridge.api.shapes import Initiator, Moment, Shape
from aibridge.store.usage import Bucket, By

Count = Annotated[int, Field(ge=0, examples=[42])]
Tokens = Annotated[int, Field(ge=0, examples=[120_000])]
Millis = Annotated[
    float | None,
    Field(
        ge=0,
        examples=[3970.8],
        description="milliseconds from start to end, nearest rank, told to a step of less than a seventh; "
        "null without requests",
    ),
]


class Spent(Shape):
    """Figures of all ended requests that began in a time."""

    requests: Count
    failures: Count = Field(description="failed, truncated or interrupted")
    input_tokens: Tokens = Field(description="excludes cache reads and writes")
    output_tokens: Tokens
    cache_read_input_tokens: Tokens
    cache_write_input_tokens: Tokens
    cost_micros: Count = Field(description="micro-dollars, as far as they are known")
    unpriced: Count = Field(description="requests with token usage whose cost is not known")
    tool_calls: Count = Field(description="of the tool, where groups are tools or one is asked for")
    duration_p50_ms: Millis
    duration_p95_ms: Millis
    duration_p99_ms: Millis


class UsageFigures(Spent):
    """The same with those who asked."""

    active_users: Count = Field(description="distinct users who asked anything")


class UsageGroup(UsageFigures):
    """One group over the whole time, or all beyond the limit together."""

    key: str | None = Field(
        examples=["claude-sonnet-4-5"],
        description="a user's id, a model, a client, a provider, a provider name or a tool; null: all other groups",
    )
    user: Initiator | None = Field(description="where users are the groups")
    groups: int = Field(ge=1, examples=[1], description="how many groups these are")


class UsageOfGroup(Spent):
    """One group in one step."""

    key: str | None = Field(examples=["claude-sonnet-4-5"], description="as in `groups`")


class UsageStep(UsageFigures):
    """One hour or day."""

    starts_at: Moment
    groups: list[UsageOfGroup] = Field(description="those with requests in this step, in the order of `groups`")


class Usage(Shape):
    """What was asked for and spent in a time."""

    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)

    from_: Moment = Field(alias="from", description="RFC 3339, UTC; the full hour")
    to: Moment = Field(description="RFC 3339, UTC; the full hour, exclusive")
    bucket: Bucket
    by: By | None = Field(examples=["model"])
    totals: UsageFigures = Field(description="of everything that matches, whatever the groups")
    groups: list[UsageGroup] = Field(description="most of `sort` first, all others together last; empty without `by`")
    series: list[UsageStep] = Field(description="every step, also those without requests; empty for `none`")
