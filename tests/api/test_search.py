"""`q` on both lists of the record: every key, and every way to get it wrong."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from aibridge.records import ErrorType, Outcome, Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call

LISTS = {"interceptions": "results", "sessions": "sessions"}
"""Paths, and where their rows stand."""
Join = Callable[..., Awaitable[Any]]
NOW = at(0)


@pytest.fixture(params=LISTS)
def resource(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def found(person: Any, resource: str, q: str) -> list[str]:
    """The session ids of what matches; totals must agree."""
    answer = await person.get(f"/aibridge/{resource}", q=q)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    rows = page[LISTS[resource]]
    assert page["total"] == page["count"] == len(rows)
    return [row["session_id" if resource == "interceptions" else "id"] for row in rows]


async def record(join: Join, store: Store) -> tuple[Any, Any, Any]:
    """Three interceptions in sessions of their own, newest first: `new`, `mid` and `old`."""
    owner, dana, eve = await join("olga", Role.OWNER), await join("dana"), await join("eve")
    await carried(
        store,
        begun(
            dana.id,
            client_session_id="new",
            started_at=NOW,
            provider="openai",
            provider_name="openai-eu",
            model="gpt-5",
            client="Codex",
        ),
        tool_usages=(call("c1", tool="apply_patch"), call("c2", tool="shell: run")),
    )
    await carried(
        store,
        begun(
            eve.id,
            client_session_id="mid",
            started_at=NOW - timedelta(hours=1),
            credential_kind="byok",
            credential_type="subscription",
        ),
        outcome=Outcome.FAILED,
        error_type=ErrorType.RATE_LIMITED,
    )
    await carried(
        store,
        begun(eve.id, client_session_id="old", started_at=NOW - timedelta(hours=2), client="Unknown"),
        tool_usages=(call("c3", tool="Bash"),),
    )
    return owner, dana, eve


def quoted(moment: Any) -> str:
    return f'"{moment.isoformat()}"'


async def test_every_key(join: Join, store: Store, resource: str) -> None:
    """Exact and case-sensitive; any of several values; all of several keys."""
    owner, dana, _ = await record(join, store)
    hour = timedelta(hours=1)
    expected = {
        "": ["new", "mid", "old"],
        "initiator:dana": ["new"],
        f"initiator:{dana.id}": ["new"],
        f"initiator:{str(dana.id).upper()}": ["new"],
        "initiator:me": [],
        "initiator:me initiator:eve": ["mid", "old"],
        f"initiator:{uuid4()}": [],
        "provider:openai": ["new"],
        "provider:nothing": [],
        "provider_name:openai-eu": ["new"],
        "provider_name:openai": [],
        "model:gpt-5": ["new"],
        "model:gpt": [],
        "model:GPT-5": [],
        "MODEL:gpt-5": ["new"],
        "model:gpt-5 model:claude-test": ["new", "mid", "old"],
        "client:Codex": ["new"],
        'client:"Claude Code"': ["mid"],
        "client:Unknown": ["old"],
        "session_id:mid": ["mid"],
        "session_id:never": [],
        "session_id:m%": [],
        "outcome:failed": ["mid"],
        "outcome:failed outcome:completed": ["new", "mid", "old"],
        "outcome:cancelled": [],
        "error_type:rate_limited": ["mid"],
        "credential_kind:byok": ["mid"],
        "credential_type:subscription": ["mid"],
        "credential_type:api_key": ["new", "old"],
        "tool:apply_patch": ["new"],
        'tool:"shell: run"': ["new"],
        "tool:apply_patch tool:Bash": ["new", "old"],
        "tool:apply": [],
        "provider:anthropic credential_kind:byok": ["mid"],
        "provider:openai credential_kind:byok": [],
        f"started_after:{quoted(NOW - hour)}": ["new", "mid"],
        f"started_after:{quoted(NOW + timedelta(microseconds=1))}": [],
        f"started_before:{quoted(NOW - hour)}": ["mid", "old"],
        f"started_after:{quoted(NOW - hour * 1.5)} started_before:{quoted(NOW - hour * 0.5)}": ["mid"],
        f"initiator:eve model:claude-test started_after:{quoted(NOW - hour * 1.5)}": ["mid"],
        'started_after:"0001-01-01T00:00:00Z" started_before:"9999-12-31T23:59:59Z"': ["new", "mid", "old"],
        'started_after:"9999-12-31T23:59:59Z"': [],
        'started_before:"0001-01-01T00:00:00Z"': [],
    }
    assert {q: await found(owner, resource, q) for q in expected} == expected


async def test_members_search_their_own(join: Join, store: Store, resource: str) -> None:
    """By whatever filter; the id of somebody else, once known, opens nothing."""
    _, dana, eve = await record(join, store)
    assert await found(eve, resource, "") == ["mid", "old"]
    assert await found(eve, resource, "initiator:me") == ["mid", "old"]
    assert await found(eve, resource, "initiator:eve") == ["mid", "old"]
    for q in (f"initiator:{dana.id}", "session_id:new", "model:gpt-5", "tool:apply_patch"):
        assert await found(eve, resource, q) == []
    assert await found(eve, resource, f"initiator:{dana.id} initiator:me") == ["mid", "old"]


async def test_people_whom_one_may_not_see(join: Join, store: Store, resource: str) -> None:
    """Nobody and somebody else look alike to a member."""
    owner, _, eve = await record(join, store)
    for person, name in ((owner, "nobody"), (eve, "nobody"), (eve, "dana"), (eve, "olga"), (owner, "Dana")):
        answer = await person.get(f"/aibridge/{resource}", q=f"initiator:{name}")
        assert answer.status_code == 400
        who = f'user "{name}" either does not exist, or you are unauthorized to view them'
        assert answer.json() == {
            "message": f"Invalid {resource} search query.",
            "validations": [{"field": "initiator", "detail": f'Query param "initiator" has invalid value: {who}'}],
        }


async def test_everyone_who_is_not_known_is_named(join: Join, resource: str) -> None:
    answer = await (await join("dana")).get(f"/aibridge/{resource}", q="initiator:x1 initiator:dana initiator:x2")
    assert [each["detail"].split('"')[3] for each in answer.json()["validations"]] == ["x1", "x2"]


@pytest.mark.parametrize(
    ("q", "field"),
    [
        ("...", "q"),
        (":x", "q"),
        ("model:a:b", "q"),
        ('"', "q"),
        ("a\0b", "q"),
        ("model:a\0b", "q"),
        ("initiator:a\0b", "q"),
        ('model:""', "model"),
        ("colour:red", "colour"),
        ("outcome:lost", "outcome"),
        ("started_after:INVALID", "started_after"),
        ("started_before:INVALID", "started_before"),
        ('started_after:"2026-01-02T03:04:05Z" started_before:"2026-01-02T03:04:05Z"', "started_before"),
        ("started_after:" + "9" * 30_000, "started_after"),
    ],
)
async def test_queries_that_are_none(join: Join, resource: str, q: str, field: str) -> None:
    answer = await (await join("dana")).get(f"/aibridge/{resource}", q=q)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["message"] == f"Invalid {resource} search query."
    assert [each["field"] for each in problem["validations"]] == [field]
    assert problem["validations"][0]["detail"]


async def test_filtered_pages(join: Join, store: Store, resource: str) -> None:
    """A limit and an offset cut what matches; the total stays."""
    owner, _, _ = await record(join, store)
    page = (await owner.get(f"/aibridge/{resource}", q="initiator:eve", limit=1, offset=1)).json()
    assert (len(page[LISTS[resource]]), page["total"]) == (1, 2)
