"""The list of sessions as people and scripts read it."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest

from aibridge.records import Outcome, Role
from aibridge.store.pool import Store
from support import walking
from support.auditing import carried
from support.rows import NOON, at, begun, call, prompt, usage

SESSIONS = "/aibridge/sessions"
Join = Callable[..., Awaitable[Any]]


def keys(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["id"], each["initiator"]["username"]) for each in found]


async def listed(person: Any, **parameters: Any) -> list[dict[str, Any]]:
    """The whole list under these parameters, whose totals must be right."""
    answer = await person.get(SESSIONS, **parameters)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == page["count"]
    found: list[dict[str, Any]] = page["sessions"]
    return found


async def test_an_empty_record(join: Join) -> None:
    owner = await join("olga", Role.OWNER)
    assert (await owner.get(SESSIONS)).json() == {"sessions": [], "total": 0, "count": 0, "next": None}


async def test_everything_that_is_told_about_one(join: Join, store: Store) -> None:
    """The contract, field by field; client and metadata are those of the first interception."""
    dana = await join("dana")
    first = begun(
        dana.id,
        client_session_id="s",
        started_at=at(0),
        metadata={"editor": "vscode"},
        user_prompt=prompt("Why is the build red?", at(0)),
    )
    second = begun(
        dana.id,
        client_session_id="s",
        started_at=at(60),
        model="gpt-5",
        provider="openai",
        provider_name="openai",
        client="Codex",
        metadata={"editor": "jetbrains"},
        user_prompt=prompt("And now?", at(60)),
    )
    await carried(store, first, token_usage=usage(created_at=at(1)), tool_usages=(call("c1"),))
    await carried(store, second, token_usage=usage(input_tokens=200, output_tokens=None), outcome=Outcome.FAILED)
    assert await listed(dana) == [
        {
            "id": "s",
            "initiator": {"id": str(dana.id), "username": "dana", "name": "Dana", "avatar_url": ""},
            "providers": ["anthropic", "openai"],
            "provider_names": ["anthropic", "openai"],
            "models": ["claude-test", "gpt-5"],
            "client": "Claude Code",
            "metadata": {"editor": "vscode"},
            "started_at": "2026-06-01T12:00:00Z",
            "ended_at": "2026-06-01T12:01:01Z",
            "last_active_at": "2026-06-01T12:01:00Z",
            "threads": 2,
            "interceptions": 2,
            "tool_calls": 1,
            "failures": 1,
            "cost_micros": 0,
            "unpriced": 2,
            "token_usage_summary": {
                "input_tokens": 300,
                "output_tokens": 50,
                "cache_read_input_tokens": 40,
                "cache_write_input_tokens": 20,
            },
            "first_prompt": "Why is the build red?",
            "last_prompt": "And now?",
        }
    ]


async def test_what_makes_a_session(join: Join, store: Store) -> None:
    """The client's own id, else the root's, else the interception's; an answered tool call joins two of them."""
    dana = await join("dana")
    for second in (0, 60):
        await carried(store, begun(dana.id, client_session_id="session-A", started_at=at(second)))
    root = await carried(store, begun(dana.id, started_at=at(-600)), tool_usages=(call("toolu_1"),))
    child = begun(dana.id, started_at=at(-500), correlating_tool_call_id="toolu_1")
    await carried(store, child)
    alone = await carried(store, begun(dana.id, started_at=at(-1000), client_session_id=""))
    found = await listed(dana)
    assert [each["id"] for each in found] == ["session-A", str(root.id), str(alone.id)]
    assert [(each["threads"], each["interceptions"]) for each in found] == [(2, 2), (1, 2), (1, 1)]
    assert found[2]["last_prompt"] is None
    assert found[2]["last_active_at"] == found[2]["started_at"]


async def test_sessions_of_two_people_with_one_id(join: Join, store: Store) -> None:
    """Two sessions; nothing of one is in the other, and a walk visits each once."""
    auditor, dana, eve = await join("aud", Role.AUDITOR), await join("dana"), await join("eve")
    for person, tokens in ((dana, 100), (eve, 200)):
        await carried(
            store, begun(person.id, client_session_id="same"), token_usage=usage(input_tokens=tokens, output_tokens=1)
        )
    found = await walking.sessions(auditor.get, SESSIONS, limit=1)
    assert len(found) == 2
    spent = {each["initiator"]["username"]: each["token_usage_summary"]["input_tokens"] for each in found}
    assert spent == {"dana": 100, "eve": 200}
    assert keys(await listed(dana)) == [("same", "dana")]


async def test_last_active_first(join: Join, store: Store) -> None:
    """By the latest prompt, else the first start."""
    dana = await join("dana")
    for name, start, asked in (("a", 0, 0), ("c", -7200, -1800), ("b", -3600, None)):
        said = None if asked is None else prompt("hello", at(asked))
        await carried(store, begun(dana.id, client_session_id=name, started_at=at(start), user_prompt=said))
    found = await listed(dana)
    assert [each["id"] for each in found] == ["a", "c", "b"]
    assert found[2]["last_active_at"] == found[2]["started_at"]


async def test_what_is_in_flight_shows_nowhere(join: Join, store: Store) -> None:
    dana = await join("dana")
    await store.write_begun([begun(dana.id, client_session_id="open")])
    await carried(store, begun(dana.id, client_session_id="ended"))
    assert [each["id"] for each in await listed(dana)] == ["ended"]


@pytest.mark.parametrize(("role", "sees"), [(Role.OWNER, 3), (Role.AUDITOR, 3), (Role.MEMBER, 1)])
async def test_who_sees_whose(join: Join, store: Store, role: Role, sees: int) -> None:
    """Members their own, owners and auditors all; the total counts what is seen."""
    reader, dana = await join("rita", role), await join("dana")
    for person, name in ((reader, "own"), (dana, "one"), (dana, "two")):
        await carried(store, begun(person.id, client_session_id=name))
    page = (await reader.get(SESSIONS)).json()
    assert (len(page["sessions"]), page["total"], page["count"]) == (sees, sees, sees)


# ------------------------------------------------------------------ pages


@pytest.mark.parametrize("step", [1, 7])
async def test_a_walk_visits_each_once(join: Join, store: Store, step: int) -> None:
    """By offset and by `next`, also where many were active at the same moment; twice in the same order."""
    chance = random.Random(step)
    owner = await join("olga", Role.OWNER)
    people = [await join("dana"), await join("eve")]
    for number in range(20):
        seconds = 0 if number < 10 else chance.randrange(-3600, 3600)
        person = people[number % 2]
        await carried(store, begun(person.id, client_session_id=f"s{number // 2}", started_at=at(seconds)))
    ways = [
        await walking.by_offset(owner.get, SESSIONS, rows="sessions", step=step),
        await walking.sessions(owner.get, SESSIONS, limit=step),
        await walking.sessions(owner.get, SESSIONS, limit=step),
    ]
    assert len(set(keys(ways[0]))) == 20
    assert ways[0] == ways[1] == ways[2]


async def test_the_next_page_keeps_the_query(join: Join, store: Store) -> None:
    """Ready to be put behind the question mark; null where nothing follows, also on a page that is just full."""
    dana = await join("dana")
    odd = ["a&b=c", "50%", "ä \N{ROCKET}", 'say "hi"', "x#y", "a+b"]
    for name in odd:
        await carried(store, begun(dana.id, client_session_id=name))
    q = 'initiator:me client:"Claude Code"'
    first = (await dana.get(SESSIONS, q=q, limit=2)).json()
    asked = parse_qs(first["next"], strict_parsing=True)
    last = first["sessions"][-1]
    assert asked == {"q": [q], "limit": ["2"], "after_session_id": [last["id"]], "after_initiator_id": [str(dana.id)]}
    walked = await walking.sessions(dana.get, SESSIONS, q=q, limit=2)
    assert sorted(each["id"] for each in walked) == sorted(odd)
    assert (await dana.get(SESSIONS, limit=6)).json()["next"] is None


async def test_the_default_limit_is_a_hundred(join: Join, store: Store) -> None:
    """Absent or 0; the next page says so."""
    dana = await join("dana")
    starts = [begun(dana.id) for _ in range(101)]
    await store.write_begun(starts)
    for start in starts:
        await carried(store, start)
    for parameters in ({}, {"limit": 0}):
        page = (await dana.get(SESSIONS, **parameters)).json()
        assert (len(page["sessions"]), page["total"]) == (100, 101)
        assert "limit=100&" in page["next"]
    assert len(await listed(dana, limit=1000)) == 101


async def test_a_cursor_alone_where_it_is_unambiguous(join: Join, store: Store) -> None:
    """For a member always; for who reads everyone's, where one person has such a session."""
    owner, dana, eve = await join("olga", Role.OWNER), await join("dana"), await join("eve")
    for person, name, second in ((dana, "new", 9), (dana, "same", 5), (eve, "same", 4), (dana, "old", 1)):
        await carried(store, begun(person.id, client_session_id=name, started_at=at(second)))
    assert keys(await listed(dana, after_session_id="same")) == [("old", "dana")]
    assert keys(await listed(owner, after_session_id="new")) == [("same", "dana"), ("same", "eve"), ("old", "dana")]
    assert keys(await listed(owner, after_session_id="same", after_initiator_id=str(dana.id))) == [
        ("same", "eve"),
        ("old", "dana"),
    ]
    answer = await owner.get(SESSIONS, after_session_id="same")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["message"] == "Query parameter has invalid value."
    assert "after_initiator_id" in problem["detail"]


async def test_cursors_that_are_none(join: Join, store: Store) -> None:
    """An unknown session, another's, and one that nothing on record can be called: all look alike."""
    dana, eve = await join("dana"), await join("eve")
    await carried(store, begun(eve.id, client_session_id="hers"))
    await carried(store, begun(dana.id, client_session_id="mine"))
    wrong: list[dict[str, str]] = [
        {"after_session_id": "never"},
        {"after_session_id": "hers"},
        {"after_session_id": "hers", "after_initiator_id": str(eve.id)},
        {"after_session_id": "mine", "after_initiator_id": str(eve.id)},
        {"after_session_id": "mine", "after_initiator_id": str(uuid4())},
        {"after_session_id": "a\0b"},
        {"after_session_id": ""},
    ]
    for parameters in wrong:
        answer = await dana.get(SESSIONS, **parameters)
        detail = f'after_session_id: session "{parameters["after_session_id"]}" not found'
        assert answer.status_code == 400
        assert answer.json() == {
            "message": "Query parameter has invalid value.",
            "detail": detail,
            "validations": [{"field": "after_session_id", "detail": detail}],
        }


async def test_checks_come_in_their_order(join: Join) -> None:
    """Values that cannot be read, then what excludes each other, the limit, the query, the cursor."""
    dana = await join("dana")
    wrong: dict[str, str] = {
        "after_session_id": "never",
        "q": "outcome:lost",
        "limit": "1001",
        "offset": "1",
        "after_initiator_id": "x",
    }
    messages = []
    for given in ("after_initiator_id", "offset", "limit", "q", "after_session_id"):
        messages.append((await dana.get(SESSIONS, **wrong)).json()["message"])
        del wrong[given]
    assert messages == [
        "The request has invalid values.",
        "Query parameters have invalid values.",
        "Invalid pagination limit value.",
        "Invalid sessions search query.",
        "Query parameter has invalid value.",
    ]


async def test_a_cursor_beside_an_offset(join: Join) -> None:
    answer = await (await join("dana")).get(SESSIONS, after_session_id="x", offset=1)
    assert answer.json()["detail"] == ("Cannot use both after_session_id and offset pagination in the same request.")


async def test_an_offset_of_zero_goes_with_a_cursor(join: Join, store: Store) -> None:
    dana = await join("dana")
    await carried(store, begun(dana.id, client_session_id="s"))
    assert await listed(dana, after_session_id="s", offset=0) == []


async def test_a_window_is_that_of_use(join: Join, store: Store) -> None:
    """A session that began before the window and went on in it is in it, with everything it has."""
    dana = await join("dana")
    for second in (0, 3600):
        await carried(store, begun(dana.id, client_session_id="long", started_at=at(second)))
    await carried(store, begun(dana.id, client_session_id="early", started_at=at(0)))
    q = f'started_after:"{(NOON + timedelta(minutes=30)).isoformat()}"'
    found = await listed(dana, q=q)
    assert [(each["id"], each["interceptions"]) for each in found] == [("long", 2)]


async def test_an_id_is_never_read_as_a_pattern(join: Join, store: Store) -> None:
    dana = await join("dana")
    for name in ("a_c", "abc", "a%"):
        await carried(store, begun(dana.id, client_session_id=name))
    for name in ("a_c", "a%"):
        assert [each["id"] for each in await listed(dana, q=f"session_id:{name}")] == [name]
