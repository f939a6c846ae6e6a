"""A Coder deployment's record, imported: whole, once, and readable like our own."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from aibridge.importing import coder as importing
from aibridge.importing.report import Fate, Report
from aibridge.store.coder import open_coder
from aibridge.store.connections import Connection
from aibridge.store.importing import GATEWAY, open_importer
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase, Import
from support.rollups import exact
from support.rows import NOON, at, begun, finished

CONTENTS = """
SELECT
    (SELECT jsonb_agg(to_jsonb(i) ORDER BY id) FROM aibridge_interceptions AS i),
    (SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM aibridge_user_prompts AS p),
    (SELECT jsonb_agg(to_jsonb(u) ORDER BY id) FROM aibridge_token_usages AS u),
    (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM aibridge_tool_usages AS t),
    (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM aibridge_model_thoughts AS t),
    (SELECT jsonb_agg(to_jsonb(s) ORDER BY session_id, initiator_id) FROM aibridge_sessions AS s)
"""


async def contents(psql: Connection) -> tuple[object, ...]:
    row = await psql.fetchrow(CONTENTS)
    assert row is not None
    return tuple(row)


def numbers(report: Report) -> dict[str, tuple[int, int, int]]:
    """Read, added and there already of each table that had any rows."""
    return {name: (tally.read, tally.added, tally.there) for name, tally in report.tables() if tally.read}


async def fill(coder: CoderDatabase, *, seed: int = 0, size: int = 60) -> None:
    """Believable rows: shared sessions, threads, several prompts and usages each, rows in flight, strangers."""
    rng = random.Random(seed)
    people = [await coder.user(f"user{n}") for n in range(3)]
    rows: list[UUID] = []
    for n in range(size):
        moment = at(rng.randrange(1000)) + timedelta(microseconds=n)
        root = rng.choice([None, *rows[-5:]])
        row = await coder.interception(
            rng.choice([*people, *people, uuid4()]),
            started_at=moment,
            ended_at=None if rng.random() < 0.1 else moment + timedelta(seconds=rng.randrange(60)),
            provider=rng.choice(["anthropic", "openai", "bedrock", "copilot"]),
            client=rng.choice([None, "Claude Code", "Codex"]),
            client_session_id=rng.choice([None, "s1", "s2", "s3"]),
            thread_root_id=root,
            thread_parent_id=root,
            error_type=rng.choice([None, None, "timeout"]),
        )
        rows.append(row)
        for k in range(rng.randrange(3)):
            await coder.prompt(row, f"prompt {n} {k}", created_at=moment + timedelta(seconds=1000 * k))
            await coder.usage(row, cache_read_input_tokens=k, created_at=moment)
            await coder.tool(row, rng.choice(["Bash", "Read"]), created_at=moment)
            await coder.thought(row, "the same thought", created_at=moment)


async def test_everything_of_an_interception_comes_along(
    coder: CoderDatabase, ada: UUID, run_import: Import, store: Store
) -> None:
    row = await coder.interception(
        ada,
        client="Claude Code",
        client_session_id="session-A",
        api_key_id="key-1",
        provider_name="anthropic-eu",
        credential_kind="byok",
        credential_hint="sk-a...efgh",
        metadata={"request_user_agent": "claude-cli"},
    )
    prompt = await coder.prompt(row, "why is it red?", metadata={"a": 1})
    usage = await coder.usage(row, cache_read_input_tokens=20, cache_write_input_tokens=10, metadata={"tier": "x"})
    tool = await coder.tool(
        row,
        server_url="https://mcp",
        injected=True,
        invocation_error="no such file",
        provider_tool_call_id="call_1",
        provider_item_id="fc_1",
    )
    await coder.thought(row, "look first", metadata={"source": "commentary"})
    report = await run_import()
    assert numbers(report) == dict.fromkeys(
        ["users", "interceptions", "token_usages", "user_prompts", "tool_usages", "model_thoughts"], (1, 1, 0)
    )
    read = await store.reader.interception(row, None)
    assert read is not None
    assert (read.id, read.initiator.username, read.started_at) == (row, "ada", NOON)
    assert (read.session_id, read.client, read.api_key_id) == ("session-A", "Claude Code", "key-1")
    assert (read.provider, read.provider_name, read.gateway_id) == ("anthropic", "anthropic-eu", GATEWAY)
    assert (read.credential_kind, read.credential_type, read.credential_hint) == ("byok", "api_key", "sk-a...efgh")
    assert (read.outcome, read.error_type, read.error_message) == ("completed", None, None)
    assert read.metadata == {"imported_from": "coder", "request_user_agent": "claude-cli"}
    assert read.provider_response_id == "msg_1"
    (asked,), (spent,), (called,), (thought,) = (
        read.user_prompts,
        read.token_usages,
        read.tool_usages,
        read.model_thoughts,
    )
    assert (asked.id, asked.prompt, asked.metadata) == (prompt, "why is it red?", {"a": 1})
    assert (spent.id, spent.input_tokens, spent.output_tokens, spent.metadata) == (usage, 100, 50, {"tier": "x"})
    assert (spent.cache_read_input_tokens, spent.cache_write_input_tokens) == (20, 10)
    assert (called.id, called.tool, called.input, called.injected) == (tool, "Bash", '{"command":"ls"}', True)
    assert (called.server_url, called.invocation_error) == ("https://mcp", "no such file")
    assert (called.provider_tool_call_id, called.provider_item_id) == ("call_1", "fc_1")
    assert (thought.content, thought.source) == ("look first", "commentary")


async def test_sessions_and_totals_are_what_a_naive_query_finds(
    coder: CoderDatabase, run_import: Import, psql: Connection
) -> None:
    await fill(coder)
    report = await run_import()
    assert await exact(psql) > 5
    assert report.interceptions.read == 60
    assert set(report.interceptions.skipped) == {Fate.IN_FLIGHT, Fate.UNKNOWN_USER}


async def test_a_second_run_adds_nothing_and_doubles_nothing(
    coder: CoderDatabase, run_import: Import, psql: Connection
) -> None:
    await fill(coder)
    first = await run_import()
    before = await contents(psql)
    second = await run_import()
    assert await contents(psql) == before
    assert {name: (n, 0, added) for name, (n, added, _) in numbers(first).items()} == numbers(second)
    assert [tally.skipped for _, tally in first.tables()] == [tally.skipped for _, tally in second.tables()]
    await exact(psql)


@pytest.mark.parametrize("pages", [1, 2, 4])
async def test_a_run_that_is_killed_is_gone_on_with(
    coder: CoderDatabase,
    database: str,
    run_import: Import,
    psql: Connection,
    monkeypatch: pytest.MonkeyPatch,
    pages: int,
) -> None:
    """Cancelled in the middle, it leaves what is whole; the second run gives what one undisturbed would have given."""
    monkeypatch.setattr(importing, "PAGE", 10)
    await fill(coder)
    async with open_coder(coder.dsn) as source, open_importer(database) as importer:
        done = 0

        def progress(_: int, __: int) -> None:
            nonlocal done
            done += 1
            if done > pages:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await importing.import_coder(source, importer, progress)
    part = await psql.fetchval("SELECT count(*) FROM aibridge_interceptions")
    assert 0 < part < 60
    await exact(psql)
    report = await run_import()
    assert report.interceptions.there == part
    assert report.interceptions.added > 0
    assert sum((report.interceptions.there, report.interceptions.added)) == await psql.fetchval(
        "SELECT count(*) FROM aibridge_interceptions"
    )
    await exact(psql)


async def test_a_batch_that_is_cut_off_leaves_nothing_of_itself(
    coder: CoderDatabase, ada: UUID, database: str, run_import: Import, psql: Connection
) -> None:
    """The server ends the connection while the batch waits for a lock: no row without its children, no session."""
    row = await coder.interception(ada)
    await coder.prompt(row, "p")
    async with psql.transaction():
        await psql.execute("LOCK aibridge_sessions")
        running = asyncio.gather(run_import(), return_exceptions=True)
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not (pid := await psql.fetchval(waiting)):
            await psql.execute("SELECT pg_stat_clear_snapshot()")
        await psql.execute("SELECT pg_terminate_backend($1)", pid)
        (ended,) = await running
    assert type(ended).__name__ == "StoreUnavailable"
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 0
    assert (await run_import()).interceptions.added == 1
    assert await exact(psql) == 1


async def test_what_was_in_flight_comes_with_the_next_run(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    row = await coder.interception(ada, ended_at=None)
    await coder.prompt(row, "p")
    report = await run_import()
    assert report.interceptions.skipped == {Fate.IN_FLIGHT: 1}
    assert report.children["user_prompts"].skipped == {Fate.IN_FLIGHT: 1}  # type: ignore[index]
    await coder.connection.execute("UPDATE aibridge_interceptions SET ended_at = started_at")
    assert (await run_import()).interceptions.added == 1
    assert await exact(psql) == 1


async def test_rows_of_unknown_users_are_told_and_left_out(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    stranger = uuid4()
    await coder.interception(ada)
    for _ in range(2):
        await coder.usage(await coder.interception(stranger))
    report = await run_import()
    assert report.interceptions.skipped == {Fate.UNKNOWN_USER: 2}
    assert [(note.what, note.id, note.text) for note in report.told()] == [
        ("unknown user", stranger, "2 interceptions were left out")
    ]
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1


async def test_rows_of_an_unknown_provider_are_told_and_left_out(
    coder: CoderDatabase, ada: UUID, run_import: Import
) -> None:
    row = await coder.interception(ada, provider="telepathy")
    report = await run_import()
    assert report.interceptions.skipped == {Fate.UNKNOWN_PROVIDER: 1}
    assert [(note.id, note.text) for note in report.told()] == [(row, "telepathy")]


async def test_the_oldest_generation(coder: CoderDatabase, run_import: Import, store: Store, psql: Connection) -> None:
    """Neither caches nor thoughts nor clients nor threads nor providers' names."""
    await coder.grow_old()
    ada = await coder.user("ada")
    row = await coder.interception(ada, metadata={"initiator": "ada"})
    await coder.usage(row, metadata={"cache_read_input": 7, "cache_creation_input": 3})
    await coder.prompt(row, "p")
    await coder.tool(row)
    await run_import()
    read = await store.reader.interception(row, None)
    assert read is not None
    assert (read.client, read.provider_name, read.api_key_id, read.session_id) == (
        "Unknown",
        "anthropic",
        None,
        str(row),
    )
    assert (read.credential_kind, read.credential_hint, read.model_thoughts) == ("centralized", "", [])
    (spent,) = read.token_usages
    assert (spent.cache_read_input_tokens, spent.cache_write_input_tokens) == (7, 3)
    assert await exact(psql) == 1


async def test_a_row_that_the_database_refuses_stands_alone(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    rows = [await coder.interception(ada, started_at=at(n), model=f"model-{n}") for n in range(9)]
    await psql.execute("ALTER TABLE aibridge_interceptions ADD CONSTRAINT poison CHECK (model <> 'model-4')")
    report = await run_import()
    assert (report.interceptions.added, report.interceptions.skipped) == (8, {Fate.REFUSED: 1})
    assert [(note.what, note.id) for note in report.told()] == [("refused", rows[4])]
    await exact(psql)


async def test_beside_a_gateway_that_ends_interceptions_of_the_same_session(
    coder: CoderDatabase, database: str, store: Store, run_import: Import, psql: Connection
) -> None:
    """Someone's session began in Coder and goes on here."""
    ada = (await store.people.create_user("ada")).id
    theirs = await coder.user("ada", email="")
    for n in range(30):
        await coder.usage(await coder.interception(theirs, started_at=at(n), client_session_id=f"s{n % 5}"))

    async def gateway() -> None:
        for n in range(30):
            start = begun(ada, client_session_id=f"s{n % 5}", started_at=at(n))
            await store.write_begun([start])
            await store.write_finished([finished(start)])

    report, _ = await asyncio.gather(run_import(), gateway())
    assert report.interceptions.added == 30
    assert await exact(psql) == 5
    assert await psql.fetchval("SELECT sum(interceptions) FROM aibridge_sessions") == 60


async def test_threads_that_lead_to_somebody_else_are_cut(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    """Coder follows a tool call's id across people; here a thread is one person's."""
    bob = await coder.user("bob")
    root = await coder.interception(ada)
    own = await coder.interception(ada, started_at=at(1), thread_root_id=root, thread_parent_id=root)
    strange = await coder.interception(bob, started_at=at(2), thread_root_id=root, thread_parent_id=root)
    purged = uuid4()
    orphan = await coder.interception(bob, started_at=at(3), thread_root_id=purged, thread_parent_id=purged)
    await run_import()
    rows = await psql.fetch(
        "SELECT id, thread_root_id, session_id, notes FROM aibridge_interceptions ORDER BY started_at"
    )
    assert [tuple(row) for row in rows] == [
        (root, None, str(root), []),
        (own, root, str(root), []),
        (strange, None, str(strange), ["thread: its parent or root is somebody else's, left out"]),
        (orphan, purged, str(purged), []),
    ]


async def test_several_prompts_of_one_interception_are_first_and_last(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    row = await coder.interception(ada)
    for n in range(3):
        await coder.prompt(row, f"p{n}", created_at=at(n))
    await run_import()
    session = await psql.fetchrow("SELECT first_prompt, last_prompt, last_active_at FROM aibridge_sessions")
    assert session is not None
    assert tuple(session) == ("p0", "p2", at(2))
    await exact(psql)


async def test_the_source_is_only_read(coder: CoderDatabase, ada: UUID, database: str) -> None:
    async with open_coder(coder.dsn) as source:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await source._connection.execute("DELETE FROM users")


async def test_progress_is_told(
    coder: CoderDatabase, ada: UUID, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PAGE", 2)
    for n in range(5):
        await coder.interception(ada, started_at=at(n))
    told: list[tuple[int, int]] = []
    async with open_coder(coder.dsn) as source, open_importer(database) as importer:
        await importing.import_coder(source, importer, lambda done, total: told.append((done, total)))
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


async def test_equal_moments_are_walked_without_a_gap(
    coder: CoderDatabase, ada: UUID, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PAGE", 3)
    for _ in range(10):
        await coder.interception(ada)
    assert (await run_import()).interceptions.added == 10
