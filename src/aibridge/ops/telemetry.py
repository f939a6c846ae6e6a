"""Telemetry: what each full hour was like, sent to a receiver of the operator's choice, if there is one.

Every replica does this; a claim on the hour keeps the others away. A report that could not be delivered is tried again,
by whoever is there, with the same id: `docs/telemetry.md` shows what it holds.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import structlog

from aibridge.errors import UpstreamError
from aibridge.store.telemetry import EVENT, HOUR, Claim, Summary, Telemetry

SETTLING = timedelta(minutes=2)
"""After the end of an hour, until the ends that were still being written and those of dead workers are on record."""
CLAIMED = timedelta(minutes=5)
"""How long an hour belongs to whoever took it: far longer than summing up and delivering may take together."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), HOUR
"""Between tries at one report; each doubles the pause."""

Deliver = Callable[[UUID, bytes], Awaitable[int]]
"""Sends a report and returns the HTTP status. Raises `UpstreamError` when there is none, in seconds."""

log = structlog.get_logger(__name__)


class Reporter:
    """Reports the full hours of the last day that nobody has reported. `clock` tells the time in UTC."""

    def __init__(self, store: Telemetry, deliver: Deliver, *, clock: Callable[[], datetime], version: str) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._version = version

    async def report(self) -> int:
        """Report what is due; how many hours that were. The first that fails is the last: its receiver is away."""
        done = 0
        while (claim := await self._claim()) is not None:
            if not await self._report(claim):
                break
            done += 1
        return done

    async def _claim(self) -> Claim | None:
        now = self._clock()
        return await self._store.claim(last_full_hour(now - SETTLING), now=now, until=now + CLAIMED)

    async def _report(self, claim: Claim) -> bool:
        summaries = await self._store.summaries(claim.period_started_at, claim.period_ending_at)
        problem = await self._send(claim, summaries) if summaries else ""  # an hour without traffic says nothing
        if problem:
            again_at = self._clock() + pause_after(claim.attempts)
            log.warning(
                "telemetry could not be delivered",
                period_ending_at=claim.period_ending_at.isoformat(),
                attempts=claim.attempts,
                problem=problem,
                again_at=again_at.isoformat(),
            )
            await self._store.failed(claim, again_at=again_at)
            return False
        await self._store.reported(claim, now=self._clock())
        return True

    async def _send(self, claim: Claim, summaries: Sequence[Summary]) -> str:
        """Deliver one report. What went wrong, or nothing."""
        report = report_of(summaries, claim.period_ending_at, report_id=claim.report_id, version=self._version)
        try:
            status = await self._deliver(claim.report_id, msgspec.json.encode(report))
        except UpstreamError as problem:
            return str(problem)
        return "" if HTTPStatus(200) <= status < HTTPStatus.MULTIPLE_CHOICES else f"the receiver answered {status}"


def last_full_hour(now: datetime) -> datetime:
    """When the last full clock hour ended."""
    return now.replace(minute=0, second=0, microsecond=0)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed tries."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)


def report_of(
    summaries: Sequence[Summary], period_ending_at: datetime, *, report_id: UUID | None, version: str
) -> dict[str, Any]:
    """All that is sent, ready to become JSON."""
    return {
        "event": EVENT,
        "report_id": report_id,
        "version": version,
        "period_started_at": period_ending_at - HOUR,
        "period_ending_at": period_ending_at,
        "summaries": [_shown(summary) for summary in summaries],
    }


def _shown(summary: Summary) -> dict[str, Any]:
    return {
        "provider": summary.provider,
        "model": summary.model,
        "client": summary.client,
        "interception_count": summary.interceptions,
        "interceptions_by_route": summary.routes,
        "interception_duration_millis": dict(zip(("p50", "p90", "p95", "p99"), summary.millis, strict=True)),
        "unique_initiator_count": summary.initiators,
        "user_prompts_count": summary.prompts,
        "token_usages_count": summary.usages,
        "token_count": {
            "input": summary.input,
            "output": summary.output,
            "cached_read": summary.cache_read,
            "cached_written": summary.cache_write,
        },
        "tool_calls_count": {"injected": summary.injected, "non_injected": summary.non_injected},
        "injected_tool_call_error_count": summary.errors,
    }
