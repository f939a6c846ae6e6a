"""`aibridge import coder`, as a person calls it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase
from support.rollups import exact
from support.rows import at
from support.terminal import Ended, Terminal


@pytest.fixture
async def coder(empty_database: str) -> AsyncIterator[CoderDatabase]:
    made = await CoderDatabase.make(empty_database)
    yield made
    await made.connection.close()


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


async def test_the_summary_tells_each_table_and_why_rows_were_left_out(
    coder: CoderDatabase, terminal: Terminal, psql: Connection
) -> None:
    ada = await coder.user("Ada")
    await coder.user("system", is_system=True)
    row = await coder.interception(ada)
    await coder.prompt(row, "p")
    await coder.usage(row)
    await coder.thought(await coder.interception(ada, ended_at=None), "hm")
    assert terminal.read("import", "coder", "--from", coder.dsn).splitlines() == [
        "users\t2\t1\t0\t1\t1 of the system, and never asked",
        "interceptions\t2\t1\t0\t1\t1 in flight",
        "token_usages\t1\t1\t0\t0\t-",
        "user_prompts\t1\t1\t0\t0\t-",
        "tool_usages\t0\t0\t0\t0\t-",
        "model_thoughts\t1\t0\t0\t1\t1 in flight",
        "",
        f"new name\t{ada}\tAda is ada here",
    ]
    assert await exact(psql) == 1
    assert terminal.read("import", "coder", "--from", coder.dsn).splitlines()[:2] == [
        "users\t2\t0\t1\t1\t1 of the system, and never asked",
        "interceptions\t2\t0\t1\t1\t1 in flight",
    ]


async def test_the_list_of_sessions_shows_what_was_imported(
    coder: CoderDatabase, terminal: Terminal, store: Store
) -> None:
    ada = await coder.user("ada")
    row = await coder.interception(ada, client="Claude Code", client_session_id="session-A")
    await coder.interception(ada, client="Codex")
    await coder.prompt(row, "why?")
    await coder.usage(row, metadata={"input_cached": 7, "prompt_cached": 5})
    terminal.read("import", "coder", "--from", coder.dsn)
    [session], total = await store.reader.sessions_page(None, Filter(clients=frozenset(["Claude Code"])), limit=10)
    assert (session.id, session.initiator.username, session.last_prompt, total) == ("session-A", "ada", "why?", 1)
    assert session.token_usage_summary.cache_read_input_tokens == 7


async def test_a_person_sees_how_far_it_is(coder: CoderDatabase, terminal: Terminal) -> None:
    await coder.interception(await coder.user("ada"))
    seen, shown = os.openpty()
    call = [sys.executable, "-m", "aibridge", "import", "coder", "--from", coder.dsn]
    environment = {**terminal.environment, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run(call, env=environment, cwd=terminal.cwd, stdout=subprocess.PIPE, stderr=shown, check=True)  # noqa: ASYNC221
    os.close(shown)
    bar = os.read(seen, 100_000).decode()
    os.close(seen)
    assert "interceptions" in bar
    assert "1/1" in bar


async def test_a_database_of_ours_that_is_empty_is_migrated_first(coder: CoderDatabase, tmp_path: Path) -> None:
    """The embedded one, here: it is started for the import, and stopped after it."""
    await coder.interception(await coder.user("ada"))
    terminal = Terminal(tmp_path, DATA_DIR=str(tmp_path / "data"))
    assert "interceptions\t1\t1\t0\t0\t-" in terminal.read("import", "coder", "--from", coder.dsn).splitlines()
    assert terminal.read("users", "list").startswith("ada\t")


async def test_what_cannot_be_imported_from_is_a_sentence(terminal: Terminal, database: str) -> None:
    assert terminal.call("import", "coder", "--from", database) == Ended(
        1, "", "aibridge: --from names a database of aibridge itself. Name that of the Coder deployment.\n"
    )
    ended = terminal.call("import", "coder", "--from", "postgresql://me:secret@127.0.0.1:1/coder")
    assert (ended.status, ended.out, len(ended.err.splitlines())) == (1, "", 1)
    assert ended.err.startswith("aibridge: The database to import from cannot be opened: ")
    assert "secret" not in ended.err


async def test_a_source_that_is_refused_leaves_ours_untouched(
    tmp_path: Path, empty_database: str, database: str
) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=empty_database)
    assert terminal.call("import", "coder", "--from", database).status == 1
    assert "pending" in terminal.read("db", "status")


async def test_without_a_source_it_is_wrong_usage(terminal: Terminal) -> None:
    ended = terminal.call("import", "coder")
    assert (ended.status, ended.out) == (2, "")
    assert "--from" in ended.err


async def test_kill_9_in_the_middle_and_again(coder: CoderDatabase, terminal: Terminal, psql: Connection) -> None:
    """What had been written is whole, and the next run adds the rest."""
    ada = await coder.user("ada")
    for n in range(300):
        await coder.prompt(await coder.interception(ada, started_at=at(n), client_session_id=f"s{n // 250}"), f"p{n}")
    await psql.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock(7); RETURN new; END $$;
        CREATE TRIGGER wait BEFORE INSERT ON aibridge_sessions
            FOR EACH ROW WHEN (new.session_id = 's1') EXECUTE FUNCTION wait();
        """
    )
    await psql.execute("SELECT pg_advisory_lock(7)")
    call = [sys.executable, "-m", "aibridge", "import", "coder", "--from", coder.dsn]
    with subprocess.Popen(call, env=terminal.environment, cwd=terminal.cwd, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220
        await until(psql, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        process.kill()
    await psql.execute("SELECT pg_advisory_unlock(7)")
    await until(
        psql,
        "SELECT count(*) = 0 FROM pg_stat_activity"
        " WHERE application_name = 'aibridge import' AND datname = current_database()"
        " AND datname = current_database()",
    )
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 250
    await exact(psql)
    assert "interceptions\t300\t50\t250\t0\t-" in terminal.read("import", "coder", "--from", coder.dsn).splitlines()
    assert await exact(psql) == 2


async def until(psql: Connection, condition: str) -> None:
    while not await psql.fetchval(condition):
        await psql.execute("SELECT pg_stat_clear_snapshot()")
