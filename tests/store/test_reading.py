from typing import Any
from uuid import UUID, uuid4

from aibridge.records import Begun, ProviderType, UserStatus
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.sql import sql
from support.rows import at, begun, call, finished, prompt, thought, usage


async def carried(store: Store, start: Begun, **end: Any) -> Begun:
    await store.write_begun([start])
    await store.write_finished([finished(start, **end)])
    return start


async def test_an_empty_record(store: Store) -> None:
    assert await store.reader.interceptions_page(None, limit=10) == ([], 0)


async def test_newest_first_and_equal_times_by_id(store: Store, alice: UUID) -> None:
    rows = [await carried(store, begun(alice, started_at=at(n // 2))) for n in range(6)]
    page, total = await store.reader.interceptions_page(None, limit=10)
    assert total == 6
    assert [row.id for row in page] == [r.id for r in sorted(rows, key=lambda r: (r.started_at, r.id), reverse=True)]


async def test_walking_the_pages_meets_each_row_once(store: Store, alice: UUID) -> None:
    rows = [begun(alice) for _ in range(10)]
    await store.write_begun(rows)
    await store.write_finished([finished(row) for row in rows])
    walk = [await store.reader.interceptions_page(None, limit=3, offset=offset) for offset in range(0, 12, 3)]
    assert [total for _, total in walk] == [10] * 4
    assert sorted(row.id for page, _ in walk for row in page) == sorted(row.id for row in rows)


async def test_what_is_in_flight_shows_nowhere(store: Store, alice: UUID) -> None:
    start = begun(alice)
    await store.write_begun([start])
    assert await store.reader.interceptions_page(None, limit=10) == ([], 0)
    assert await store.reader.interception(start.id, None) is None


async def test_members_see_their_own_and_a_denied_row_looks_like_a_missing_one(
    store: Store, alice: UUID, bob: UUID
) -> None:
    hers = await carried(store, begun(alice))
    await carried(store, begun(bob))
    page, total = await store.reader.interceptions_page(alice, limit=10)
    assert ([row.id for row in page], total) == ([hers.id], 1)
    assert (await store.reader.interceptions_page(None, limit=10))[1] == 2
    assert await store.reader.interception(hers.id, alice) is not None
    assert await store.reader.interception(hers.id, bob) is None
    assert await store.reader.interception(uuid4(), None) is None


async def test_one_with_all_that_belongs_to_it(store: Store, alice: UUID) -> None:
    start = begun(
        alice, client_session_id="s", user_prompt=prompt("why?"), metadata={"a": [1, {"b": None}]}, notes=("n",)
    )
    await carried(
        store,
        start,
        token_usage=usage(cache_read_input_tokens=None, metadata={"service_tier": "standard"}),
        tool_usages=(call("c2", created_at=at(2)), call("c1", created_at=at(1), provider_item_id="fc_1")),
        model_thoughts=(thought("second", created_at=at(2)), thought("first", created_at=at(1))),
    )
    row = await store.reader.interception(start.id, alice)
    assert row is not None
    assert (row.initiator.id, row.initiator.username, row.initiator.name) == (alice, "alice", "Alice")
    assert (row.session_id, row.api_key_id, row.outcome, row.status_code) == ("s", "token", "completed", 200)
    assert (row.body_sha256_received, row.metadata, row.notes) == ("ab" * 32, {"a": [1, {"b": None}]}, ["n"])
    assert (row.started_at.isoformat(), row.ended_at) == ("2026-06-01T12:00:00+00:00", at(1))
    assert [(tool.provider_tool_call_id, tool.provider_item_id, tool.server_url) for tool in row.tool_usages] == [
        ("c1", "fc_1", ""),
        ("c2", None, ""),
    ]
    assert [item.content for item in row.model_thoughts] == ["first", "second"]
    assert [(item.prompt, item.provider_response_id) for item in row.user_prompts] == [("why?", "msg_1")]
    (tokens,) = row.token_usages
    assert (tokens.input_tokens, tokens.cache_read_input_tokens) == (100, None)
    assert tokens.metadata == {"service_tier": "standard"}
    assert await store.reader.interceptions_page(None, limit=1) == ([row], 1)


async def test_without_children_lists_are_empty_and_hashes_may_be_missing(store: Store, alice: UUID) -> None:
    start = await carried(store, begun(alice, body_sha256_received="", body_sha256_sent=""))
    row = await store.reader.interception(start.id, None)
    assert row is not None
    assert (row.token_usages, row.user_prompts, row.tool_usages, row.model_thoughts) == ([], [], [], [])
    assert (row.body_sha256_received, row.body_sha256_sent) == (None, None)


async def test_a_deleted_person_keeps_their_name_on_the_record(store: Store, alice: UUID) -> None:
    start = await carried(store, begun(alice))
    await store.people.set_status(alice, UserStatus.DELETED)
    row = await store.reader.interception(start.id, None)
    assert row is not None
    assert row.initiator.name == "Alice"


async def test_whose_response_it_is_stands_in_an_index(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    """Whoever guesses at ids costs the database next to nothing, whatever is on record."""
    for person, response in ((alice, "resp_1"), (bob, "resp_2")):
        start = begun(person, provider=ProviderType.OPENAI, provider_name="openai", endpoint="/v1/responses")
        await store.write_begun([start])
        assert not await store.reader.owns_response(person, response)
        await store.write_finished([finished(start, provider_response_id=response)])
        assert await store.reader.owns_response(person, response)
    assert not await store.reader.owns_response(alice, "resp_2")
    await psql.execute("SET enable_seqscan = off")
    plan = [row[0] for row in await psql.fetch(f"EXPLAIN {sql('owns_response')}", alice, "resp_1")]
    assert any("aibridge_interceptions_response" in line for line in plan), plan
