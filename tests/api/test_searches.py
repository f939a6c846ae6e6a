"""Searching texts over HTTP: what is found, where, by whom, and every way to ask wrongly."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from aibridge.records import Role
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, thought

Join = Callable[..., Awaitable[Any]]


async def record(join: Join, store: Store) -> tuple[Any, Any]:
    """Dana has said three things in one session, Eve one in another of the same id."""
    dana, eve = await join("dana"), await join("eve")
    said: tuple[tuple[Any, dict[str, Any]], ...] = (
        (dana, {"model_thoughts": (thought("A lighthouse, perhaps."),)}),
        (dana, {"tool_usages": (call("c1", tool="find_lighthouse", input='{"q":"at\\nsea"}'),)}),
        (dana, {}),
        (eve, {"model_thoughts": (thought("The lighthouse of Eve"),)}),
    )
    for n, (who, end) in enumerate(said):
        asked = prompt("Where is the LIGHTHOUSE?", at(n)) if n == 2 else None
        start = begun(who.id, client_session_id="a/search", started_at=at(n), user_prompt=asked)
        await carried(store, start, **end)
    return dana, eve


async def test_a_word_is_found_with_the_place_where_it_stands(join: Join, store: Store) -> None:
    dana, _ = await record(join, store)
    answer = (await dana.get("/aibridge/search", q="lighthouse")).json()
    assert answer["total"] == answer["count"] == 3
    assert [[place["found_in"] for place in match["places"]] for match in answer["results"]] == [
        ["prompt"],
        ["tool"],
        ["thought"],
    ]
    newest = answer["results"][0]
    assert newest["initiator"]["username"] == "dana"
    assert newest["places"][0]["excerpt"] == {
        "pieces": [
            {"text": "Where is the ", "match": False},
            {"text": "LIGHTHOUSE", "match": True},
            {"text": "?", "match": False},
        ],
        "cut_before": False,
        "cut_after": False,
    }


async def test_everyone_finds_what_they_may_read(join: Join, store: Store, psql: Connection) -> None:
    """At once, and when it is indexed."""
    dana, eve = await record(join, store)
    olga = await join("olga", Role.AUDITOR)
    for _ in range(2):
        for person, q, total in ((dana, "lighthouse", 3), (eve, "lighthouse", 1), (olga, "lighthouse", 4)):
            for path in ("search", "interceptions"):
                assert (await person.get(f"/aibridge/{path}", q=q)).json()["total"] == total
        assert (await olga.get("/aibridge/sessions", q="lighthouse")).json()["total"] == 2
        assert (await olga.get("/aibridge/search", q="lighthouse initiator:eve")).json()["total"] == 1
        assert (await eve.get("/aibridge/search", q=f"lighthouse initiator:{dana.id}")).json()["total"] == 0
        assert (await olga.get("/aibridge/search", q="sea find*")).json()["total"] == 1
        while (await store.indexing.index_some()).more:
            pass
    assert await psql.fetchval("SELECT count(*) FROM aibridge_search") == 4


async def test_a_session_is_searched_step_by_step(join: Join, store: Store) -> None:
    """Also one that is called like the way to search it."""
    dana, eve = await record(join, store)
    path = "/aibridge/sessions/a%2Fsearch/search"
    first = (await dana.get(path, q="lighthouse", limit=2)).json()
    assert first["total"] == 3
    assert [match["places"][0]["found_in"] for match in first["results"]] == ["thought", "tool"]
    last = first["results"][-1]["interception_id"]
    rest = (await dana.get(path, q="lighthouse", after_id=last)).json()
    assert [match["places"][0]["found_in"] for match in rest["results"]] == ["prompt"]
    assert (await eve.get(path, q="lighthouse")).json()["total"] == 1
    assert (await dana.get(path, q="lighthouse", initiator=str(eve.id))).status_code == 404
    assert (await dana.get("/aibridge/sessions/a%2Fsearch")).json()["id"] == "a/search"
    assert (await dana.get("/aibridge/sessions/none/search", q="lighthouse")).status_code == 404


async def test_pages_go_on_where_the_last_one_ended(join: Join, store: Store) -> None:
    dana, _ = await record(join, store)
    whole = [
        match["interception_id"] for match in (await dana.get("/aibridge/search", q="lighthouse")).json()["results"]
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while page := (await dana.get("/aibridge/search", q="lighthouse", limit=1, **cursor)).json()["results"]:
        seen += [match["interception_id"] for match in page]
        cursor = {"after_id": seen[-1]}
    assert seen == whole
    second = (await dana.get("/aibridge/search", q="lighthouse", limit=1, offset=1)).json()["results"]
    assert second[0]["interception_id"] == whole[1]


@pytest.mark.parametrize(
    ("path", "parameters", "words"),
    [
        ("search", {"q": ""}, "Write what to search for"),
        ("search", {"q": "model:x"}, "Write what to search for"),
        ("search", {"q": "..."}, "no letter and no digit"),
        ("search", {"q": "a*"}, "at least 2"),
        ("search", {"q": "*part*"}, "write part*"),
        ("search", {"q": "red colour:x"}, "known: initiator"),
        ("search", {"q": "red", "limit": "1001"}, "limit"),
        ("search", {"q": "red", "after_id": str(uuid4())}, "not found: invalid pagination cursor"),
        ("search", {"q": "red", "after_id": str(uuid4()), "offset": "1"}, "Cannot use both"),
        ("search", {}, "Write what to search for"),
        ("sessions/s/search", {"q": ""}, "Write what to search for"),
        ("sessions/s/search", {"q": "model:x"}, "only texts are searched"),
        ("sessions/s/search", {"q": "red", "initiator": "nobody"}, "does not exist"),
        ("interceptions", {"q": "red ..."}, "no letter and no digit"),
        ("sessions", {"q": '"red'}, "without its end"),
    ],
)
async def test_every_way_to_ask_wrongly(
    join: Join, store: Store, path: str, parameters: dict[str, str], words: str
) -> None:
    dana = await join("dana")
    answer = await dana.get(f"/aibridge/{path}", **parameters)
    assert answer.status_code == 400
    assert words in answer.text


async def test_a_cursor_of_somebody_else_is_none(join: Join, store: Store) -> None:
    dana, eve = await record(join, store)
    hers = (await dana.get("/aibridge/search", q="lighthouse")).json()["results"][0]["interception_id"]
    assert (await eve.get("/aibridge/search", q="lighthouse", after_id=hers)).status_code == 400
    theirs = "/aibridge/sessions/a%2Fsearch/search"
    assert (await eve.get(theirs, q="lighthouse", after_id=hers)).status_code == 400


@pytest.mark.parametrize(
    "q", ["'", "\\", "a'b", "it''s", "a:*", '"a:*"', "!red", "(red", "red|blue", "red&blue", "%", "_"]
)
async def test_what_means_something_to_the_database_means_nothing_here(join: Join, store: Store, q: str) -> None:
    dana = await join("dana")
    answer = await dana.get("/aibridge/search", q=q)
    assert answer.status_code in {200, 400}, answer.text
