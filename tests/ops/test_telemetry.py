"""What leaves the house, how often, and what happens when nobody is there to take it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aibridge.app import telemetry as delivering
from aibridge.app.telemetry import delivery_to
from aibridge.gateway.upstream import Proxies, UpstreamClient
from aibridge.ops.telemetry import Reporter, last_full_hour, pause_after
from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from aibridge.store.telemetry import HOUR
from support.receiver import Receiver, receiver
from support.rows import NOON, at, begun, call, finished, prompt, usage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "telemetry.md"
ONE = NOON + HOUR
SETTLED = timedelta(minutes=2)


class Clock:
    """The time of a test."""

    def __init__(self, now: datetime = ONE + SETTLED) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def on(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """Just when the hour from noon to one o'clock can be reported."""
    return Clock()


@pytest.fixture
async def upstream() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient(proxies=Proxies.from_environment({})) as client:
        yield client


def reporting(store: Store, to: Receiver, upstream: UpstreamClient, clock: Clock) -> Reporter:
    return Reporter(store.telemetry, delivery_to(to.url, upstream), clock=clock, version="1.2.3")


async def traffic(store: Store, initiator: UUID, *, started_at: datetime = NOON, **start: Any) -> None:
    """A minute of an agent's work."""
    row = begun(initiator, started_at=started_at, user_prompt=prompt("a secret plan", started_at), **start)
    facts = {"token_usage": usage(), "tool_usages": (call("a", input='{"secret": "plan"}'),)}
    await store.write_begun([row])
    await store.write_finished([finished(row, ended_at=started_at + timedelta(minutes=1), **facts)])


async def test_all_that_leaves_the_house(store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock) -> None:
    """These keys and no others; figures, and names of models and clients."""
    await traffic(store, alice)
    async with receiver() as there:
        assert await reporting(store, there, upstream, clock).report() == 24
        (report,) = there.reports
        assert there.lines == ["POST /hours HTTP/1.1"]
        assert there.headers[0]["idempotency-key"] == report["report_id"]
        assert there.headers[0]["content-type"] == "application/json"
    assert UUID(report.pop("report_id")).version == 4
    assert report == {
        "event": "aibridge_interceptions_summary",
        "version": "1.2.3",
        "period_started_at": "2026-06-01T12:00:00Z",
        "period_ending_at": "2026-06-01T13:00:00Z",
        "summaries": [
            {
                "provider": "anthropic",
                "model": "claude-test",
                "client": "Claude Code",
                "interception_count": 1,
                "interceptions_by_route": {"/v1/messages": 1},
                "interception_duration_millis": {"p50": 60000, "p90": 60000, "p95": 60000, "p99": 60000},
                "unique_initiator_count": 1,
                "user_prompts_count": 1,
                "token_usages_count": 1,
                "token_count": {"input": 100, "output": 50, "cached_read": 20, "cached_written": 10},
                "tool_calls_count": {"injected": 0, "non_injected": 1},
                "injected_tool_call_error_count": 0,
            }
        ],
    }


async def test_an_hour_is_reported_once_and_not_before_it_has_settled(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    """Two minutes after its end, when the last ends and those of dead workers are on record."""
    await traffic(store, alice)
    async with receiver() as there:
        reporter = reporting(store, there, upstream, clock)
        clock.on(seconds=-1)
        await reporter.report()
        assert there.reports == []
        clock.on(seconds=1)
        await reporter.report()
        await reporter.report()
        assert len(there.reports) == 1


async def test_replicas_report_an_hour_once(
    database: str, store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    """All of them look in the same moment."""
    await traffic(store, alice)
    async with receiver() as there, open_store(database) as second, open_store(database) as third:
        replicas = [reporting(each, there, upstream, clock) for each in (store, second, third)]
        for _ in range(3):
            await asyncio.gather(*(replica.report() for replica in replicas))
        assert len(there.reports) == 1


async def test_a_receiver_that_fails_twice(store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock) -> None:
    """It is asked again after one minute, then after two; always about the same report."""
    await traffic(store, alice)
    async with receiver(503, 500) as there:
        reporter = reporting(store, there, upstream, clock)
        for minutes, tries in ((0, 1), (0.9, 1), (0.1, 2), (1.9, 2), (0.1, 3), (120, 3)):
            clock.on(minutes=minutes)
            await reporter.report()
            assert len(there.reports) == tries, minutes
    assert there.reports[0] == there.reports[1] == there.reports[2]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404])
async def test_whatever_is_no_success_is_tried_again(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock, status: int
) -> None:
    """Redirects are not followed: the operator has named the receiver."""
    await traffic(store, alice)
    async with receiver(status) as there:
        reporter = reporting(store, there, upstream, clock)
        await reporter.report()
        assert there.lines == ["POST /hours HTTP/1.1"]
        clock.on(minutes=1)
        await reporter.report()
        assert len(there.reports) == 2


async def test_a_receiver_that_is_not_there(store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock) -> None:
    async with receiver() as gone:
        pass
    await traffic(store, alice)
    await reporting(store, gone, upstream, clock).report()
    async with receiver() as there:
        clock.on(minutes=1)
        await reporting(store, there, upstream, clock).report()
        assert there.models() == [["claude-test"]]


async def test_a_receiver_that_never_answers(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up, and told the same once more: by the report's id it knows that it has it already."""
    monkeypatch.setattr(delivering, "DELIVERY_SECONDS", 0.05)
    await traffic(store, alice)
    async with receiver(None) as there:
        reporter = reporting(store, there, upstream, clock)
        await reporter.report()
        clock.on(minutes=1)
        await reporter.report()
        assert len(there.reports) == 2
        assert there.reports[0]["report_id"] == there.reports[1]["report_id"]


async def test_a_replica_that_dies_while_it_reports(
    database: str, store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    """Another one takes the hour over once the claim has run out, under the same id."""
    await traffic(store, alice)
    async with receiver(None) as there, open_store(database) as other:
        dying = asyncio.ensure_future(reporting(store, there, upstream, clock).report())  # noqa: TID251  it dies here
        await there.came.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        heir = reporting(other, there, upstream, clock)
        for minutes, tries in ((0, 1), (4.9, 1), (0.1, 2), (60, 2)):
            clock.on(minutes=minutes)
            await heir.report()
            assert len(there.reports) == tries
        assert there.reports[0] == there.reports[1]


async def test_missed_hours_of_a_day_are_made_up_and_older_ones_are_not(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    """Nobody was there from the evening before on."""
    for hours in (25, 24, 23, 5):
        await traffic(store, alice, started_at=ONE - hours * HOUR, model=f"{hours} hours ago")
    async with receiver() as there:
        await reporting(store, there, upstream, clock).report()
        assert there.models() == [["24 hours ago"], ["23 hours ago"], ["5 hours ago"]]


async def test_a_receiver_that_comes_back_hears_of_every_hour_in_order(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    """While it was away only the first of them was tried: one knock a time."""
    for hours in (3, 2, 1):
        await traffic(store, alice, started_at=ONE - hours * HOUR, model=f"{hours} hours ago")
    async with receiver(503, 503) as there:
        reporter = reporting(store, there, upstream, clock)
        await reporter.report()
        assert len(there.reports) == 1
        for minutes in (1, 10):
            clock.on(minutes=minutes)
            await reporter.report()
    assert sorted(map(str, there.models()[2:])) == ["['1 hours ago']", "['2 hours ago']", "['3 hours ago']"]


async def test_the_record_of_reports_survives_everything(
    database: str, alice: UUID, store: Store, upstream: UpstreamClient, clock: Clock, psql: Connection
) -> None:
    """A restart, and a day: then the rows are removed, and the hours are too old to be made up for."""
    await traffic(store, alice)
    async with receiver() as there:
        for hours in (0, 1, 22, 2):
            clock.on(hours=hours)
            async with open_store(database) as restarted:
                await restarted.telemetry.forget(now=clock.now)
                await reporting(restarted, there, upstream, clock).report()
        assert len(there.reports) == 1
    assert await psql.fetchval("SELECT min(period_ending_at) FROM telemetry_locks") > clock.now - 24 * HOUR


async def test_figures_longer_than_any_integer_are_sent(
    store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock
) -> None:
    huge = 2**63 - 1
    for _ in range(3):
        row = begun(alice)
        await store.write_begun([row])
        await store.write_finished([finished(row, token_usage=usage(output_tokens=huge))])
    async with receiver() as there:
        await reporting(store, there, upstream, clock).report()
        assert there.reports[0]["summaries"][0]["token_count"]["output"] == 3 * huge


def test_the_last_full_hour() -> None:
    assert last_full_hour(at(0)) == NOON
    assert last_full_hour(at(3599.9)) == NOON
    assert last_full_hour(at(3600)) == ONE


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_after(tries) for tries in (1, 2, 6, 7, 10**6)] == [
        timedelta(minutes=minutes) for minutes in (1, 2, 32, 60, 60)
    ]


async def test_the_page_shows_what_is_sent(store: Store, alice: UUID, upstream: UpstreamClient, clock: Clock) -> None:
    """Every key of it, and no other."""
    await traffic(store, alice)
    async with receiver() as there:
        await reporting(store, there, upstream, clock).report()
    shown = json.loads(PAGE.read_text().partition("```json\n")[2].partition("```")[0])
    assert keys(shown) == keys(there.reports[0])


def keys(value: Any) -> Any:
    """The shape of a report: what its numbers and texts are called."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    return [keys(inner) for inner in value] if isinstance(value, list) else None
