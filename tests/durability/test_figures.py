"""`/metrics` of several workers is one page, whichever of them answers and whoever of them was killed."""

import asyncio
import signal
from datetime import timedelta

import httpx
import pytest

from support.life.crowd import crowd
from support.life.ledger import token_of_someone
from support.life.processes import PATIENCE, Home, Served, eventually, kill
from support.psql import looking
from support.receiver import receiver

pytestmark = pytest.mark.slow

UNDER_WAY = 64
"""More requests than a crowd has at once."""
AGED = "UPDATE aibridge_interceptions SET started_at = started_at - $1::interval, ended_at = ended_at - $1::interval"
REPORTED = "SELECT count(*) FROM telemetry_locks WHERE reported_at IS NOT NULL"


def figure(page: str, name: str) -> float:
    """The sum of all series of this name."""
    lines = (line for line in page.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


async def pages(served: Served, count: int = 8) -> list[str]:
    """So many scrapes, each over a connection of its own: the kernel chooses who answers."""
    found = []
    for _ in range(count):
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            found.append((await http.get(f"{served.url}/metrics")).text)
    return found


async def test_one_page_for_all_workers_and_nothing_lost_with_one_of_them(home: Home, upstream: str) -> None:
    """What a killed worker counted stays; what was under way in it is over; its heir counts on."""
    served = await home.serving(upstream, AIBRIDGE_WORKERS="2")
    token = await token_of_someone(home.dsn)
    first = await eventually(lambda: found if len(found := served.workers()) == 2 else None)
    async with crowd(lambda: served.url, token, seed=1, keeps=False) as people:
        await people.answers(60)
        killed = min(first)
        kill(killed)
        await eventually(lambda: killed not in served.workers() and len(served.workers()) == 2)
        async with asyncio.timeout(PATIENCE):
            while {figure(page, "aibridge_workers") for page in await pages(served)} != {2}:
                await asyncio.sleep(0.1)
        await people.answers(60)
    async with looking(home.dsn) as psql:
        ended = await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE outcome <> 'interrupted'")
    found = await pages(served)
    assert {figure(page, "aibridge_workers") for page in found} == {2}
    assert {figure(page, "aibridge_interceptions_inflight") for page in found} == {0}
    (total,) = {figure(page, "aibridge_interceptions_total") for page in found}
    # What the killed one had counted and not yet written is the difference.
    assert len(people.answered) <= ended <= total <= ended + UNDER_WAY
    assert {figure(page, "aibridge_interceptions_duration_seconds_count") for page in found} == {total}


async def stopped(served: Served) -> None:
    served.send(signal.SIGTERM)
    assert await served.ended() == 0, served.log.read_text()


async def test_an_hour_is_reported_once_by_all_workers_of_all_starts(home: Home, upstream: str) -> None:
    """Workers are replicas of each other, and a restart remembers."""
    served = await home.serving(upstream)
    token = await token_of_someone(home.dsn)
    async with crowd(lambda: served.url, token, seed=1, keeps=False) as people:
        await people.answers(5)
    async with looking(home.dsn) as psql:
        await psql.execute(AGED, timedelta(hours=2))
        count = await psql.fetchval("SELECT count(*) FROM aibridge_interceptions WHERE ended_at IS NOT NULL")
    await stopped(served)
    async with receiver() as there:
        for _ in range(2):
            served = await home.serving(upstream, AIBRIDGE_WORKERS="2", AIBRIDGE_TELEMETRY_URL=there.url)
            async with looking(home.dsn) as psql, asyncio.timeout(PATIENCE):
                while await psql.fetchval(REPORTED) < 24:
                    await asyncio.sleep(0.05)
            await stopped(served)
    ends = [report["period_ending_at"] for report in there.reports]
    assert len(ends) == len(set(ends))
    assert count == sum(each["interception_count"] for report in there.reports for each in report["summaries"])
