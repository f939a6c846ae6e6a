"""The seeded record: exact, whole, believable, the same for the same seed."""

import functools
import json
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from aibridge.demo.seeding import calendar
from aibridge.demo.seeding.people import people
from aibridge.demo.seeding.run import RecordNotEmpty, Seeded, seed
from aibridge.demo.seeding.traffic import Traffic, anyone
from aibridge.errors import StoreError
from aibridge.store import bulk
from aibridge.store.bulk import COLUMNS, Rows, fill_empty, interceptions_on_record
from aibridge.store.connections import Connection
from support import rollups, usages
from support.schema import described
from support.terminal import Terminal

UNTIL = int(datetime(2026, 11, 20, 15, 20, tzinfo=UTC).timestamp()) * 1_000_000
SIZE = 2000
TABLES = (*COLUMNS, *bulk.ROLL_UPS)


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.interceptions = 0

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def advance(self, interceptions: int) -> None:
        self.interceptions += interceptions


async def seeded(dsn: str, interceptions: int = SIZE, *, number: int = 1, add: bool = False) -> Seeded:
    return await seed(dsn, interceptions=interceptions, seed=number, until=UNTIL, add=add, watcher=Watcher())


@functools.cache
def traffic(interceptions: int, *, number: int = 1) -> list[Rows]:
    chance = random.Random(number)
    hired = [anyone(UUID(int=rank), chance) for rank in range(100)]
    return list(Traffic(hired, interceptions=interceptions, until=UNTIL, chance=chance).rows())


def interceptions(portions: list[Rows]) -> list[dict[str, Any]]:
    names = COLUMNS["aibridge_interceptions"]
    return [dict(zip(names, row, strict=True)) for rows in portions for row in rows.interceptions]


# ------------------------------------------------------------------ in the database


async def test_an_empty_database_is_migrated_and_filled_and_every_roll_up_is_exact(empty_database: str) -> None:
    watcher = Watcher()
    done = await seed(empty_database, interceptions=SIZE, seed=1, until=UNTIL, watcher=watcher)
    connection = await asyncpg.connect(empty_database)
    try:
        assert await rollups.exact(connection) > SIZE / 20
        assert await usages.kept(connection) == usages.expected((await usages.ended(connection)).values())
        counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COLUMNS]
    finally:
        await connection.close()
    assert counts[0] == done.interceptions == watcher.interceptions == SIZE
    assert sum(counts) == done.rows
    assert watcher.stages == ["rows", "roll-ups", "indexes", "usage", "statistics"]


async def test_the_schema_is_afterwards_exactly_what_it_was(database: str) -> None:
    before = described(database)
    await seeded(database, 50)
    assert described(database) == before


async def test_a_record_that_is_not_empty_is_left_alone(database: str, psql: Connection) -> None:
    await seeded(database, 30)
    with pytest.raises(RecordNotEmpty, match="--add"):
        await seeded(database, 30)
    assert await interceptions_on_record(database) == 30
    with pytest.raises(StoreError, match="on record already"):
        async with fill_empty(database, print):
            pytest.fail("it was let in")


async def test_more_is_added_beside_what_is_there_by_the_same_people(database: str, psql: Connection) -> None:
    first = await seeded(database, 400)
    second = await seeded(database, 600, add=True)
    assert await interceptions_on_record(database) == 1000
    assert await rollups.exact(psql) > 0
    assert await usages.kept(psql) == usages.expected((await usages.ended(psql)).values())
    names = {person.username for done in (first, second) for person in done.people}
    assert {row["username"] for row in await psql.fetch("SELECT username FROM users")} == names


async def test_a_name_that_is_taken_is_used(database: str, psql: Connection) -> None:
    first = await seeded(database, 30)
    await psql.execute("TRUNCATE aibridge_interceptions CASCADE")
    again = await seeded(database, 30)
    assert [person.username for person in again.people] == [person.username for person in first.people]
    assert await psql.fetchval("SELECT count(*) FROM users") == len(first.people)


async def test_a_failure_in_the_middle_leaves_the_database_as_it_was(database: str, psql: Connection) -> None:
    before = described(database)
    with suppress(ZeroDivisionError):
        async with fill_empty(database, print) as filling:
            await filling.accounts(people(100, random.Random(1)))
            raise ZeroDivisionError
    assert described(database) == before
    for table in (*TABLES, "users"):
        assert await psql.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_row_that_cannot_stand_ends_it_all(database: str) -> None:
    before = described(database)
    with pytest.raises(StoreError):
        async with fill_empty(database, print) as filling:
            await filling.put(traffic(100)[0])  # of people who are not there
    assert described(database) == before
    assert await interceptions_on_record(database) == 0


async def test_a_record_in_use_is_not_waited_for_endlessly(
    database: str, psql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LOCK_TIMEOUT", "50ms")
    async with psql.transaction():
        await psql.execute("LOCK TABLE aibridge_sessions IN ROW EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="in use"):
            await seeded(database, 30)


def test_from_the_terminal(tmp_path: Path, empty_database: str) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=empty_database)
    said = terminal.read("demo", "seed", "--interceptions", "40")
    assert said.startswith("40 interceptions of 25 people, ")
    owner = said.split("tokens create ")[1].split()[0]
    assert f"{owner}\towner\t" in terminal.read("users", "list")
    refused = terminal.call("demo", "seed", "--interceptions", "40")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("aibridge: The database holds interceptions already.")
    assert terminal.read("demo", "seed", "--interceptions", "7", "--add").startswith("7 interceptions")


# ------------------------------------------------------------------ what is made


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert traffic(500) == traffic.__wrapped__(500)
    assert traffic(500) != traffic(500, number=2)


def test_rows_come_in_the_order_of_time_within_two_months() -> None:
    made = interceptions(traffic(9000))
    assert len(made) == 9000
    starts = [row["started_at"] for row in made]
    assert starts == sorted(starts)
    until = datetime.fromtimestamp(UNTIL / 1e6, UTC)
    assert all(row["started_at"] <= row["ended_at"] <= until for row in made)
    assert (until - starts[0]).days in range(50, calendar.TWO_MONTHS.days + 1)


def test_portions_are_bounded_and_add_up_whatever_the_size() -> None:
    portions = traffic(9000)
    assert [len(rows.interceptions) for rows in portions] == [4000, 4000, 1000]
    assert sum(len(rows.interceptions) for rows in traffic(1)) == 1


def test_ids_are_of_their_time() -> None:
    for row in interceptions(traffic(300)):
        assert isinstance(row["id"], UUID)
        assert isinstance(row["started_at"], datetime)
        assert row["id"].version == 7
        assert abs((row["id"].int >> 80) / 1000 - row["started_at"].timestamp()) < 0.002


def test_every_round_answers_a_tool_call_of_its_parent() -> None:
    portions = traffic(9000)
    made = {row["id"]: row for row in interceptions(portions)}
    calls = {row[7]: row[0] for rows in portions for row in rows.tool_usages}
    for row in made.values():
        call, parent = row["correlating_tool_call_id"], row["thread_parent_id"]
        assert (call is None) == (parent is None) == (row["thread_root_id"] is None)
        if call is not None:
            above = made[parent]
            assert calls[call] == parent
            assert above["started_at"] < row["started_at"]
            assert row["thread_root_id"] == (above["thread_root_id"] or parent)
            assert (row["client_session_id"], row["agent_id"]) == (above["client_session_id"], above["agent_id"])


def test_it_looks_like_the_work_of_agents() -> None:
    portions = traffic(20_000)
    made = interceptions(portions)
    prompts, usages, calls, thoughts = (
        sum(len(rows) for rows in table) / 20_000
        for table in zip(*(msgspec.structs.astuple(rows)[1:] for rows in portions), strict=True)
    )
    assert 0.1 < prompts < 0.3
    assert 0.9 < usages <= 1
    assert 0.7 < calls < 1
    assert 0.3 < thoughts < 0.5
    outcomes = Counter(row["outcome"] for row in made)
    assert 0.03 < outcomes["failed"] / 20_000 < 0.05
    by_person = Counter(row["initiator_id"] for row in made).most_common()
    assert by_person[0][1] > 10 * by_person[len(by_person) // 2][1]
    assert len({row["provider_name"] for row in made}) == 6
    assert len({row["model"] for row in made}) > 20


def test_retired_models_are_not_used_any_more_and_new_ones_not_before() -> None:
    until = datetime.fromtimestamp(UNTIL / 1e6, UTC)
    made = [row for row in interceptions(traffic(20_000)) if not row["agent_id"] and not row["side_request"]]
    opus = [(until - row["started_at"]).days for row in made if row["model"] == "claude-opus-4-1-20250805"]
    newer = [(until - row["started_at"]).days for row in made if row["model"] == "claude-opus-4-5-20251101"]
    assert min(opus) >= 28  # a session that began before may go on
    assert max(newer) <= 34


def test_subagents_begin_threads_of_their_own_with_the_very_words_of_the_call_that_sent_them() -> None:
    portions = traffic(20_000)
    asked = {row[0]: row[4] for rows in portions for row in rows.user_prompts}
    handed_on = {json.loads(row[6])["prompt"] for rows in portions for row in rows.tool_usages if row[5] == "Task"}
    begun = [row for row in interceptions(portions) if row["agent_id"] and row["thread_parent_id"] is None]
    assert len(begun) >= 20
    assert {asked[row["id"]] for row in begun} <= handed_on


def test_side_requests_have_no_prompt_and_no_lineage() -> None:
    portions = traffic(9000)
    asked = {row[0] for rows in portions for row in rows.user_prompts}
    chores = [row for row in interceptions(portions) if row["side_request"]]
    assert chores
    assert not any(row["id"] in asked or row["thread_root_id"] for row in chores)


def test_prompts_are_sentences_of_every_length() -> None:
    prompts = [row[4] for rows in traffic(9000) for row in rows.user_prompts]
    assert max(map(len, prompts)) <= 2000
    assert len([text for text in prompts if len(text) > 600]) > 20
    assert len(set(prompts)) > 0.7 * len(prompts)
    assert not any("{" in text and "}" in text and "{name}" in text for text in prompts)


def test_a_large_record_has_sessions_that_never_end() -> None:
    lengths = [length for _, length in calendar.sessions(200_000, UNTIL, calendar.TWO_MONTHS, random.Random(1))]
    assert sum(lengths) == 200_000
    assert sorted(lengths)[-10:] == sorted(calendar.GIANTS)
    assert 20_000 < len(lengths) < 30_000
    assert lengths.count(1) > len(lengths) / 10
    small = [length for _, length in calendar.sessions(5000, UNTIL, calendar.TWO_MONTHS, random.Random(1))]
    assert max(small) <= calendar.LONGEST


def test_sessions_begin_in_order_and_mostly_during_office_hours() -> None:
    begins = [start for start, _ in calendar.sessions(20_000, UNTIL, calendar.TWO_MONTHS, random.Random(1))]
    assert all(one <= other for one, other in pairwise(begins))
    moments = [datetime.fromtimestamp(start / 1e6, UTC) for start in begins]
    hours, weekdays = Counter(at.hour for at in moments), Counter(at.weekday() for at in moments)
    assert hours[14] > 10 * hours[3]
    assert weekdays[2] > 4 * weekdays[6]
