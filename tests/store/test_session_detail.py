"""A session in detail: whose it is, and what its threads and steps show."""

from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.records import Begun, CredentialKind, CredentialType, ErrorType, Outcome
from aibridge.store.pool import Store
from support.auditing import carried, detail, ids
from support.rows import NOON, at, begun, call, prompt, thought, usage

# ------------------------------------------------------------------ which session


async def test_what_is_not_there_is_none(store: Store, alice: UUID) -> None:
    start = begun(alice, client_session_id="in flight")
    await store.write_begun([start])
    for session_id in ("", "nothing", "in flight", str(start.id), str(uuid4()), "a\0b", "\ud800", "x" * 100_000):
        assert await store.reader.session(session_id, None, limit=50) is None


async def test_by_the_clients_own_id(store: Store, alice: UUID) -> None:
    start = await carried(store, begun(alice, client_session_id="s", model="m", metadata={"editor": "vim"}))
    found = await detail(store, "s")
    assert (found.id, found.thread_count, ids(found)) == ("s", 1, [start.id])
    assert (found.initiator.id, found.initiator.username, found.initiator.name) == (alice, "alice", "Alice")
    assert (found.providers, found.provider_names, found.models) == (["anthropic"], ["anthropic"], ["m"])
    assert (found.client, found.metadata) == ("Claude Code", {"editor": "vim"})
    assert (found.threads[0].model, found.threads[0].provider) == ("m", "anthropic")


async def test_by_the_roots_id_where_the_client_has_none(store: Store, alice: UUID) -> None:
    root = await carried(
        store,
        begun(alice, credential_kind=CredentialKind.BYOK, credential_type=CredentialType.SUBSCRIPTION),
        tool_usages=(call("c"),),
    )
    child = await carried(store, begun(alice, started_at=at(5), correlating_tool_call_id="c"))
    found = await detail(store, str(root.id))
    (thread,) = found.threads
    assert [step.id for step in thread.steps] == [root.id, child.id]
    assert (thread.credential_kind, thread.credential_type, thread.credential_hint) == (
        "byok",
        "subscription",
        "sk-a...efgh",
    )
    assert await store.reader.session(str(child.id), None, limit=50) is None


@pytest.mark.parametrize(
    "session_id", ["a/b", "a b", "%", "_", "ä/☃", "..", "a\nb", "x" * 256, "'; --", "\\", "\u202e", "?x=1#y"]
)
async def test_session_ids_may_hold_anything(store: Store, alice: UUID, session_id: str) -> None:
    start = await carried(store, begun(alice, client_session_id=session_id))
    await carried(store, begun(alice, client_session_id="other"))
    found = await detail(store, session_id, alice)
    assert (found.id, ids(found)) == (session_id, [start.id])


async def test_two_people_with_one_id_are_never_mixed(store: Store, alice: UUID, bob: UUID) -> None:
    """Without a choice the one who was active last is shown, of those whom the viewer may read."""
    hers = await carried(store, begun(alice, client_session_id="s"), token_usage=usage(input_tokens=100))
    his = await carried(store, begun(bob, client_session_id="s", started_at=at(9)), token_usage=usage(input_tokens=200))
    cases: list[tuple[UUID | None, UUID | None, Begun | None]] = [
        *((None, None, his), (None, alice, hers), (None, bob, his), (None, uuid4(), None)),
        *((alice, None, hers), (alice, alice, hers), (alice, bob, None), (bob, None, his), (bob, alice, None)),
    ]
    for viewer, initiator, expected in cases:
        found = await store.reader.session("s", viewer, initiator=initiator, limit=50)
        if expected is None:
            assert found is None
            continue
        assert found is not None
        assert (found.initiator.id, ids(found)) == (expected.initiator_id, [expected.id])
        assert found.token_usage_summary.input_tokens == (100 if expected is hers else 200)
        assert (found.thread_count, found.interceptions) == (1, 1)


async def test_a_denied_session_looks_like_a_missing_one(store: Store, alice: UUID, bob: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"))
    assert await store.reader.session("s", bob, limit=50) is None


# ------------------------------------------------------------------ what a thread shows


async def test_a_thread_with_all_that_was_done_in_it(store: Store, alice: UUID) -> None:
    root = begun(
        alice,
        client_session_id="s",
        user_prompt=prompt("why is the build red?"),
        agent_id="main",
        mutations=("include_usage",),
        notes=("begun",),
    )
    await carried(
        store,
        root,
        token_usage=usage(metadata={"cache_read_input": 20, "cache_creation_input": 10, "tier": "standard"}),
        tool_usages=(
            call("c2", created_at=at(0.2), tool="Read"),
            call(
                "c1",
                created_at=at(0.1),
                input="{}",
                injected=True,
                server_url="https://mcp",
                invocation_error="no",
                metadata={"namespace": "x"},
                provider_item_id="fc",
            ),
        ),
        model_thoughts=(thought("then", created_at=at(0.2)), thought("first", created_at=at(0.1), source="commentary")),
    )
    child = begun(alice, client_session_id="s", started_at=at(10), correlating_tool_call_id="c2", model="claude-small")
    await carried(
        store,
        child,
        outcome=Outcome.FAILED,
        status_code=529,
        error_type=ErrorType.OVERLOADED,
        error_message="busy",
        partial=True,
        unread=True,
        ended_at=at(12.5),
        notes=("finished",),
        time_to_first_byte_us=None,
        token_usage=usage(
            input_tokens=200,
            output_tokens=None,
            cache_read_input_tokens=30,
            cache_write_input_tokens=0,
            metadata={"cache_read_input": 30, "deep": {"er": {"n": 4}, "text": "5"}},
        ),
        tool_usages=(call(None, tool="Bash"),),
    )
    found = await detail(store, "s")
    (thread,) = found.threads
    assert (thread.id, thread.prompt, thread.model, thread.agent_id) == (
        root.id,
        "why is the build red?",
        "claude-test",
        "main",
    )
    assert (thread.started_at, thread.ended_at) == (found.page_started_at, found.page_ended_at) == (NOON, at(12.5))
    assert (thread.interceptions, thread.tool_calls, thread.failures) == (2, 3, 1)
    assert (thread.outcome, thread.error_type, thread.error_message) == ("completed", None, None)
    assert msgspec.to_builtins(thread.token_usage) == {
        "input_tokens": 300,
        "output_tokens": 50,
        "cache_read_input_tokens": 50,
        "cache_write_input_tokens": 10,
        "metadata": {"cache_read_input": 50, "cache_creation_input": 10, "deep.er.n": 4},
    }
    assert found.token_usage_summary == thread.token_usage
    first, second = thread.steps
    assert [(one.provider_tool_call_id, one.tool) for one in first.tool_calls] == [("c1", "Bash"), ("c2", "Read")]
    injected = first.tool_calls[0]
    assert (injected.server_url, injected.invocation_error, injected.injected) == ("https://mcp", "no", True)
    assert (injected.metadata, injected.provider_item_id, injected.interception_id) == (
        {"namespace": "x"},
        "fc",
        root.id,
    )
    assert (first.tool_calls[1].server_url, first.tool_calls[1].invocation_error) == ("", "")
    assert [(one.source, one.text) for one in first.thinking] == [("commentary", "first"), ("thinking", "then")]
    assert (first.prompt, second.prompt, first.mutations, first.notes) == (
        "why is the build red?",
        None,
        ["include_usage"],
        ["begun"],
    )
    assert (first.duration_us, first.time_to_first_byte_us, second.duration_us, second.time_to_first_byte_us) == (
        1_000_000,
        1500,
        2_500_000,
        None,
    )
    assert (second.thread_parent_id, second.outcome, second.status_code) == (root.id, "failed", 529)
    assert (second.error_type, second.error_message) == ("overloaded", "busy")
    assert (second.partial, second.unread, second.notes, second.thinking) == (True, True, ["finished"], [])
    assert (second.token_usage.output_tokens, second.token_usage.cache_write_input_tokens) == (None, 0)
    assert second.token_usage.metadata == {"cache_read_input": 30, "deep.er.n": 4}


async def test_steps_without_tools_show_their_thinking_and_tokens(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"), model_thoughts=(thought("hm"),), token_usage=usage())
    (step,) = (await detail(store, "s")).threads[0].steps
    assert ([one.text for one in step.thinking], step.tool_calls) == (["hm"], [])
    assert step.token_usage.input_tokens == 100


async def test_a_step_that_told_nothing(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"), outcome=Outcome.CANCELLED, status_code=None)
    found = await detail(store, "s")
    (step,) = found.threads[0].steps
    assert msgspec.to_builtins(step.token_usage) == {
        "input_tokens": None,
        "output_tokens": None,
        "cache_read_input_tokens": None,
        "cache_write_input_tokens": None,
        "metadata": {},
    }
    assert found.threads[0].failures == 0  # who cancels has not failed
    assert found.threads[0].token_usage.input_tokens == 0


async def test_the_whole_goes_to_json_as_it_is(store: Store, alice: UUID) -> None:
    """Sums beyond 64 bits included: every figure may be as large as the database holds."""
    most = 2**63 - 1
    for n in range(3):
        start = begun(alice, client_session_id="s", started_at=at(n), user_prompt=prompt("☃"))
        await carried(
            store, start, token_usage=usage(input_tokens=most, metadata={"n": most}), tool_usages=(call("c"),)
        )
    found = msgspec.json.decode(msgspec.json.encode(await detail(store, "s")))
    assert found["token_usage_summary"]["input_tokens"] == found["token_usage_summary"]["metadata"]["n"] == 3 * most
    assert found["threads"][0]["steps"][0]["prompt"] == "☃"
    assert found["threads"][0]["started_at"] == "2026-06-01T12:00:00Z"


async def test_what_ended_by_another_clock_took_no_time(store: Store, alice: UUID) -> None:
    """Recovery, by the database's clock, of what a gateway with a clock ahead began."""
    await carried(store, begun(alice, client_session_id="s"), ended_at=at(-5))
    (step,) = (await detail(store, "s")).threads[0].steps
    assert (step.duration_us, step.ended_at) == (0, at(-5))


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("", ""), ("sk-a...efgh", "sk-a...efgh"), ("...", "..."), ("sk-plain", "..."), ("sk-a...efgh-and-more", "...")],
)
async def test_a_hint_that_is_no_mask_is_not_shown(store: Store, alice: UUID, stored: str, shown: str) -> None:
    await carried(store, begun(alice, client_session_id="s", credential_hint=stored))
    (thread,) = (await detail(store, "s")).threads
    assert (thread.credential_hint, thread.steps[0].credential_hint) == (shown, shown)
