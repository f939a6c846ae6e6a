"""What the API still tells when people and rows have gone: over real HTTP, after real removals."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aibridge.app.upkeep import retain
from aibridge.records import Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, usage

Join = Callable[..., Awaitable[Any]]
SESSIONS = "/aibridge/sessions"
INTERCEPTIONS = "/aibridge/interceptions"


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def read(person: Any, path: str, **parameters: Any) -> Any:
    answer = await person.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("role", [Role.OWNER, Role.AUDITOR])
async def test_a_deleted_user_is_named_wherever_their_record_is(join: Join, store: Store, role: Role) -> None:
    """On both lists, one by one and in detail; found by id, since the name may be another's by now."""
    reader, dana = await join("rita", role), await join("dana")
    row = await carried(store, begun(dana.id, client_session_id="s"))
    await (await join("olga", Role.OWNER)).ask("DELETE", "/users/dana")
    another = await join("dana")
    await carried(store, begun(another.id, client_session_id="s", started_at=at(60)))

    [_, session] = (await read(reader, SESSIONS))["sessions"]
    [_, listed] = (await read(reader, INTERCEPTIONS))["results"]
    shown = [
        session,
        listed,
        await read(reader, f"{INTERCEPTIONS}/{row.id}"),
        await read(reader, f"{SESSIONS}/s", initiator=str(dana.id)),
    ]
    gone = {"id": str(dana.id), "username": "dana", "name": "Dana", "avatar_url": ""}
    assert [each["initiator"] for each in shown] == [gone] * 4
    for path, rows in ((SESSIONS, "sessions"), (INTERCEPTIONS, "results")):
        by_id = await read(reader, path, q=f"initiator:{dana.id}")
        by_name = await read(reader, path, q="initiator:dana")
        assert [each["initiator"]["id"] for each in by_id[rows]] == [str(dana.id)]
        assert [each["initiator"]["id"] for each in by_name[rows]] == [str(another.id)]
    assert (await read(reader, f"{SESSIONS}/s", initiator="dana"))["initiator"]["id"] == str(another.id)


async def test_a_name_that_nobody_bears_any_more_still_finds_the_record(join: Join, store: Store) -> None:
    """It stands beside every row. Of several who bore it all are found, a session asks which; members find nobody."""
    reader, member, olga = await join("rita", Role.AUDITOR), await join("mia"), await join("olga", Role.OWNER)
    gone = []
    for second in range(2):
        dana = await join("dana")
        gone.append(str(dana.id))
        await carried(store, begun(dana.id, client_session_id="s", started_at=at(second)))
        await olga.ask("DELETE", "/users/dana")
        if second == 0:
            assert (await read(reader, f"{SESSIONS}/s", initiator="dana"))["initiator"]["id"] == str(dana.id)
    for path, rows in ((SESSIONS, "sessions"), (INTERCEPTIONS, "results")):
        found = await read(reader, path, q="initiator:dana")
        assert (found["total"], {each["initiator"]["id"] for each in found[rows]}) == (2, set(gone))
        assert (await member.get(path, q="initiator:dana")).status_code == 400
    refused = await reader.get(f"{SESSIONS}/s", initiator="dana")
    assert refused.status_code == 400
    [why] = refused.json()["validations"]
    assert all(id_ in why["detail"] for id_ in gone)


async def test_a_purged_root_leaves_a_thread_that_is_shown(join: Join, store: Store) -> None:
    """Its earliest row stands in; lists, totals, menus and sums tell of what is left, and of nothing else."""
    dana = await join("dana")
    root = await carried(
        store,
        begun(dana.id, started_at=ago(31), model="purged", user_prompt=prompt("first", ago(31))),
        tool_usages=(call("c1", tool="Gone"),),
        token_usage=usage(),
    )
    children = [
        await carried(
            store,
            begun(dana.id, started_at=ago(days), correlating_tool_call_id="c1", user_prompt=prompt(asked, ago(days))),
            token_usage=usage(),
        )
        for days, asked in ((29, "second"), (28, "third"))
    ]
    await retain(store, timedelta(days=30))

    [session] = (await read(dana, SESSIONS))["sessions"]
    assert (session["id"], session["interceptions"], session["models"]) == (str(root.id), 2, ["claude-test"])
    assert (session["first_prompt"], session["tool_calls"]) == ("second", 0)
    detail = await read(dana, f"{SESSIONS}/{root.id}")
    [thread] = detail["threads"]
    assert (thread["id"], thread["prompt"]) == (str(children[0].id), "second")
    assert [step["id"] for step in thread["steps"]] == [str(child.id) for child in children]
    for summed in (thread["token_usage"], detail["token_usage_summary"], session["token_usage_summary"]):
        assert (summed["input_tokens"], summed["output_tokens"]) == (200, 100)
    assert await read(dana, "/aibridge/models") == ["claude-test"]
    for q in ("model:purged", "tool:Gone"):
        for path in (SESSIONS, INTERCEPTIONS):
            assert (await read(dana, path, q=q))["total"] == 0
    for parameters in ({"after_id": str(root.id)}, {"before_id": str(root.id)}):
        assert (await dana.get(f"{SESSIONS}/{root.id}", **parameters)).status_code == 400
    assert (await dana.get(INTERCEPTIONS, after_id=str(root.id))).status_code == 400
    assert (await dana.get(f"{INTERCEPTIONS}/{root.id}")).status_code == 404


async def test_without_a_retention_everything_is_kept(join: Join, store: Store) -> None:
    dana = await join("dana")
    for days in (0, 61, 365, 10_000):
        await carried(store, begun(dana.id, started_at=ago(days)), tool_usages=(call("c"),), token_usage=usage())
    await retain(store, None)
    page = await read(dana, INTERCEPTIONS)
    assert page["total"] == 4
    assert all(len(row["tool_usages"]) == len(row["token_usages"]) == 1 for row in page["results"])


async def test_a_tool_call_id_that_is_used_again(join: Join, store: Store) -> None:
    """In another session, by another person, and twice in one: a thread never leads to somebody else's call."""
    dana, eve = await join("dana"), await join("eve")
    for person, session, second in ((dana, "one", 0), (dana, "two", 10), (eve, "one", 20)):
        root = begun(person.id, client_session_id=session, started_at=at(second))
        await carried(store, root, tool_usages=(call("toolu_same", created_at=at(second + 1)),))
    for person, session, second in ((dana, "one", 30), (dana, "two", 40), (eve, "one", 50)):
        start = begun(
            person.id, client_session_id=session, started_at=at(second), correlating_tool_call_id="toolu_same"
        )
        await carried(store, start, tool_usages=(call("toolu_same", created_at=at(second + 1)),))
    for person, session in ((dana, "one"), (dana, "two"), (eve, "one")):
        detail = await read(person, f"{SESSIONS}/{session}")
        [thread] = detail["threads"]
        first, second = thread["steps"]
        assert (thread["id"], second["thread_parent_id"]) == (first["id"], first["id"])
        assert (detail["thread_count"], detail["interceptions"], detail["tool_calls"]) == (1, 2, 2)
