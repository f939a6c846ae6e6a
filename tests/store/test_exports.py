"""The record read out in pages: all of it, each once, whatever happens meanwhile."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.errors import CursorUnknown
from aibridge.filters import EVERYTHING, Filter
from aibridge.records import Outcome
from aibridge.store import exports as module
from aibridge.store.connections import Connection
from aibridge.store.exports import ReadRow, SessionExport, portions
from aibridge.store.pool import Store
from aibridge.store.steps import Step
from aibridge.texts import text_of, together
from support.auditing import carried, detail, remove
from support.rows import at, begun, call, prompt, thought, usage

SESSION = "s"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two, so that a few rows are several."""
    for limit in ("PAGE", "PORTION", "TABLE_PAGE"):
        monkeypatch.setattr(module, limit, 2)


async def written(store: Store, initiator: UUID, count: int, **fields: object) -> list[UUID]:
    """So many, a second apart; the ids as an export has them: newest first."""
    return [(await carried(store, begun(initiator, started_at=at(n), **fields))).id for n in range(count)][::-1]


async def ids(pages: AsyncIterator[list[ReadRow]]) -> list[UUID]:
    return [row.id async for page in pages for row in page]


async def test_everything_comes_once_newest_first(store: Store, alice: UUID, small_pages: None) -> None:
    """Over several pages, whole or as rows, and nothing that is in flight."""
    expected = await written(store, alice, 5)
    await store.write_begun([begun(alice, started_at=at(9))])
    assert [row.id async for page in store.exports.interceptions(None) for row in page] == expected
    assert await ids(store.exports.rows(None)) == expected


async def test_what_is_whole_is_what_the_list_shows(store: Store, alice: UUID) -> None:
    await carried(
        store,
        begun(alice, user_prompt=prompt("Why?")),
        token_usage=usage(),
        tool_usages=(call("c1"),),
        model_thoughts=(thought("Hm."),),
    )
    listed, _ = await store.reader.interceptions_page(None, limit=10)
    assert [page async for page in store.exports.interceptions(None)] == [listed]


async def test_an_empty_record_has_no_pages(store: Store, alice: UUID) -> None:
    assert [page async for page in store.exports.interceptions(None)] == []
    assert [page async for page in store.exports.rows(alice)] == []


async def test_equal_moments_are_told_apart_by_ids(store: Store, alice: UUID, small_pages: None) -> None:
    """A page may end between two that started at once."""
    made = [(await carried(store, begun(alice))).id for _ in range(5)]
    assert await ids(store.exports.rows(None)) == sorted(made, reverse=True)


async def test_only_what_the_viewer_may_see(store: Store, alice: UUID, bob: UUID, small_pages: None) -> None:
    hers = await written(store, alice, 3)
    await written(store, bob, 3)
    assert await ids(store.exports.rows(alice)) == hers
    assert await ids(store.exports.rows(bob, Filter(initiator_ids=frozenset({alice})))) == []


async def test_a_filter_holds_on_every_page(store: Store, alice: UUID, small_pages: None) -> None:
    wanted = await written(store, alice, 5, model="wanted")
    await written(store, alice, 5, model="other")
    assert await ids(store.exports.rows(None, Filter(models=frozenset({"wanted"})))) == wanted


async def test_a_text_holds_on_every_page(store: Store, alice: UUID, small_pages: None) -> None:
    """What is searched for by words is walked like any other filter."""
    await written(store, alice, 5)
    told = [
        (await carried(store, begun(alice, started_at=at(20 + n), user_prompt=prompt("a needle")))).id for n in range(5)
    ]
    found = Filter(text=together([text_of("needle", quoted=False)]))
    assert await ids(store.exports.rows(None, found)) == told[::-1]
    assert [row.id async for page in store.exports.interceptions(None, found) for row in page] == told[::-1]
    assert await ids(store.exports.rows(None, found, after=told[2])) == told[1::-1]


async def test_it_goes_on_behind_a_cursor(store: Store, alice: UUID, bob: UUID, small_pages: None) -> None:
    """Cut anywhere, the parts make the whole; a cursor that nobody has, or that is another's, is none."""
    expected = await written(store, alice, 5)
    for cut in range(1, 6):
        assert await ids(store.exports.rows(None, after=expected[cut - 1])) == expected[cut:]
    for viewer, cursor in ((None, uuid4()), (bob, expected[0])):
        with pytest.raises(CursorUnknown):
            await ids(store.exports.rows(viewer, EVERYTHING, after=cursor))


async def test_what_changes_meanwhile(store: Store, alice: UUID, psql: Connection, small_pages: None) -> None:
    """What is removed before its page is missing; what is new stands before the page and comes the next time."""
    expected = await written(store, alice, 6)
    pages = store.exports.interceptions(None)
    assert [row.id for row in await anext(pages)] == expected[:2]
    await remove(psql, expected[1])
    await remove(psql, expected[3])
    await carried(store, begun(alice, started_at=at(60)))
    assert [row.id async for page in pages for row in page] == [expected[2], *expected[4:]]


async def test_nothing_is_held_between_two_pages(
    store: Store, alice: UUID, psql: Connection, small_pages: None
) -> None:
    """Neither a transaction nor a snapshot: a slow client holds up no vacuum and no connection."""
    await written(store, alice, 5)
    pages = store.exports.interceptions(None)
    await anext(pages)
    held = await psql.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND (state LIKE '%transaction%' OR backend_xmin IS NOT NULL)"
    )
    await pages.aclose()
    assert held == 0


def test_a_large_one_comes_alone() -> None:
    """Portions are bounded by their number and by their bytes."""
    small, large = 10, module.PORTION_BYTES + 1
    sizes = [(UUID(int=n), size) for n, size in enumerate([small, large, small, small])]
    assert [[id_.int for id_ in portion] for portion in portions(sizes)] == [[0], [1], [2, 3]]
    many = [(UUID(int=n), 1) for n in range(module.PORTION + 1)]
    assert [len(portion) for portion in portions(many)] == [module.PORTION, 1]
    assert list(portions([])) == []


async def test_a_row_tells_figures(store: Store, alice: UUID) -> None:
    """Unknown stays unknown; tools stand once, in order of their first calls; a prompt is cut."""
    start = await carried(
        store,
        begun(alice, user_prompt=prompt("x" * 9000)),
        token_usage=usage(input_tokens=5, output_tokens=None),
        tool_usages=tuple(call(f"c{n}", tool=tool, created_at=at(n)) for n, tool in enumerate(["Zed", "Bash", "Zed"])),
        model_thoughts=(thought("Hm."),),
        outcome=Outcome.FAILED,
    )
    [row] = [row async for page in store.exports.rows(None) for row in page]
    assert (row.id, row.username, row.outcome, row.duration_us) == (start.id, "alice", "failed", 1_000_000)
    assert (row.input_tokens, row.output_tokens) == (5, None)
    assert (row.cost_micros, row.unpriced) == (None, True)
    assert (row.tool_calls, row.tools, row.thoughts) == (3, ["Zed", "Bash"], 1)
    assert row.prompt == "x" * 500
    assert row.session_id == str(start.id)
    assert row.thread_id == start.id


async def test_a_side_request_has_its_text(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, side_request=True, metadata={"side_prompt": "Make a title"}))
    [row] = [row async for page in store.exports.rows(None) for row in page]
    assert (row.side_request, row.prompt, row.tools, row.cost_micros, row.unpriced) == (
        True,
        "Make a title",
        None,
        None,
        False,
    )


# ------------------------------------------------------------------ sessions


async def session_of(store: Store, viewer: UUID | None = None, **more: UUID) -> SessionExport:
    found = await store.exports.session(SESSION, viewer, **more)
    assert found is not None
    return found


async def test_an_outline_is_the_detail_without_its_steps(store: Store, alice: UUID, small_pages: None) -> None:
    """Head, threads and their sums agree with what the API shows; so does every step."""
    for n in range(3):
        await carried(
            store,
            begun(alice, client_session_id=SESSION, started_at=at(10 * n), user_prompt=prompt(f"Ask {n}")),
            token_usage=usage(metadata={"server": {"searches": n}}),
            tool_usages=(call(f"c{n}"),),
        )
        for k in range(n):
            await carried(
                store,
                begun(
                    alice, client_session_id=SESSION, started_at=at(10 * n + k + 1), correlating_tool_call_id=f"c{n}"
                ),
                outcome=Outcome.FAILED,
                model_thoughts=(thought("Hm."),),
            )
    shown = msgspec.to_builtins(await detail(store, SESSION))
    session = await session_of(store)
    for name, value in msgspec.to_builtins(session.outline.head).items():
        assert shown[name] == value
    assert shown["token_usage_summary"] == msgspec.to_builtins(session.outline.token_usage_summary)
    assert shown["thread_count"] == len(session.outline.threads) == 3
    assert session.outline.tools == [("Bash", 3)]
    for of_detail, thread in zip(shown["threads"], session.outline.threads, strict=True):
        steps = [msgspec.to_builtins(step) async for step in session.steps(thread.steps)]
        assert steps == of_detail.pop("steps")
        fields = msgspec.to_builtins(thread)
        assert {name: fields[name] for name in of_detail} == of_detail


async def test_a_prompt_is_cut_in_the_outline_only(store: Store, alice: UUID) -> None:
    await carried(store, begun(alice, client_session_id=SESSION, user_prompt=prompt("x" * 9000)))
    session = await session_of(store)
    [thread] = session.outline.threads
    assert thread.prompt == "x" * 500
    assert await session.prompt(thread) == "x" * 9000


async def test_a_step_that_was_removed_leaves_its_id(store: Store, alice: UUID, psql: Connection) -> None:
    first = await carried(store, begun(alice, client_session_id=SESSION))
    second = await carried(store, begun(alice, client_session_id=SESSION, started_at=at(1)))
    session = await session_of(store)
    await remove(psql, first.id)
    steps = [step for thread in session.outline.threads async for step in session.steps(thread.steps)]
    assert [step.id if isinstance(step, Step) else ("gone", step) for step in steps] == [("gone", first.id), second.id]


async def test_whose_session_it_is(store: Store, alice: UUID, bob: UUID) -> None:
    """The one that was active last, or that of whom is asked for; nobody else's for a member."""
    await carried(store, begun(alice, client_session_id=SESSION))
    await carried(store, begun(bob, client_session_id=SESSION, started_at=at(5)))
    assert (await session_of(store)).outline.head.initiator.id == bob
    assert (await session_of(store, initiator=alice)).outline.head.initiator.id == alice
    assert (await session_of(store, alice)).outline.head.initiator.id == alice
    for missing in ("other", "a\0b"):
        assert await store.exports.session(missing, None) is None
    assert await store.exports.session(SESSION, alice, initiator=bob) is None
