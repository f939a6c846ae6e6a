"""The write path, one row at a time and in batches, replayed, purged, poisoned."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.errors import RowsRefused
from aibridge.records import Begun, CredentialKind, CredentialType, ErrorType, Finished, Outcome, ProviderType
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.sql import sql
from support.rows import at, begun, call, finished, prompt, thought, usage


async def row_of(psql: Connection, row: Begun) -> dict[str, Any]:
    found = await psql.fetchrow("SELECT * FROM aibridge_interceptions WHERE id = $1", row.id)
    assert found is not None
    return dict(found)


async def carried(store: Store, start: Begun, **end: Any) -> Finished:
    ending = finished(start, **end)
    await store.write_begun([start])
    await store.write_finished([ending])
    return ending


# -------------------------------------------------------------- begin


async def test_a_start_is_there_with_its_prompt_before_it_ends(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(
        alice,
        provider=ProviderType.COPILOT,
        provider_name="copilot-business",
        credential_kind=CredentialKind.BYOK,
        credential_type=CredentialType.SUBSCRIPTION,
        mutations=("include_usage",),
        notes=("a note",),
        metadata={"request_user_agent": "x/1"},
        agent_id="agent-1",
        user_prompt=prompt("what now?"),
    )
    await store.write_begun([start])
    row = await row_of(psql, start)
    assert (row["ended_at"], row["outcome"], row["partial"]) == (None, None, False)
    assert (row["provider"], row["provider_name"]) == ("copilot", "copilot-business")
    assert (row["credential_kind"], row["credential_type"]) == ("byok", "subscription")
    assert (row["credential_hint"], row["agent_id"]) == ("sk-a...efgh", "agent-1")
    assert (row["mutations"], row["notes"], row["metadata"]) == (
        ["include_usage"],
        ["a note"],
        {"request_user_agent": "x/1"},
    )
    assert row["body_sha256_received"] == bytes.fromhex("ab" * 32)
    assert await psql.fetchval("SELECT prompt FROM aibridge_user_prompts WHERE interception_id = $1", start.id) == (
        "what now?"
    )


@pytest.mark.parametrize("name", ["", "  "])
async def test_a_provider_without_a_name_of_its_own_bears_its_types(
    store: Store, alice: UUID, psql: Connection, name: str
) -> None:
    start = begun(alice, provider_name=name)
    await store.write_begun([start])
    assert (await row_of(psql, start))["provider_name"] == "anthropic"


@pytest.mark.parametrize(("said", "client"), [("Codex", "Codex"), ("", "Unknown")])
async def test_a_client_that_says_nothing_is_unknown(
    store: Store, alice: UUID, psql: Connection, said: str, client: str
) -> None:
    start = begun(alice, client=said)
    await store.write_begun([start])
    assert (await row_of(psql, start))["client"] == client


@pytest.mark.parametrize(("said", "session"), [("session-A", "session-A"), ("", None), (None, None)])
async def test_the_session_is_the_clients_or_the_rows_own(
    store: Store, alice: UUID, psql: Connection, said: str | None, session: str | None
) -> None:
    start = begun(alice, client_session_id=said)
    await store.write_begun([start])
    row = await row_of(psql, start)
    assert row["session_id"] == (session or str(start.id))
    assert row["client_session_id"] == session


@pytest.mark.parametrize("said", ["a/b%20c?d=1&e", "two words", "emoji 🦀", "'; DROP TABLE users; --", "x" * 256])
async def test_any_session_id_is_kept_as_it_is(store: Store, alice: UUID, psql: Connection, said: str) -> None:
    """Trap 34."""
    start = begun(alice, client_session_id=said)
    await carried(store, start)
    assert (await row_of(psql, start))["session_id"] == said
    assert await psql.fetchval("SELECT session_id FROM aibridge_sessions") == said


async def test_a_start_that_is_written_twice_is_there_once(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice, user_prompt=prompt("hello"))
    await store.write_begun([start])
    await store.write_begun([start, begun(alice)])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 2
    assert await psql.fetchval("SELECT count(*) FROM aibridge_user_prompts") == 1


async def test_an_empty_batch_is_no_trouble(store: Store, psql: Connection) -> None:
    await store.write_begun([])
    await store.write_finished([])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 0


async def test_an_unknown_person_is_refused(store: Store) -> None:
    with pytest.raises(RowsRefused, match="initiator"):
        await store.write_begun([begun(uuid4())])


# -------------------------------------------------------------- finish


async def test_an_end_brings_its_facts(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice, mutations=("include_usage",), notes=("early",), metadata={"a": 1, "b": 1})
    await carried(
        store,
        start,
        token_usage=usage(metadata={"service_tier": "standard"}),
        tool_usages=(call("toolu_1", server_url="", invocation_error=""), call("toolu_2")),
        model_thoughts=(thought("hm"),),
        mutations=("include_usage_response",),
        notes=("late",),
        metadata={"b": 2},
        partial=True,
        unread=True,
    )
    row = await row_of(psql, start)
    assert (row["outcome"], row["status_code"], row["time_to_first_byte_us"]) == ("completed", 200, 1500)
    assert (row["partial"], row["unread"], row["error_type"]) == (True, True, None)
    assert (row["mutations"], row["notes"]) == (["include_usage", "include_usage_response"], ["early", "late"])
    assert row["metadata"] == {"a": 1, "b": 2}
    tools = await psql.fetch("SELECT provider_tool_call_id, server_url FROM aibridge_tool_usages ORDER BY 1")
    assert [tuple(tool) for tool in tools] == [("toolu_1", ""), ("toolu_2", None)]
    assert await psql.fetchval("SELECT content FROM aibridge_model_thoughts") == "hm"
    assert await psql.fetchval("SELECT metadata FROM aibridge_token_usages") == {"service_tier": "standard"}


async def test_unknown_stays_unknown_and_zero_stays_zero(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 2."""
    figures = usage(input_tokens=0, output_tokens=None, cache_read_input_tokens=None, cache_write_input_tokens=0)
    await carried(store, begun(alice), token_usage=figures)
    row = await psql.fetchrow("SELECT * FROM aibridge_token_usages")
    assert row is not None
    assert (row["input_tokens"], row["output_tokens"]) == (0, None)
    assert (row["cache_read_input_tokens"], row["cache_write_input_tokens"]) == (None, 0)


async def test_cache_tokens_are_not_input(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 3."""
    start = begun(alice, client_session_id="s")
    await carried(store, start, token_usage=usage(input_tokens=100, cache_read_input_tokens=900))
    row = await psql.fetchrow("SELECT input_tokens, cache_read_input_tokens FROM aibridge_sessions")
    assert row is not None
    assert tuple(row) == (100, 900)


@pytest.mark.parametrize(
    ("told", "stored"), [(None, None), ("", ""), ("https://tools.example", "https://tools.example")]
)
async def test_what_is_empty_of_an_injected_tool_is_told_from_what_is_absent(
    store: Store, alice: UUID, psql: Connection, told: str | None, stored: str | None
) -> None:
    await carried(store, begun(alice), tool_usages=(call(None, injected=True, server_url=told, invocation_error=told),))
    row = await psql.fetchrow("SELECT injected, server_url, invocation_error FROM aibridge_tool_usages")
    assert row is not None
    assert tuple(row) == (True, stored, stored)


@pytest.mark.parametrize("kind", list(ErrorType))
async def test_every_type_of_error_can_be_stored(store: Store, alice: UUID, psql: Connection, kind: ErrorType) -> None:
    start = begun(alice)
    await carried(store, start, outcome=Outcome.FAILED, error_type=kind, error_message="why")
    row = await row_of(psql, start)
    assert (row["error_type"], row["error_message"]) == (kind.value, "why")


async def test_an_error_has_a_type_and_a_message(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice)
    end = {"outcome": Outcome.FAILED, "status_code": 429, "error_type": ErrorType.RATE_LIMITED, "error_message": "slow"}
    await carried(store, start, **end)
    row = await row_of(psql, start)
    assert (row["outcome"], row["error_type"], row["error_message"]) == ("failed", "rate_limited", "slow")


async def test_a_message_without_a_type_is_not_kept(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice)
    await carried(store, start, error_message="stray")
    assert (await row_of(psql, start))["error_message"] is None


async def test_the_first_end_counts(store: Store, alice: UUID, psql: Connection) -> None:
    start = begun(alice)
    await carried(store, start, token_usage=usage())
    await store.write_finished([finished(start, outcome=Outcome.CANCELLED, token_usage=usage(), ended_at=at(99))])
    row = await row_of(psql, start)
    assert (row["outcome"], row["ended_at"]) == ("completed", at(1))
    assert await psql.fetchval("SELECT count(*) FROM aibridge_token_usages") == 1


async def test_a_replayed_batch_adds_nothing(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 28: the commit's acknowledgement was lost."""
    starts = [begun(alice, client_session_id="s", user_prompt=prompt(f"p{n}", at(n))) for n in range(3)]
    ends = [finished(s, token_usage=usage(), tool_usages=(call("c"),)) for s in starts]
    await store.write_begun(starts)
    await store.write_finished(ends)
    before = await psql.fetchrow("SELECT * FROM aibridge_sessions")
    await store.write_finished(ends)
    await store.write_finished(ends[:2])
    assert await psql.fetchrow("SELECT * FROM aibridge_sessions") == before
    assert await psql.fetchval("SELECT count(*) FROM aibridge_tool_usages") == 3


async def test_the_same_batch_twice_at_once_counts_once(
    store: Store, database: str, alice: UUID, psql: Connection
) -> None:
    """The replay may overtake the original, which is still at work on a connection given up for lost."""
    from aibridge.store.pool import open_store

    starts = [begun(alice, client_session_id=f"s{n % 5}") for n in range(50)]
    ends = [finished(s, token_usage=usage()) for s in starts]
    await store.write_begun(starts)
    async with open_store(database) as other:
        await asyncio.gather(store.write_finished(ends), other.write_finished(ends))
    row = await psql.fetchrow("SELECT sum(interceptions), sum(input_tokens) FROM aibridge_sessions")
    assert row is not None
    assert tuple(row) == (50, 5000)


async def test_the_end_of_a_purged_row_harms_nobody(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 27: child of a purged row."""
    gone, there = begun(alice), begun(alice)
    await store.write_begun([gone, there])
    await psql.execute("DELETE FROM aibridge_interceptions WHERE id = $1", gone.id)
    ends = [
        finished(row, token_usage=usage(), tool_usages=(call("c"),), model_thoughts=(thought("h"),))
        for row in (gone, there)
    ]
    await store.write_finished(ends)
    assert (await row_of(psql, there))["outcome"] == "completed"
    assert await psql.fetchval("SELECT count(*) FROM aibridge_tool_usages") == 1
    assert await psql.fetchval("SELECT sum(interceptions) FROM aibridge_sessions") == 1


async def test_children_go_with_their_interception(store: Store, alice: UUID, psql: Connection) -> None:
    """Trap 15."""
    start = begun(alice, user_prompt=prompt("p"))
    await carried(store, start, token_usage=usage(), tool_usages=(call("c"),), model_thoughts=(thought("h"),))
    await psql.execute("DELETE FROM aibridge_interceptions")
    for table in ("user_prompts", "token_usages", "tool_usages", "model_thoughts"):
        assert await psql.fetchval(f"SELECT count(*) FROM aibridge_{table}") == 0


async def test_a_person_with_a_record_cannot_be_removed(store: Store, alice: UUID, psql: Connection) -> None:
    await store.write_begun([begun(alice)])
    with pytest.raises(Exception, match="violates foreign key"):
        await psql.execute("DELETE FROM users")


async def test_the_statements_of_the_write_path_are_planned_once(store: Store, alice: UUID) -> None:
    """However long they have become: planning costs many times what running them does."""
    for _ in range(3):
        start = begun(alice)
        await store.write_begun([start])
        await store.write_finished([finished(start)])
    prepared = "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1"
    for lane, query in ((store.writer._begin, "write_begun"), (store.writer._finish, "write_finished")):
        async with lane.hold() as connection:
            assert await connection.fetchval(prepared, sql(query)) == 3
