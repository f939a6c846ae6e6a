"""What an hour was like, and that one replica reports it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aibridge.records import ProviderType
from aibridge.store.connections import Connection
from aibridge.store.pool import Store, open_store
from aibridge.store.telemetry import HOUR, Claim, Telemetry
from support.rows import NOON, at, begun, call, finished, prompt, usage

ONE = NOON + HOUR
"""The hour of these tests ends at one o'clock."""


async def ended(store: Store, initiator: UUID, *, after: float, facts: dict[str, Any], **start: Any) -> None:
    """An interception from noon on that took so many seconds."""
    row = begun(initiator, **start)
    await store.write_begun([row])
    await store.write_finished([finished(row, ended_at=row.started_at + timedelta(seconds=after), **facts)])


async def claimed(telemetry: Telemetry, now: datetime, newest: datetime = ONE) -> Claim | None:
    return await telemetry.claim(newest, now=now, until=now + timedelta(minutes=5))


async def test_the_figures_of_an_hour(store: Store, alice: UUID, bob: UUID) -> None:
    """Two of one model, one of another, and one that has not ended."""
    one = {
        "token_usage": usage(input_tokens=100, output_tokens=200),
        "tool_usages": (call("a"), call("b", injected=True, server_url="https://mcp", invocation_error="refused")),
    }
    two = {"token_usage": usage(input_tokens=100, output_tokens=200, cache_read_input_tokens=580)}
    await ended(store, alice, after=60, facts=one, user_prompt=prompt("one"))
    await ended(store, bob, after=120, facts=two, user_prompt=prompt("two"), endpoint="/v1/other")
    await ended(store, bob, after=180, facts={}, provider=ProviderType.OPENAI, model="gpt-5", client="Codex")
    await store.write_begun([begun(alice)])
    claude, gpt = await store.telemetry.summaries(NOON, ONE)
    assert (claude.provider, claude.model, claude.client) == ("anthropic", "claude-test", "Claude Code")
    assert (claude.interceptions, claude.initiators) == (2, 2)
    assert claude.millis == (90_000, 114_000, 117_000, 119_400)
    assert claude.routes == {"/v1/messages": 1, "/v1/other": 1}
    assert (claude.prompts, claude.usages) == (2, 2)
    assert (claude.input, claude.output, claude.cache_read, claude.cache_write) == (200, 400, 600, 20)
    assert (claude.injected, claude.non_injected, claude.errors) == (1, 1, 1)
    assert (gpt.provider, gpt.model, gpt.client) == ("openai", "gpt-5", "Codex")
    assert (gpt.interceptions, gpt.millis, gpt.usages, gpt.input) == (1, (180_000,) * 4, 0, 0)


async def test_an_hour_is_half_open_on_the_end(store: Store, alice: UUID) -> None:
    """What began before it counts, what ended on its end belongs to the next."""
    for started, model in ((-10, "before"), (3540, "on the end"), (0, "within")):
        await ended(store, alice, after=60, facts={}, started_at=at(started), model=model)
    of_noon, of_one = [await store.telemetry.summaries(hour, hour + HOUR) for hour in (NOON, ONE)]
    assert [summary.model for summary in of_noon] == ["before", "within"]
    assert [summary.model for summary in of_one] == ["on the end"]


async def test_an_unnamed_client_is_one_with_the_unknown(store: Store, alice: UUID) -> None:
    """The reference would make two summaries of it, each of which counts both."""
    for client in ("", "Unknown"):
        await ended(store, alice, after=1, facts={}, client=client)
    (summary,) = await store.telemetry.summaries(NOON, ONE)
    assert (summary.client, summary.interceptions) == ("Unknown", 2)


async def test_sums_that_no_integer_of_the_database_holds(store: Store, alice: UUID) -> None:
    huge = 2**63 - 1
    for _ in range(2):
        await ended(store, alice, after=1, facts={"token_usage": usage(input_tokens=huge)})
    (summary,) = await store.telemetry.summaries(NOON, ONE)
    assert summary.input == 2 * huge


async def test_unknown_tokens_count_as_none(store: Store, alice: UUID) -> None:
    await ended(store, alice, after=1, facts={"token_usage": usage(input_tokens=None)})
    (summary,) = await store.telemetry.summaries(NOON, ONE)
    assert (summary.usages, summary.input, summary.output) == (1, 0, 50)


async def test_hours_of_the_last_day_are_taken_from_the_earliest_on(store: Store) -> None:
    taken = [await claimed(store.telemetry, ONE) for _ in range(25)]
    ends = [claim.period_ending_at for claim in taken if claim is not None]
    assert ends == [ONE - hours * HOUR for hours in reversed(range(24))]
    assert taken[-1] is None


async def test_one_hour_is_one_replicas(database: str) -> None:
    """Eight that look at the same moment share the day, and nothing is taken twice."""

    async def takes() -> list[datetime]:
        ends: list[datetime] = []
        async with open_store(database) as store:
            while len(ends) < 24:
                if (claim := await claimed(store.telemetry, ONE)) is not None:
                    ends.append(claim.period_ending_at)
                elif await told(database) == 24:
                    break
        return ends

    ends = [end for some in await asyncio.gather(*(takes() for _ in range(8))) for end in some]
    assert sorted(ends) == [ONE - hours * HOUR for hours in reversed(range(24))]


async def told(database: str) -> int:
    async with open_store(database) as store, store.recovery._lane.hold() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM telemetry_locks"))


async def test_what_was_reported_is_not_taken_again(store: Store) -> None:
    first = await only_the_newest(store.telemetry)
    await store.telemetry.reported(first, now=ONE)
    assert await claimed(store.telemetry, ONE + HOUR, ONE) is None


async def test_a_claim_whose_holder_died_is_taken_over_with_the_same_report(store: Store) -> None:
    dead = await only_the_newest(store.telemetry)
    assert await claimed(store.telemetry, ONE + timedelta(minutes=4)) is None
    heir = await claimed(store.telemetry, ONE + timedelta(minutes=5))
    assert heir is not None
    assert (heir.period_ending_at, heir.report_id, heir.attempts) == (ONE, dead.report_id, 2)


async def test_a_failed_report_waits_for_its_time(store: Store) -> None:
    claim = await only_the_newest(store.telemetry)
    await store.telemetry.failed(claim, again_at=ONE + timedelta(minutes=1))
    assert await claimed(store.telemetry, ONE + timedelta(seconds=59)) is None
    assert await claimed(store.telemetry, ONE + timedelta(seconds=60)) is not None


async def test_a_late_failure_does_not_disturb_the_heir(store: Store) -> None:
    """Whoever lost a claim cannot give it back."""
    late = await only_the_newest(store.telemetry)
    assert await claimed(store.telemetry, ONE + timedelta(minutes=5)) is not None
    await store.telemetry.failed(late, again_at=ONE)
    assert await claimed(store.telemetry, ONE + timedelta(minutes=6)) is None


async def test_claims_are_forgotten_after_a_day(store: Store, psql: Connection) -> None:
    """25 hours old and gone; 23 hours old, and of now, kept."""
    for hours in (25, 23, 0):
        claim = Claim(period_ending_at=ONE - hours * HOUR, report_id=UUID(int=hours), attempts=1)
        await psql.execute(
            "INSERT INTO telemetry_locks VALUES ('aibridge_interceptions_summary', $1, $2, 1, $1)",
            claim.period_ending_at,
            claim.report_id,
        )
    await store.telemetry.forget(now=ONE)
    left = await psql.fetch("SELECT period_ending_at FROM telemetry_locks ORDER BY 1")
    assert [row[0] for row in left] == [ONE - 23 * HOUR, ONE]


async def only_the_newest(telemetry: Telemetry) -> Claim:
    """The last of the day, the others reported."""
    while (claim := await claimed(telemetry, ONE)) is not None and claim.period_ending_at < ONE:
        await telemetry.reported(claim, now=ONE)
    assert claim is not None
    return claim
