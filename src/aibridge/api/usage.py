"""Usage: what was requested and spent, by hour or day, grouped by a person or a thing."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from aibridge.api.asking import CLOSED_SETS
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.refusals import bad_request, case
from aibridge.api.usage_asking import (
    DEFAULT_LIMIT,
    MAX_FIGURES,
    MAX_LIMIT,
    MAX_STEPS,
    USAGE_KEYS,
    Moment,
    check_size,
    time_of,
    usage_filter,
)
from aibridge.api.usage_shapes import Usage
from aibridge.api.usage_table import table
from aibridge.exporting.tables import CSV_TYPE, csv_of
from aibridge.store.usage import Bucket, By, Sort, UsageAsked

router = APIRouter(prefix="/usage", tags=["usage"])


class Format(StrEnum):
    """How the answer is written."""

    JSON = "json"
    CSV = "csv"


_Q = Query(
    description=(
        "`key:value` terms as on the lists. "
        f"Keys: {', '.join(f'`{key}`' for key in USAGE_KEYS)}; `tool` once at most. {CLOSED_SETS}. "
        "Usage is kept without texts and sessions: words and `session_id` are refused."
    ),
    examples=['initiator:me provider:anthropic client:"Claude Code"'],
)

_REFUSED = bad_request(
    case(
        "?q=refactor",
        "Invalid usage search query.",
        field="q",
        reason="Usage is kept without the texts, and cannot be searched for words: write a key before each value; "
        f"known: {', '.join(USAGE_KEYS)}",
    ),
    case(
        "?q=session_id:s1",
        "Invalid usage search query.",
        field="session_id",
        reason='Query param "session_id" is not known here: usage is kept by hour and not by session',
    ),
    case(
        "?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "Invalid usage time.",
        detail='"to" must be after "from"',
        field="to",
    ),
    case(
        "?from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z&bucket=hour",
        "Too many steps.",
        detail=f"2,160 steps of one hour; at most {MAX_STEPS} can be asked for: take a shorter time, or longer steps",
        field="bucket",
    ),
    case(
        "?by=user&limit=1001",
        "Invalid usage limit value.",
        detail=f"Usage limit must be in range [1, {MAX_LIMIT}]",
        field="limit",
    ),
)
_ANSWERS = _REFUSED | {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "starts_at,by,key,name,requests,…"}}}
}


@router.get("", response_model=Usage, responses=_ANSWERS)
async def get_usage(
    caller: CallerOf,
    parts: Parts,
    *,
    q: Annotated[str, _Q] = "",
    since: Annotated[
        Moment | None,
        Query(alias="from", description="RFC 3339, rounded down to the hour; by default thirty days before `to`."),
    ] = None,
    until: Annotated[
        Moment | None,
        Query(alias="to", description="Exclusive, RFC 3339, rounded up to the hour; by default now."),
    ] = None,
    bucket: Annotated[
        Bucket,
        Query(description=f"The steps of `series`, at most {MAX_STEPS}; days are in UTC. `none`: no series."),
    ] = Bucket.DAY,
    by: Annotated[By | None, Query(description="What to group by; by default there are only totals.")] = None,
    sort: Annotated[Sort, Query(description="Groups with the highest value come first.")] = Sort.REQUESTS,
    limit: Annotated[
        int,
        Query(
            description=f"Number of groups, 1 to {MAX_LIMIT}; all others are combined into one with the key null. "
            f"Groups times steps: at most {MAX_FIGURES:,}.",
            json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
        ),
    ] = DEFAULT_LIMIT,
    format_: Annotated[
        Format | None,
        Query(alias="format", description="By default what `Accept` asks for, otherwise JSON."),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """What was requested and spent: requests, failures, tokens, cost, tool calls, users, durations.

    Counts ended requests by when they began, including those whose text is no longer on record: these figures stay when
    retention or an erasure removes it. They are exact, except for the percentiles of durations: each lies in the same
    step of a fixed scale as the true value, and so differs from it by less than a seventh.

    A request that called several tools counts in the group of each; the combined group counts it once for each tool.
    """
    start, end = time_of(since, until, datetime.now(UTC))
    check_size(start, end, bucket, limit, grouped=by is not None)
    filter_ = await usage_filter(q, caller, parts)
    asked = UsageAsked(start=start, end=end, filter=filter_, bucket=bucket, by=by, sort=sort, limit=limit)
    found = await parts.records.usage(caller.viewer, asked)
    if format_ is Format.CSV or (format_ is None and _wants_csv(accept)):
        name = f"aibridge-usage-{found.start:%Y-%m-%dT%H}-{found.end:%Y-%m-%dT%H}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(csv_of(table(found)), media_type=CSV_TYPE, headers=headers)
    return encoded(found)


def _wants_csv(accept: str) -> bool:
    """Whether CSV stands in an `Accept` before JSON and before anything else that JSON would do for."""
    for given in accept.lower().split(","):
        type_ = given.partition(";")[0].strip()
        if type_ in {"application/json", "application/*", "*/*"}:
            return False
        if type_ in {"text/csv", "text/*"}:
            return True
    return False
