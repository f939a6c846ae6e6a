"""Usage over HTTP: what it counts, for whom, how it is written, and what cannot be asked."""

import csv
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import httpx
import pytest

from aibridge.records import ErrorType, Outcome, Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import NOON, at, begun, call, usage

Join = Callable[..., Awaitable[Any]]
DAY = {"from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z"}


async def used(store: Store, person: Any, *, at_second: float = 0, seconds: float = 1.0, **fields: Any) -> None:
    """Someone asked and was answered: four tokens of each kind and as many calls of tools as are named."""
    tools = tuple(call(f"c{n}", tool=tool) for n, tool in enumerate(fields.pop("tools", ())))
    counts = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"),
        fields.pop("tokens", 4),
    )
    end = {name: fields.pop(name) for name in ("outcome", "error_type") if name in fields}
    start = begun(person.id, started_at=at(at_second), **fields)
    await carried(
        store,
        start,
        ended_at=start.started_at + timedelta(seconds=seconds),
        token_usage=usage(**counts),
        tool_usages=tools,
        **end,
    )


async def asked(person: Any, **parameters: Any) -> dict[str, Any]:
    answer = await person.get("/aibridge/usage", **{**DAY, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_totals_and_each_day(join: Join, store: Store) -> None:
    dana, eve = await join("dana", Role.OWNER), await join("eve")
    await used(store, dana, tools=("Bash", "Bash", "Read"))
    await used(store, eve, at_second=3600, outcome=Outcome.FAILED, error_type=ErrorType.TIMEOUT, seconds=10)
    found = await asked(dana, to="2026-06-02T00:00:01Z")
    assert found["totals"] == {
        "requests": 2,
        "failures": 1,
        "input_tokens": 8,
        "output_tokens": 8,
        "cache_read_input_tokens": 8,
        "cache_write_input_tokens": 8,
        "cost_micros": 0,
        "unpriced": 2,
        "tool_calls": 3,
        "active_users": 2,
        "duration_p50_ms": pytest.approx(1000, rel=1 / 7),
        "duration_p95_ms": pytest.approx(10_000, rel=1 / 7),
        "duration_p99_ms": pytest.approx(10_000, rel=1 / 7),
    }
    assert (found["from"], found["to"]) == ("2026-06-01T00:00:00Z", "2026-06-02T01:00:00Z"), "widened to full hours"
    assert (found["bucket"], found["by"], found["groups"]) == ("day", None, [])
    assert [step["starts_at"] for step in found["series"]] == ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"]
    assert [step["requests"] for step in found["series"]] == [2, 0]
    assert [step["active_users"] for step in found["series"]] == [2, 0]


async def test_hours_without_requests_are_told_too(join: Join, store: Store) -> None:
    dana = await join("dana")
    await used(store, dana)
    found = await asked(dana, bucket="hour", **{"from": "2026-06-01T11:59:59.9Z", "to": "2026-06-01T14:00:00+00:00"})
    assert [(step["starts_at"][11:13], step["requests"]) for step in found["series"]] == [
        ("11", 0),
        ("12", 1),
        ("13", 0),
    ]
    assert (await asked(dana, bucket="none"))["series"] == []


async def test_groups_and_all_others_together(join: Join, store: Store) -> None:
    """Most first; what is beyond the limit is one group with no key, in each step as well."""
    dana = await join("dana")
    for model, count in (("a", 3), ("b", 1), ("c", 2), ("d", 1)):
        for _ in range(count):
            await used(store, dana, model=model)
    found = await asked(dana, by="model", limit=2)
    told = [(group["key"], group["requests"], group["groups"], group["user"]) for group in found["groups"]]
    assert told == [("a", 3, 1, None), ("c", 2, 1, None), (None, 2, 2, None)]
    assert [(group["key"], group["requests"]) for group in found["series"][0]["groups"]] == [
        ("a", 3),
        ("c", 2),
        (None, 2),
    ]
    assert sum(group["requests"] for group in found["groups"]) == found["totals"]["requests"]


async def test_what_comes_first_can_be_chosen(join: Join, store: Store) -> None:
    dana = await join("dana")
    await used(store, dana, model="small", tokens=1)
    await used(store, dana, model="small", tokens=1, tools=("Bash",))
    await used(store, dana, model="large", tokens=100, outcome=Outcome.FAILED, error_type=ErrorType.TIMEOUT)
    firsts = {"requests": "small", "tokens": "large", "failures": "large", "tool_calls": "small"}
    found = {sort: (await asked(dana, by="model", sort=sort))["groups"][0]["key"] for sort in firsts}
    assert found == firsts


async def test_by_user(join: Join, store: Store) -> None:
    """With a name to show, also of those who are deleted."""
    owner, eve = await join("olga", Role.OWNER), await join("eve")
    await used(store, eve)
    await owner.ask("DELETE", "/users/eve")
    [group] = (await asked(owner, by="user"))["groups"]
    assert (group["key"], group["active_users"]) == (str(eve.id), 1)
    assert (group["user"]["username"], group["user"]["name"]) == ("eve", "Eve")


async def test_by_tool(join: Join, store: Store) -> None:
    """A request stands in the group of each tool it called, with the calls of that tool; totals count it once."""
    dana = await join("dana")
    await used(store, dana, tools=("Bash", "Bash", "Read"))
    await used(store, dana, tools=("Bash",))
    await used(store, dana)
    found = await asked(dana, by="tool")
    assert [(group["key"], group["requests"], group["tool_calls"]) for group in found["groups"]] == [
        ("Bash", 2, 3),
        ("Read", 1, 1),
    ]
    assert (found["totals"]["requests"], found["totals"]["tool_calls"]) == (3, 4)
    assert (await asked(dana, q="tool:Read"))["totals"]["tool_calls"] == 1


async def test_several_filters_at_once(join: Join, store: Store) -> None:
    owner, eve = await join("olga", Role.OWNER), await join("eve")
    for who in (owner, eve):
        for client in ("Codex", "Claude Code"):
            for model in ("a", "b"):
                await used(store, who, client=client, model=model)
    found = await asked(owner, q='initiator:eve client:"Claude Code" model:a model:b outcome:completed', by="model")
    assert (found["totals"]["requests"], found["totals"]["active_users"]) == (2, 1)
    assert [group["key"] for group in found["groups"]] == ["a", "b"]
    assert (await asked(owner, q="model:none"))["totals"]["requests"] == 0


@pytest.mark.parametrize(("role", "seen"), [(Role.MEMBER, 1), (Role.AUDITOR, 3), (Role.OWNER, 3)])
async def test_who_sees_which(join: Join, store: Store, role: Role, seen: int) -> None:
    """Members their own: in totals, in groups, among users, and by asking for somebody else."""
    dana, eve = await join("dana", role), await join("eve")
    await used(store, dana, model="danas")
    await used(store, eve, model="eves")
    await used(store, eve, model="eves")
    found = await asked(dana, by="model")
    assert found["totals"]["requests"] == seen
    assert {group["key"] for group in found["groups"]} == ({"danas"} if seen == 1 else {"danas", "eves"})
    assert len((await asked(dana, by="user"))["groups"]) == found["totals"]["active_users"] == (1 if seen == 1 else 2)
    assert (await asked(dana, q=f"initiator:{eve.id}"))["totals"]["requests"] == (0 if seen == 1 else 2)


async def test_figures_outlive_the_record(join: Join, store: Store) -> None:
    """Retention takes texts, not numbers."""
    dana = await join("dana")
    await used(store, dana, tools=("Bash",))
    before = await asked(dana, by="tool")
    while await store.keeping.remove_aged(timedelta(0)):
        pass
    assert (await dana.get("/aibridge/interceptions")).json()["total"] == 0
    assert await asked(dana, by="tool") == before


async def test_without_a_time_the_last_thirty_days(join: Join, store: Store) -> None:
    dana = await join("dana")
    await used(store, dana, at_second=(datetime.now(UTC) - NOON).total_seconds())
    await used(store, dana)
    found = (await dana.get("/aibridge/usage")).json()
    assert found["totals"]["requests"] == 1
    assert len(found["series"]) == 31


async def test_no_sum_is_too_large(join: Join, store: Store) -> None:
    """Two requests that claim more tokens than 63 bits hold together refuse nobody's figures."""
    dana = await join("dana")
    for _ in range(2):
        await used(store, dana, tokens=2**63 - 1)
    assert (await asked(dana))["totals"]["input_tokens"] == 2**64 - 2
    await store.books.post()
    assert (await asked(dana))["totals"]["input_tokens"] == 2**64 - 2


# ------------------------------------------------------------------ CSV


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(StringIO(answer.text)))


async def test_as_csv(join: Join, store: Store) -> None:
    """A row for each group in each step; what a spreadsheet would run is text."""
    dana = await join("dana")
    await used(store, dana, model='=HYPERLINK("http://evil")')
    await used(store, dana, model="b")
    await used(store, dana, model="b", at_second=86_400)
    answer = await dana.get(
        "/aibridge/usage", **{**DAY, "to": "2026-06-03T00:00:00Z"}, by="model", limit=1, format="csv"
    )
    assert answer.headers["content-disposition"] == (
        'attachment; filename="aibridge-usage-2026-06-01T00-2026-06-03T00.csv"'
    )
    assert [(row["starts_at"], row["key"], row["name"], row["requests"]) for row in rows_of(answer)] == [
        ("2026-06-01T00:00:00Z", "b", "", "1"),
        ("2026-06-01T00:00:00Z", "", "(all others)", "1"),
        ("2026-06-02T00:00:00Z", "b", "", "1"),
    ]
    whole = await dana.get("/aibridge/usage", **DAY, by="model", bucket="none", format="csv")
    assert [row["key"] for row in rows_of(whole)] == ['\'=HYPERLINK("http://evil")', "b"]


async def test_csv_without_groups(join: Join, store: Store) -> None:
    dana = await join("dana")
    await used(store, dana)
    [row] = rows_of(await dana.get("/aibridge/usage", **DAY, format="csv"))
    assert (row["starts_at"], row["requests"], row["active_users"]) == ("2026-06-01T00:00:00Z", "1", "1")
    [row] = rows_of(await dana.get("/aibridge/usage", **DAY, bucket="none", format="csv"))
    assert (row["starts_at"], row["requests"]) == ("2026-06-01T00:00:00Z", "1")
    [row] = rows_of(await dana.get("/aibridge/usage", **DAY, bucket="none", by="user", format="csv"))
    assert (row["key"], row["name"], row["active_users"]) == (str(dana.id), "dana", "1")


@pytest.mark.parametrize(
    ("accept", "format_", "type_"),
    [
        ("text/csv", None, "text/csv"),
        ("text/csv;q=0.9, application/json;q=0.1", None, "text/csv"),
        ("application/json, text/csv", None, "application/json"),
        ("*/*", None, "application/json"),
        ("text/csv", "json", "application/json"),
        ("application/json", "csv", "text/csv"),
        ("image/png", None, "application/json"),
    ],
)
async def test_what_is_accepted(
    join: Join, api: httpx.AsyncClient, accept: str, format_: str | None, type_: str
) -> None:
    dana = await join("dana")
    headers = {"Authorization": f"Bearer {dana.token}", "Accept": accept}
    answer = await api.get("/aibridge/usage", headers=headers, params={"format": format_} if format_ else None)
    assert answer.headers["content-type"].startswith(type_)


# ------------------------------------------------------------------ what is no question


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"q": "refactor"}, "q"),
        ({"q": "session_id:s"}, "session_id"),
        ({"q": 'started_after:"2026-01-01T00:00:00Z"'}, "started_after"),
        ({"q": 'started_before:"2026-01-01T00:00:00Z"'}, "started_before"),
        ({"q": "tool:a tool:b"}, "tool"),
        ({"q": "colour:red"}, "colour"),
        ({"q": "initiator:nobody"}, "initiator"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"to": "2026-01-01T00:00:00Z", "from": "2026-01-01T00:00:00Z"}, "to"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "bucket"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-02-02T00:00:00Z", "bucket": "hour"}, "bucket"),
        ({"bucket": "week"}, "bucket"),
        ({"by": "colour"}, "by"),
        ({"sort": "colour"}, "sort"),
        ({"by": "user", "limit": "0"}, "limit"),
        ({"by": "user", "limit": "1001"}, "limit"),
        ({"by": "user", "limit": "1000"}, "limit"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_what_cannot_be_asked(join: Join, question: dict[str, str], field: str) -> None:
    answer = await (await join("dana")).get("/aibridge/usage", **question)
    assert answer.status_code == 400, answer.text
    assert [each["field"] for each in answer.json()["validations"]] == [field]


@pytest.mark.parametrize(
    "question",
    [
        {"from": "0001-01-01T00:00:00+14:00", "bucket": "none"},
        {"to": "9999-12-31T23:59:59.999999-12:00", "bucket": "none"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "bucket": "hour", "by": "user"},
        {"from": "2025-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"},
        {"by": "user", "limit": "1000", "bucket": "none"},
    ],
)
async def test_what_may_be_asked(join: Join, question: dict[str, str]) -> None:
    """To the ends of the calendar, and as much as is promised."""
    assert (await (await join("dana")).get("/aibridge/usage", **question)).status_code == 200
