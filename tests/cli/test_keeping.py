"""`aibridge retention` and `aibridge erase`."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from aibridge.records import Role, UserStatus
from aibridge.store.connections import Connection
from aibridge.store.keeping import BATCH
from aibridge.store.pool import Store
from support.rows import begun, finished, prompt
from support.terminal import Terminal
from support.waiting import SOMEBODY_WAITS, until


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


async def record(store: Store, who: UUID, *, days: int = 1, session: str | None = None) -> None:
    started_at = datetime.now(UTC) - timedelta(days=days)
    start = begun(who, started_at=started_at, client_session_id=session, user_prompt=prompt("?", started_at))
    await store.write_begun([start])
    await store.write_finished([finished(start)])


def rows(printed: str) -> dict[str, str]:
    return dict(line.split("\t", 1) for line in printed.splitlines())


async def test_a_preview_counts_and_removes_nothing(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID
) -> None:
    for days in (61, 40, 2):
        await record(store, alice, days=days)
    assert rows(terminal.read("retention", "preview"))["interceptions"] == "1"
    other = rows(terminal.read("retention", "preview", "--older-than", "30d"))
    assert (other["interceptions"], other["user prompts"], other["sessions as a whole"]) == ("2", "2", "2")
    assert other["interceptions that stay"] == "1"
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 3


def test_for_ever_is_said_and_no_time_is_refused(tmp_path: Path, database: str, terminal: Terminal) -> None:
    for_ever = Terminal(tmp_path, DATABASE_URL=database, RETENTION="0")
    assert for_ever.read("retention", "preview") == "A retention of 0: everything is kept for ever."
    for text, problem in (
        ("soon", "a time of at least an hour"),
        ("60ms", "such as 60d"),
        ("9000000d", "a shorter time"),
    ):
        refused = terminal.call("retention", "preview", "--older-than", text)
        assert (refused.status, refused.out) == (1, "")
        assert "--older-than must be" in refused.err
        assert problem in refused.err
    assert rows(terminal.read("retention", "preview", "--older-than", "365000d"))["interceptions"] == "0"


async def test_a_user_is_erased_with_the_account(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    for who in (alice, alice, bob):
        await record(store, who)
    terminal.read("tokens", "create", "alice", "--name", "alice's laptop")
    printed = rows(terminal.read("erase", "--user", "alice", "--account", "--yes"))
    assert (printed["interceptions"], printed["user prompts"]) == ("2", "2")
    assert await psql.fetchval("SELECT array_agg(DISTINCT initiator_id) FROM aibridge_interceptions") == [bob]
    gone = await store.people.find_user(alice)
    assert gone
    assert (gone.status, gone.name, gone.email) == (UserStatus.DELETED, "", None)
    assert gone.username.startswith("erased-")
    [token] = await store.people.list_tokens(alice)
    assert (token.name, token.revoked_at is None) == ("", False)
    assert terminal.read("erase", "--user", str(alice), "--yes").startswith("interceptions\t0")
    assert await psql.fetchval("SELECT count(*) FROM aibridge_erasures WHERE ended_at IS NOT NULL") == 2


async def test_nothing_is_erased_without_a_yes(terminal: Terminal, store: Store, psql: Connection, alice: UUID) -> None:
    await record(store, alice)
    refused = terminal.call("erase", "--user", "alice", given="n\n")
    assert refused.status != 0
    assert "cannot be undone" in refused.out
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1
    assert await psql.fetchval("SELECT count(*) FROM aibridge_erasures") == 0


async def test_a_session_of_several_people_needs_a_name(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    for who in (alice, bob):
        await record(store, who, session="shared/ %")
    ambiguous = terminal.call("erase", "--session", "shared/ %", "--yes")
    assert ambiguous.status == 1
    assert "alice, bob" in ambiguous.err
    printed = rows(terminal.read("erase", "--session", "shared/ %", "--initiator", "bob", "--yes"))
    assert printed["interceptions"] == "1"
    assert await psql.fetchval("SELECT array_agg(initiator_id) FROM aibridge_sessions") == [alice]


async def test_a_session_is_erased_whose_first_request_is_in_flight(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID
) -> None:
    """Shown nowhere yet, and on record all the same: what was asked is."""
    await store.write_begun([begun(alice, client_session_id="s", user_prompt=prompt("a secret plan"))])
    assert rows(terminal.read("erase", "--session", "s", "--yes"))["user prompts"] == "1"
    assert await psql.fetchval("SELECT count(*) FROM aibridge_user_prompts") == 0
    assert "no session 's'" in terminal.call("erase", "--session", "s", "--yes").err


async def test_an_erasure_that_was_killed_is_run_again(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID
) -> None:
    """The account is deleted by then, and is found by the name that it bore."""
    start = datetime.now(UTC) - timedelta(days=1)
    starts = [begun(alice, started_at=start + timedelta(seconds=n)) for n in range(BATCH + 5)]
    await store.write_begun(starts)
    await store.write_finished([finished(each) for each in starts])
    command = [sys.executable, "-m", "aibridge", "erase", "--user", "alice", "--account", "--yes"]
    async with psql.transaction():
        await psql.execute("SELECT 1 FROM aibridge_interceptions WHERE id = $1 FOR UPDATE", starts[-1].id)
        with subprocess.Popen(command, env=terminal.environment, cwd=terminal.cwd) as erasing:  # noqa: ASYNC220 - ends here
            await until(psql, SOMEBODY_WAITS)
            erasing.kill()
    await until(
        psql,
        "SELECT count(*) = 0 FROM pg_stat_activity"
        " WHERE application_name = 'aibridge cli' AND datname = current_database()",
    )
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 5
    assert rows(terminal.read("erase", "--user", "alice", "--account", "--yes"))["interceptions"] == "5"
    gone = await store.people.find_user(alice)
    assert gone
    assert gone.username.startswith("erased-")
    erasures = await psql.fetch("SELECT interceptions, ended_at IS NULL FROM aibridge_erasures ORDER BY id")
    assert [tuple(each) for each in erasures] == [(BATCH, True), (5, False)]


async def test_a_name_that_several_deleted_users_bore_is_not_guessed(
    terminal: Terminal, store: Store, alice: UUID
) -> None:
    again = await store.people.create_user("carol", role=Role.MEMBER)
    await store.people.set_status(again.id, UserStatus.DELETED)
    assert terminal.read("erase", "--user", "carol", "--yes").startswith("interceptions\t0")
    other = await store.people.create_user("carol", role=Role.MEMBER)
    asked = terminal.call("erase", "--user", "carol", given="n\n").out
    assert f"carol ({other.id})" in asked  # the living one
    await store.people.set_status(other.id, UserStatus.DELETED)
    refused = terminal.call("erase", "--user", "carol", "--yes")
    assert refused.status == 1
    assert str(again.id) in refused.err
    assert str(other.id) in refused.err


async def test_the_last_owner_is_not_erased(terminal: Terminal, store: Store, psql: Connection) -> None:
    """Nothing happens at all: the account comes first."""
    owner = await store.people.create_user("olivia", role=Role.OWNER)
    await record(store, owner.id)
    refused = terminal.call("erase", "--user", "olivia", "--account", "--yes")
    assert (refused.status, refused.out) == (1, "")
    assert "owner" in refused.err
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("--user", "alice", "--session", "s"), ("--session", "s", "--account"), ("--user", "a", "--initiator", "b")],
)
def test_what_to_erase_must_be_clear(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    refused = terminal.call("erase", *arguments, "--yes")
    assert (refused.status, refused.out) == (1, "")
    assert "Name either --user NAME" in refused.err


def test_whoever_is_not_there_is_named(terminal: Terminal) -> None:
    assert "nobody" in terminal.call("erase", "--user", "nobody", "--yes").err
    assert "no session 'none'" in terminal.call("erase", "--session", "none", "--yes").err
