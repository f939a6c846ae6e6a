"""Single values on their way from Coder's columns into ours, through both databases."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aibridge.pricing import OwnPrice, Rates
from aibridge.recording.storable import MAX_INDEXED_BYTES, MAX_METADATA_LEVELS
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase, Import
from support.rollups import exact
from support.rows import NOON, at


async def only(psql: Connection, table: str) -> dict[str, Any]:
    (row,) = await psql.fetch(f"SELECT * FROM {table}")
    return dict(row)


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        (("anthropic", ""), ("anthropic", "anthropic", None)),
        (("anthropic", "  "), ("anthropic", "anthropic", None)),
        (("anthropic", "anthropic-eu"), ("anthropic", "anthropic-eu", None)),
        (("bedrock", ""), ("anthropic", "bedrock", "bedrock")),
        (("bedrock", "aws"), ("anthropic", "aws", "bedrock")),
        (("openai", ""), ("openai", "openai", None)),
        (("azure", ""), ("openai", "azure", "azure")),
        (("google", ""), ("openai", "google", "google")),
        (("openrouter", ""), ("openai", "openrouter", "openrouter")),
        (("vercel", ""), ("openai", "vercel", "vercel")),
        (("openai-compat", "local"), ("openai", "local", "openai-compat")),
        (("copilot", ""), ("copilot", "copilot", None)),
    ],
)
async def test_providers(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection, source: tuple[str, str], kept: Any
) -> None:
    """Wire format, provider name, and the type that Coder knew where it is another one."""
    await coder.interception(ada, provider=source[0], provider_name=source[1])
    await run_import()
    row = await only(psql, "aibridge_interceptions")
    assert (row["provider"], row["provider_name"], row["metadata"].get("imported_provider")) == kept


async def test_an_error_is_a_failure(coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection) -> None:
    await coder.interception(ada, error_type="rate_limited", error_message="ö" * 1000)
    await run_import()
    row = await only(psql, "aibridge_interceptions")
    assert (row["outcome"], row["error_type"], row["error_message"]) == ("failed", "rate_limited", "ö" * 512)
    assert row["notes"] == ["error_message: cut at 1024 bytes"]
    assert await psql.fetchval("SELECT failures FROM aibridge_sessions") == 1


async def test_an_error_of_a_kind_that_is_younger_than_we_are(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    await coder.connection.execute("ALTER TYPE aibridge_interception_error_type ADD VALUE 'budget'")
    await coder.interception(ada, error_type="budget")
    await run_import()
    row = await only(psql, "aibridge_interceptions")
    assert (row["outcome"], row["error_type"]) == ("failed", "unknown")
    assert row["notes"] == ["error_type: budget is not one of ours"]


async def test_a_message_without_a_type_is_no_error(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    await coder.interception(ada, error_message="odd")
    await run_import()
    row = await only(psql, "aibridge_interceptions")
    assert (row["outcome"], row["error_type"], row["error_message"]) == ("completed", None, None)


async def test_an_end_before_the_start_is_the_start(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    await coder.interception(ada, ended_at=NOON - timedelta(seconds=5))
    await run_import()
    assert (await only(psql, "aibridge_interceptions"))["ended_at"] == NOON


async def test_texts_too_long_for_an_index_are_cut_and_told(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    row = await coder.interception(ada, model="m" * 9000, provider_name="p" * 9000, client_session_id="ä" * 256)
    await coder.tool(row, "t" * 9000, provider_tool_call_id="c" * 9000, input="i" * 9000)
    await run_import()
    found, tool = await only(psql, "aibridge_interceptions"), await only(psql, "aibridge_tool_usages")
    assert {len(found["model"]), len(found["provider_name"])} == {MAX_INDEXED_BYTES}
    assert {len(tool["tool"]), len(tool["provider_tool_call_id"])} == {MAX_INDEXED_BYTES}
    assert (found["client_session_id"], tool["input"]) == ("ä" * 256, "i" * 9000)
    assert sorted(found["notes"]) == [
        f"{name}: cut at 512 bytes" for name in ("model", "provider_name", "provider_tool_call_id", "tool")
    ]
    await exact(psql)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, ({}, [])),
        ("null", ({}, [])),
        ("{}", ({}, [])),
        ('{"a": {"b": [1, null]}}', ({"a": {"b": [1, None]}}, [])),
        ('"text"', ({"value": "text"}, [])),
        ("[1]", ({"value": [1]}, [])),
        (f'{{"n": {"9" * 400}.5}}', ({}, ["metadata: could not be read, left out"])),
        ('{"n": 1e400}', ({"n": None}, ["metadata: an integer beyond 64 bits was dropped"])),
        ('{"n": 123456789012345678901234567890}', ({"n": None}, ["metadata: an integer beyond 64 bits was dropped"])),
    ],
)
async def test_metadata_of_any_shape(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection, written: str | None, expected: Any
) -> None:
    """What is kept, and what is noted with the interception."""
    row = await coder.interception(ada)
    await coder.prompt(row, "p")
    await coder.connection.execute("UPDATE aibridge_user_prompts SET metadata = $1::text::jsonb", written)
    await run_import()
    prompt, interception = await only(psql, "aibridge_user_prompts"), await only(psql, "aibridge_interceptions")
    assert (prompt["metadata"], interception["notes"]) == expected


async def test_metadata_of_any_depth_is_cut(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    """Whether this Python can read it at all depends on its version; that something is missing is noted either way."""
    row = await coder.interception(ada)
    await coder.prompt(row, "p")
    deep = "[" * 3000 + "]" * 3000
    await coder.connection.execute("UPDATE aibridge_user_prompts SET metadata = $1::text::jsonb", deep)
    await run_import()
    kept = (await only(psql, "aibridge_user_prompts"))["metadata"]
    assert json.dumps(kept).count("[") <= MAX_METADATA_LEVELS
    (note,) = (await only(psql, "aibridge_interceptions"))["notes"]
    assert note.startswith("metadata: ")


async def test_what_coder_keeps_in_columns_of_its_own_is_metadata(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    firewall = uuid4()
    await coder.interception(
        ada,
        agent_firewall_session_id=firewall,
        agent_firewall_sequence_number=0,
        annotations={"repo": "x"},
        metadata={"actor": "ada", "imported_from": "a lie"},
    )
    await run_import()
    assert (await only(psql, "aibridge_interceptions"))["metadata"] == {
        "imported_from": "coder",
        "agent_firewall_session_id": str(firewall),
        "agent_firewall_sequence_number": 0,
        "annotations": {"repo": "x"},
        "actor": "ada",
    }


async def test_figures_beyond_what_a_count_may_be_are_unknown(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    row = await coder.interception(ada)
    await coder.usage(row, input_tokens=-1, output_tokens=2**63 - 1)
    await run_import()
    usage = await only(psql, "aibridge_token_usages")
    assert (usage["input_tokens"], usage["output_tokens"]) == (None, 2**63 - 1)
    assert (await only(psql, "aibridge_interceptions"))["notes"] == ["input_tokens: not a count in 0..2^63-1, dropped"]
    await exact(psql)


async def test_tokens_are_priced_as_of_their_own_moment(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection, store: Store
) -> None:
    """By the instance's seller and by the deployment's own prices of then; what nobody knows stays unpriced."""
    for since, rate in ((NOON - timedelta(days=1), 2_000_000), (NOON + timedelta(days=1), 9_000_000)):
        price = OwnPrice(provider_name="local", model="llama", since=since, rates=(Rates(input=rate, output=0),))
        await store.prices.set(price, by="olga")
    for provider, name, model in (
        ("bedrock", "aws", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("openai", "local", "llama"),
        ("openai", "", "x"),
    ):
        row = await coder.interception(ada, provider=provider, provider_name=name, model=model)
        await coder.usage(row, input_tokens=100, output_tokens=0, created_at=NOON)
    await run_import()
    rows = await psql.fetch("SELECT price_listed_as, cost_micros FROM aibridge_token_usages")
    costs = dict(map(tuple, rows))
    assert (costs.pop("local/llama"), costs.pop(None)) == (200, None)
    [(listed_as, cost)] = costs.items()
    assert listed_as.startswith("aws/")
    assert cost >= 100
    await exact(psql)


async def test_equal_thoughts_are_several_and_stay_so(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    """They have no id there; the ids here follow from what they say, so that another import gives the same."""
    row = await coder.interception(ada)
    for moment, text, metadata in (
        (0, "hm", {"source": "reasoning_summary"}),
        (0, "hm", None),
        (1, "hm", {"source": "telepathy"}),
        (1, "aha", {"source": ["odd"]}),
    ):
        await coder.thought(row, text, created_at=at(moment), metadata=metadata)
    await run_import()
    look = "SELECT id, content, source, created_at FROM aibridge_model_thoughts ORDER BY created_at, content, source"
    first = await psql.fetch(look)
    assert [(t["content"], t["source"]) for t in first] == [
        ("hm", "reasoning_summary"),
        ("hm", "thinking"),
        ("aha", "thinking"),
        ("hm", "thinking"),
    ]
    await psql.execute("DELETE FROM aibridge_interceptions")
    await psql.execute("TRUNCATE aibridge_sessions, aibridge_session_facets, aibridge_interception_counts")
    await run_import()
    assert await psql.fetch(look) == first


async def test_the_answers_id_is_found_with_the_children(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection
) -> None:
    row = await coder.interception(ada)
    await coder.usage(row, provider_response_id="")
    await coder.tool(row, provider_response_id="resp_7")
    await run_import()
    assert (await only(psql, "aibridge_interceptions"))["provider_response_id"] == "resp_7"


async def test_texts_are_read_in_batches_bounded_in_bytes(
    coder: CoderDatabase, ada: UUID, run_import: Import, psql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aibridge.importing.coder.BATCH_BYTES", 1000)
    for n in range(6):
        row = await coder.interception(ada, started_at=at(n))
        await coder.prompt(row, "x" * (400 if n != 3 else 5000))
    await run_import()
    written = await psql.fetch("SELECT count(*) FROM aibridge_interceptions GROUP BY xmin::text ORDER BY 1")
    assert [row["count"] for row in written] == [1, 1, 2, 2]
