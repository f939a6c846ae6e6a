"""A session in detail: threads and their pages, steps, sums, side requests, other people's sessions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.errors import CursorUnknown
from aibridge.records import Begun, CredentialKind, CredentialType, ErrorType, Outcome
from aibridge.store import sessions
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.session_detail import ReadSessionDetail
from support.rows import NOON, at, begun, call, finished, new_id, prompt, thought, usage


async def carried(store: Store, start: Begun, **end: Any) -> Begun:
    await store.write_begun([start])
    await store.write_finished([finished(start, **end)])
    return start


async def detail(store: Store, session_id: str, viewer: UUID | None = None, **page: Any) -> ReadSessionDetail:
    found = await store.reader.session(session_id, viewer, **{"limit": 50} | page)
    assert found is not None
    return found


def ids(found: ReadSessionDetail) -> list[UUID]:
    return [thread.id for thread in found.threads]


async def remove(psql: Connection, id_: UUID) -> None:
    """As retention does: with its children, out of the counts, and the session computed anew."""
    async with psql.transaction():
        await sessions.count(psql, [id_], -1)
        gone = await psql.fetchrow(
            "DELETE FROM aibridge_interceptions WHERE id = $1 RETURNING session_id, initiator_id", id_
        )
        assert gone is not None
        await sessions.recompute(psql, [(gone["session_id"], gone["initiator_id"])])


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


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("", ""), ("sk-a...efgh", "sk-a...efgh"), ("...", "..."), ("sk-plain", "..."), ("sk-a...efgh-and-more", "...")],
)
async def test_a_hint_that_is_no_mask_is_not_shown(store: Store, alice: UUID, stored: str, shown: str) -> None:
    await carried(store, begun(alice, client_session_id="s", credential_hint=stored))
    (thread,) = (await detail(store, "s")).threads
    assert (thread.credential_hint, thread.steps[0].credential_hint) == (shown, shown)


# ------------------------------------------------------------------ pages


async def _roots(store: Store, initiator_id: UUID, starts: Sequence[float], session_id: str = "s") -> list[Begun]:
    rows = [begun(initiator_id, client_session_id=session_id, started_at=at(second)) for second in starts]
    await store.write_begun(rows)
    await store.write_finished([finished(row) for row in rows])
    return sorted(rows, key=lambda row: (row.started_at, row.id))


async def test_pages_of_threads(store: Store, alice: UUID) -> None:
    oldest, middle, newest = [row.id for row in await _roots(store, alice, (10, 20, 30))]
    pages: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, [oldest, middle, newest]),
        ({"limit": 1}, [oldest]),
        ({"limit": 1, "after": oldest}, [middle]),
        ({"limit": 1, "after": middle}, [newest]),
        ({"after": oldest}, [middle, newest]),
        ({"after": newest}, []),
        ({"before": newest}, [oldest, middle]),
        ({"before": middle}, [oldest]),
        ({"before": oldest}, []),
        ({"before": newest, "limit": 1}, [middle]),  # the page next to the cursor
        ({"before": newest, "after": oldest}, [middle]),
    ]
    for page, expected in pages:
        found = await detail(store, "s", **page)
        assert ids(found) == expected
        assert found.thread_count == 3
        if expected:
            assert found.page_started_at == found.threads[0].started_at
            assert found.page_ended_at == found.threads[-1].started_at + timedelta(seconds=1)
        else:
            assert (found.page_started_at, found.page_ended_at) == (None, None)


async def test_a_walk_meets_each_thread_once_forwards_and_backwards(store: Store, alice: UUID) -> None:
    """Also when many start at the same moment."""
    expected = [row.id for row in await _roots(store, alice, [n // 7 for n in range(23)])]
    walk, cursor = [], None
    while found := ids(await detail(store, "s", limit=3, after=cursor)):
        walk += found
        cursor = found[-1]
    assert walk == expected
    back: list[UUID] = []
    found = ids(await detail(store, "s", limit=3, after=expected[-4]))
    while found:
        back = found + back
        found = ids(await detail(store, "s", limit=3, before=found[0]))
    assert back == expected


async def test_sums_are_of_the_whole_session_on_every_page(store: Store, alice: UUID) -> None:
    for n in range(3):
        root = begun(alice, client_session_id="s", started_at=at(n * 10))
        await carried(
            store,
            root,
            tool_usages=(call(f"c{n}"),),
            token_usage=usage(metadata={"cache_read_input": 20, "n": {"m": 1}}),
        )
        child = begun(alice, client_session_id="s", started_at=at(n * 10 + 1), correlating_tool_call_id=f"c{n}")
        await carried(store, child, token_usage=usage(input_tokens=200, metadata={"cache_read_input": 30, "x": True}))
    cursor = None
    for _ in range(3):
        found = await detail(store, "s", limit=1, after=cursor)
        (thread,) = found.threads
        cursor = thread.id
        assert (thread.token_usage.input_tokens, thread.token_usage.metadata) == (
            300,
            {"cache_read_input": 50, "n.m": 1},
        )
        whole = found.token_usage_summary
        assert (whole.input_tokens, whole.output_tokens, whole.cache_read_input_tokens) == (900, 300, 120)
        assert whole.metadata == {"cache_read_input": 150, "n.m": 3}
        assert (found.started_at, found.ended_at) == (NOON, at(22))


async def test_any_step_may_be_the_cursor(store: Store, alice: UUID) -> None:
    """Threads that start strictly later, or earlier, than the step did: its own, too, when it is no root."""
    root = await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c"),))
    second = await carried(store, begun(alice, client_session_id="s", started_at=at(5)))
    child = begun(alice, client_session_id="s", started_at=at(9), correlating_tool_call_id="c")
    await carried(store, child)
    third = await carried(store, begun(alice, client_session_id="s", started_at=at(10)))
    side = await carried(store, begun(alice, client_session_id="s", started_at=at(7), side_request=True))
    assert ids(await detail(store, "s", after=child.id)) == [third.id]
    assert ids(await detail(store, "s", before=child.id)) == [root.id, second.id]
    assert ids(await detail(store, "s", after=side.id)) == [third.id]
    assert ids(await detail(store, "s", before=side.id, limit=1)) == [second.id]


async def test_cursors_that_are_none(store: Store, alice: UUID, bob: UUID) -> None:
    await carried(store, begun(alice, client_session_id="s"))
    other = await carried(store, begun(alice, client_session_id="other"))
    his = await carried(store, begun(bob, client_session_id="s", started_at=at(-99)))
    flying = begun(alice, client_session_id="s")
    await store.write_begun([flying])
    unknown = uuid4()

    async def refused(viewer: UUID | None, **cursor: UUID) -> str:
        with pytest.raises(CursorUnknown) as error:
            await store.reader.session("s", viewer, limit=1, **cursor)
        return str(error.value)

    for viewer in (None, alice):
        assert await refused(viewer, after=unknown) == (
            f"after_id: interception {unknown} not found: invalid pagination cursor"
        )
        assert await refused(viewer, before=unknown) == (
            f"before_id: interception {unknown} not found: invalid pagination cursor"
        )
        assert "not found" in await refused(viewer, after=flying.id)
        assert "does not belong to session s" in await refused(viewer, before=other.id)
    assert "does not belong to session s" in await refused(None, after=his.id)
    assert "not found" in await refused(alice, after=his.id)


# ------------------------------------------------------------------ missing roots, side requests


async def test_the_earliest_row_stands_in_for_a_purged_root(store: Store, psql: Connection, alice: UUID) -> None:
    root = begun(alice, client_session_id="s", user_prompt=prompt("gone"))
    await carried(store, root, tool_usages=(call("c1"), call("c2")))
    later = begun(alice, client_session_id="s", started_at=at(30), correlating_tool_call_id="c2")
    await carried(store, later)
    child = begun(alice, client_session_id="s", started_at=at(20), correlating_tool_call_id="c1", model="claude-child")
    await carried(store, child)
    other = await carried(store, begun(alice, client_session_id="s", started_at=at(25)))
    await remove(psql, root.id)
    found = await detail(store, "s")
    assert (ids(found), found.thread_count) == ([child.id, other.id], 2)
    thread = found.threads[0]
    assert (thread.model, thread.prompt, thread.started_at, thread.started_by) == ("claude-child", None, at(20), None)
    assert [(step.id, step.thread_parent_id) for step in thread.steps] == [(child.id, root.id), (later.id, root.id)]
    assert ids(await detail(store, "s", after=child.id)) == [other.id]


async def test_a_root_in_another_session_or_in_flight(store: Store, alice: UUID) -> None:
    """Its children are shown where they are, and only there."""
    elsewhere = await carried(store, begun(alice), tool_usages=(call("c1"),))
    child = begun(alice, client_session_id="s", started_at=at(1), correlating_tool_call_id="c1")
    await carried(store, child, tool_usages=(call("c2"),))
    grandchild = await carried(
        store, begun(alice, client_session_id="s", started_at=at(2), correlating_tool_call_id="c2")
    )
    (thread,) = (await detail(store, "s")).threads
    assert (thread.id, [step.id for step in thread.steps]) == (child.id, [child.id, grandchild.id])
    (thread,) = (await detail(store, str(elsewhere.id))).threads
    assert [step.id for step in thread.steps] == [elsewhere.id]


async def test_a_session_left_with_a_dangling_chain(store: Store, psql: Connection, alice: UUID) -> None:
    """The middle of a chain may go too."""
    chain = []
    for n in range(5):
        start = begun(
            alice, client_session_id="s", started_at=at(n), correlating_tool_call_id=f"c{n - 1}" if n else None
        )
        chain.append(await carried(store, start, tool_usages=(call(f"c{n}"),)))
    for n in (0, 2):
        await remove(psql, chain[n].id)
    (thread,) = (await detail(store, "s")).threads
    assert [step.id for step in thread.steps] == [chain[n].id for n in (1, 3, 4)]
    assert [step.thread_parent_id for step in thread.steps] == [chain[n].id for n in (0, 2, 3)]


async def test_side_requests_go_to_the_thread_of_their_time(store: Store, alice: UUID) -> None:
    first, second = await _roots(store, alice, (10, 20))
    moments = (5, 10, 15, 20, 99)
    sides = [begun(alice, client_session_id="s", started_at=at(moment), side_request=True) for moment in moments]
    await store.write_begun(sides)
    await store.write_finished(
        [finished(side, token_usage=usage(), ended_at=side.started_at + timedelta(seconds=50)) for side in sides]
    )
    found = await detail(store, "s")
    assert (ids(found), found.thread_count, found.interceptions) == ([first.id, second.id], 2, 7)
    one, two = found.threads
    assert {step.id for step in one.steps} == {first.id, *(side.id for side in sides[:3])}
    assert {step.id for step in two.steps} == {second.id, *(side.id for side in sides[3:])}
    for thread in found.threads:
        places = [(step.started_at, step.id) for step in thread.steps]
        assert places == sorted(places)
        assert (thread.started_at, thread.interceptions) == (places[0][0], len(places))
    assert [step.side_request for step in one.steps].count(False) == 1
    assert (one.id, one.started_at, one.token_usage.input_tokens) == (first.id, at(5), 300)
    assert (found.page_started_at, found.page_ended_at) == (at(5), at(149))
    assert ids(await detail(store, "s", after=sides[0].id)) == [first.id, second.id]


async def test_side_requests_alone_are_one_thread(store: Store, alice: UUID) -> None:
    sides = [begun(alice, client_session_id="s", started_at=at(n), side_request=True) for n in range(3)]
    for side in sides:
        await carried(store, side)
    found = await detail(store, "s")
    assert (ids(found), found.thread_count) == ([sides[0].id], 1)
    assert [step.id for step in found.threads[0].steps] == [side.id for side in sides]
    assert ids(await detail(store, "s", after=sides[0].id)) == []


async def test_what_is_in_flight_is_no_step(store: Store, alice: UUID) -> None:
    root = await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c"),))
    await store.write_begun([begun(alice, client_session_id="s", started_at=at(1), correlating_tool_call_id="c")])
    found = await detail(store, "s")
    assert [[step.id for step in thread.steps] for thread in found.threads] == [[root.id]]


async def test_five_thousand_steps(store: Store, alice: UUID) -> None:
    """A day of an agent that never sleeps: 100 threads of 50 steps, each step once over all pages."""
    rows = [
        begun(
            alice,
            client_session_id="s",
            started_at=at(n),
            correlating_tool_call_id=f"c{n - 1}" if n % 50 else None,
            id=new_id(),
        )
        for n in range(5000)
    ]
    for first in range(0, 5000, 1000):
        batch = rows[first : first + 1000]
        await store.write_begun(batch)
        await store.write_finished(
            [
                finished(row, tool_usages=(call(f"c{first + n}"),), token_usage=usage(metadata={"n": 1}))
                for n, row in enumerate(batch)
            ]
        )
    found = await detail(store, "s", limit=60)
    rest = await detail(store, "s", limit=60, after=found.threads[-1].id)
    assert (found.thread_count, len(found.threads), len(rest.threads)) == (100, 60, 40)
    assert [step.id for page in (found, rest) for thread in page.threads for step in thread.steps] == [
        row.id for row in rows
    ]
    assert found.token_usage_summary == rest.token_usage_summary
    assert (found.token_usage_summary.input_tokens, found.token_usage_summary.metadata) == (500_000, {"n": 5000})
