"""`aibridge retention` and `aibridge erase`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from aibridge.records import UserStatus
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.rows import begun, finished, prompt
from support.terminal import Terminal


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
    assert for_ever.read("retention", "preview") == "AIBRIDGE_RETENTION is 0: everything is kept for ever."
    refused = terminal.call("retention", "preview", "--older-than", "soon")
    assert (refused.status, refused.out) == (1, "")
    assert "write for instance 30d" in refused.err


async def test_a_user_is_erased_with_the_account(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    for who in (alice, alice, bob):
        await record(store, who)
    printed = rows(terminal.read("erase", "--user", "alice", "--account", "--yes"))
    assert (printed["interceptions"], printed["user prompts"]) == ("2", "2")
    assert await psql.fetchval("SELECT array_agg(DISTINCT initiator_id) FROM aibridge_interceptions") == [bob]
    gone = await store.people.find_user(alice)
    assert gone
    assert (gone.status, gone.name, gone.email) == (UserStatus.DELETED, "", None)
    assert gone.username.startswith("erased-")
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
