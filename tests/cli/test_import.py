"""`aibridge import coder`: a table for people and scripts, and one sentence when it cannot be."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aibridge.filters import Filter
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase
from support.terminal import Terminal


@pytest.fixture
async def coder(empty_database: str) -> AsyncIterator[CoderDatabase]:
    made = await CoderDatabase.make(empty_database)
    yield made
    await made.connection.close()


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


def tallies(printed: str) -> dict[str, tuple[str, ...]]:
    """Read, added, on record already, skipped, by table."""
    lines = [line.split("\t") for line in printed.split("\n\n", maxsplit=1)[0].splitlines()]
    return {fields[0]: tuple(fields[1:5]) for fields in lines}


async def test_a_deployment_is_brought_and_told_of(terminal: Terminal, coder: CoderDatabase, store: Store) -> None:
    ada = await coder.user("ada")
    row = await coder.interception(ada, client="Claude Code", client_session_id="session-A")
    await coder.prompt(row, "why?")
    await coder.usage(row, cache_read_input_tokens=0, cache_write_input_tokens=0, metadata={"input_cached": 7})
    first = tallies(terminal.read("import", "coder", "--from", coder.dsn))
    assert (first["users"], first["interceptions"], first["token_usages"]) == (("1", "1", "0", "0"),) * 3
    again = tallies(terminal.read("import", "coder", "--from", coder.dsn))
    assert (again["users"], again["interceptions"], again["user_prompts"]) == (("1", "0", "1", "0"),) * 3
    [session], total = await store.reader.sessions_page(None, Filter(clients=frozenset(["Claude Code"])), limit=10)
    assert (session.id, session.initiator.username, session.last_prompt, total) == ("session-A", "ada", "why?", 1)
    assert session.token_usage_summary.cache_read_input_tokens == 7


async def test_what_cannot_be_imported_is_one_sentence(terminal: Terminal, coder: CoderDatabase, database: str) -> None:
    for source, told in (
        (database, "a database of aibridge itself"),
        ("postgresql://127.0.0.1:1/none", "cannot be opened"),
    ):
        refused = terminal.call("import", "coder", "--from", source)
        assert (refused.status, refused.out) == (1, "")
        assert told in refused.err
        assert refused.err.count("\n") == 1
    await coder.connection.execute("DROP TABLE aibridge_interceptions CASCADE")
    assert "it has no table aibridge_interceptions" in terminal.call("import", "coder", "--from", coder.dsn).err
