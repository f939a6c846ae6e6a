"""What is taken away over HTTP: whole, under the same rights as what is read, and never short in silence."""

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from aibridge.exporting.interceptions import COLUMNS
from aibridge.records import ErrorType, Outcome, Role
from aibridge.store import exports as reading
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, usage

LOG = "/aibridge/interceptions"
FILE = f"{LOG}/export"

Join = Callable[..., Awaitable[Any]]
Exchange = Callable[..., Awaitable[UUID]]


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


async def test_lines_are_what_the_list_shows(join: Join, exchange: Exchange) -> None:
    dana = await join("dana")
    for second in range(3):
        await exchange(dana, at=at(second))
    listed = (await dana.get(LOG)).json()["results"]
    answer = await dana.get(FILE)
    assert lines(answer) == listed
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["cache-control"] == "no-store"
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="aibridge-interceptions-')
    assert name.endswith('Z.jsonl"')


async def test_no_text_ends_a_line(join: Join, store: Store) -> None:
    """Whatever a reader takes for the end of one is escaped, for Python's `splitlines` too, and read back as it was."""
    dana = await join("dana")
    said = "a\nb\r\u0085c\u2028d\u2029e\x1cf"
    await carried(store, begun(dana.id, user_prompt=prompt(said)))
    [line] = lines(await dana.get(FILE))
    assert line["user_prompts"][0]["prompt"] == said


async def test_rows_of_a_table(join: Join, exchange: Exchange) -> None:
    """Flat, by name; numbers are numbers, what is not known is empty."""
    dana = await join("dana")
    exchange_id = await exchange(dana)
    answer = await dana.get(FILE, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].endswith('Z.csv"')
    [row] = table(answer.text)
    assert row == {
        "id": str(exchange_id),
        "started_at": "2026-01-02T03:04:05.678900Z",
        "ended_at": "2026-01-02T03:04:07.678900Z",
        "duration_us": "2000000",
        "time_to_first_byte_us": "1500",
        "user_id": str(dana.id),
        "username": "dana",
        "api_key_id": dana.token_id,
        "session_id": "a/b?c %",
        "thread_id": str(exchange_id),
        "agent_id": "agent",
        "side_request": "false",
        "client": "Claude Code",
        "provider": "anthropic",
        "provider_name": "anthropic-eu",
        "endpoint": "/v1/messages",
        "model": "claude-sonnet-4-5",
        "response_model": "claude-sonnet-4-5-20250929",
        "credential_kind": "byok",
        "credential_type": "subscription",
        "outcome": "completed",
        "status_code": "200",
        "error_type": "",
        "error_message": "",
        "input_tokens": "10",
        "output_tokens": "0",
        "cache_read_input_tokens": str(2**40),
        "cache_write_input_tokens": "",
        "cost_micros": "",
        "unpriced": "true",
        "tool_calls": "2",
        "tools": "Bash Read",
        "thoughts": "1",
        "prompt_excerpt": "Why is the build red?",
    }
    assert list(row) == list(COLUMNS)


async def test_an_empty_record(join: Join) -> None:
    dana = await join("dana")
    assert (await dana.get(FILE)).text == ""
    assert (await dana.get(FILE, format="csv")).text == ",".join(COLUMNS) + "\r\n"


async def test_formulas_stay_text(join: Join, exchange: Exchange, store: Store) -> None:
    """From every text that a client chooses."""
    dana = await join("dana")
    evil = "=cmd|' /C calc'!A0"
    await carried(
        store,
        begun(dana.id, model=evil, client=evil, client_session_id=evil, agent_id=evil, user_prompt=prompt(evil)),
        tool_usages=(call("c", tool=evil),),
        response_model=evil,
        outcome=Outcome.FAILED,
        error_type=ErrorType.UNKNOWN,
        error_message=evil,
    )
    [row] = table((await dana.get(FILE, format="csv")).text)
    assert [name for name, text in row.items() if text == f"'{evil}"] == [
        "session_id",
        "agent_id",
        "client",
        "model",
        "response_model",
        "error_message",
        "tools",
        "prompt_excerpt",
    ]


async def test_the_same_filter_and_rights_as_the_list(join: Join, exchange: Exchange) -> None:
    owner, dana, erin = await join("olga", Role.OWNER), await join("dana"), await join("erin")
    hers = str(await exchange(dana, model="one"))
    his = str(await exchange(erin, model="two", at=at(5)))
    assert [line["id"] for line in lines(await dana.get(FILE))] == [hers]
    assert [line["id"] for line in lines(await owner.get(FILE))] == [his, hers]
    assert [line["id"] for line in lines(await owner.get(FILE, q="model:two"))] == [his]
    assert lines(await dana.get(FILE, q="model:two")) == []
    assert (await dana.get(FILE, q="nonsense:x")).status_code == 400
    assert (await dana.get(FILE, after_id=his)).json()["message"] == "Invalid pagination cursor."


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
async def test_two_parts_make_the_whole(join: Join, exchange: Exchange, format_: str) -> None:
    """Whoever has a part asks for what is behind its last line, and puts it behind that."""
    dana = await join("dana")
    ids = [str(await exchange(dana, at=at(second))) for second in range(5)][::-1]
    whole = (await dana.get(FILE, format=format_)).text
    for id_ in ids:
        rest = (await dana.get(FILE, format=format_, after_id=id_)).text
        assert whole.endswith(rest)
        kept = whole.removesuffix(rest)
        assert kept.count(id_) >= 1
        assert kept + rest == whole
    assert (await dana.get(FILE, after_id=str(uuid4()))).status_code == 400


async def test_head_of_an_export(join: Join, exchange: Exchange) -> None:
    dana = await join("dana")
    await exchange(dana)
    answer = await dana.ask("HEAD", FILE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-disposition"].startswith("attachment")


# ------------------------------------------------------------------ what happens on the way


@pytest.fixture
async def much(join: Join, store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody with 40 MiB on record, which no socket takes at once."""
    monkeypatch.setattr(reading, "PORTION", 1)
    dana = await join("dana")
    for second in range(40):
        large = call("c", input="x" * 2**20)
        await carried(store, begun(dana.id, client_session_id="s", started_at=at(second)), tool_usages=(large,))
    return dana


@pytest.mark.parametrize("path", [FILE, "/aibridge/sessions/s/export"])
async def test_a_failure_in_the_middle_is_seen(much: Any, psql: Connection, path: str) -> None:
    """The database goes while a client takes its file: the body breaks off, and is not taken for the whole."""
    headers = {"Authorization": f"Bearer {much.token}"}
    async with much.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        pieces = answer.aiter_raw()
        assert await anext(pieces)
        await psql.execute("ALTER TABLE aibridge_tool_usages RENAME TO gone")
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            async for _ in pieces:
                pass


async def test_a_client_that_leaves_holds_nothing(much: Any, api: httpx.AsyncClient, psql: Connection) -> None:
    """Nobody reads on for it: the table can be taken at once, and the record is served as before."""
    headers = {"Authorization": f"Bearer {much.token}"}
    async with much.client.stream("GET", FILE, headers=headers) as answer:
        assert await anext(answer.aiter_raw())
    async with asyncio.timeout(60):
        await psql.execute("BEGIN; LOCK TABLE aibridge_interceptions; COMMIT")
    assert (await much.get(LOG, limit=1)).json()["total"] == 40


# ------------------------------------------------------------------ sessions


async def test_a_session_is_its_detail_with_every_thread(join: Join, store: Store) -> None:
    """More threads than a page of the detail has."""
    dana = await join("dana")
    for n in range(60):
        start = begun(dana.id, client_session_id="s", started_at=at(n), user_prompt=prompt(f"Ask {n}"))
        await carried(store, start, token_usage=usage(), tool_usages=(call(f"c{n}"),))
    answer = await dana.get("/aibridge/sessions/s/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="aibridge-session-s.json"'
    exported = answer.json()
    detail = (await dana.get("/aibridge/sessions/s", limit=200)).json()
    assert (exported.pop("removed_meanwhile"), len(exported["threads"])) == (0, 60)
    del exported["exported_at"], detail["page_started_at"], detail["page_ended_at"]
    assert exported == detail


async def test_a_report(join: Join, store: Store) -> None:
    dana = await join("dana")
    await carried(store, begun(dana.id, client_session_id="s", user_prompt=prompt("Why?")))
    answer = await dana.get("/aibridge/sessions/s/export", format="markdown")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="aibridge-session-s.md"'
    assert answer.text.startswith("# Session report\n\n- **Who:** `Dana` (`dana`)\n")


async def test_whose_session(join: Join, store: Store) -> None:
    """As in the detail: the last active, or whose is asked for; nobody else's for a member."""
    owner, dana, erin = await join("olga", Role.OWNER), await join("dana"), await join("erin")
    await carried(store, begun(dana.id, client_session_id="s"))
    await carried(store, begun(erin.id, client_session_id="s", started_at=at(5)))
    path = "/aibridge/sessions/s/export"
    assert (await owner.get(path)).json()["initiator"]["username"] == "erin"
    assert (await owner.get(path, initiator="dana")).json()["initiator"]["username"] == "dana"
    assert (await dana.get(path)).json()["initiator"]["username"] == "dana"
    assert (await dana.get(path, initiator=str(erin.id))).status_code == 404
    assert (await dana.get("/aibridge/sessions/other/export")).json() == {"message": "Session not found."}


@pytest.mark.parametrize(
    ("id_", "path"),
    [
        ("a", "a/export"),
        ("a/export", "a%2Fexport/export"),
        ("a b/c?d", "a%20b%2Fc%3Fd/export"),
        ("export", "export/export"),
        ("two\nlines", "two%0Alines/export"),
    ],
)
async def test_any_id_can_be_exported(join: Join, store: Store, id_: str, path: str) -> None:
    """An id may end like the path of an export: what is encoded belongs to the id."""
    dana = await join("dana")
    await carried(store, begun(dana.id, client_session_id=id_))
    assert (await dana.get(f"/aibridge/sessions/{path}")).json()["id"] == id_
    detail = await dana.get(f"/aibridge/sessions/{path.rpartition('/')[0]}")
    assert (detail.json()["id"], "exported_at" in detail.json()) == (id_, False)
