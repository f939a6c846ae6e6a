"""An imported record, read as scripts read ours: over HTTP, in lists, totals, menus and sessions."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from aibridge.records import Role
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase, Import
from support.rows import at
from support.stage import open_stage
from support.tokens import token_of
from support.walking import interceptions, sessions

ROOT = "/api/v2/aibridge"

LEGACY: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "cache_read_input alone": ({"metadata": {"cache_read_input": 7}}, (7, 0)),
    "input_cached alone": ({"metadata": {"input_cached": 8}}, (8, 0)),
    "prompt_cached alone": ({"metadata": {"prompt_cached": 9}}, (9, 0)),
    "cache_creation_input alone": ({"metadata": {"cache_creation_input": 6}}, (0, 6)),
    "two together": ({"metadata": {"input_cached": 30, "prompt_cached": 50}}, (50, 0)),
    "all four": (
        {
            "metadata": {
                "cache_read_input": 5,
                "input_cached": 3,
                "prompt_cached": 4,
                "cache_creation_input": 2,
                "cache_ephemeral_5m_input": 2,
            }
        },
        (5, 2),
    ),
    "a read that was counted": ({"metadata": {"prompt_cached": 99}, "cache_read_input_tokens": 1}, (1, 0)),
    "a write that was counted": ({"metadata": {"cache_creation_input": 99}, "cache_write_input_tokens": 1}, (0, 1)),
    "neither": ({"metadata": {"other": 1}}, (0, 0)),
    "no metadata": ({"metadata": None}, (0, 0)),
}
"""Token usages of older generations by the session they stand in, and the reads and writes that they tell."""


class Auditor:
    """Somebody who may read everything."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._token = token

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = await self._http.get(path, params=parameters or None, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    async def all_sessions(self, **parameters: Any) -> list[dict[str, Any]]:
        return await sessions(self.get, f"{ROOT}/sessions", **parameters)


@pytest.fixture
async def auditor(database: str, store: Store) -> AsyncIterator[Auditor]:
    minted = await token_of(store.people, await store.people.create_user("rita", role=Role.AUDITOR))
    async with (
        open_stage(database, environ={"AIBRIDGE_RETENTION": "0"}) as stage,
        httpx.AsyncClient(base_url=stage.gateway.url, trust_env=False, timeout=60) as http,
    ):
        yield Auditor(http, minted.token)


async def test_tokens_of_caches(coder: CoderDatabase, run_import: Import, auditor: Auditor) -> None:
    """Each key alone; of several the greatest, never the sum; what was counted in a column is left as it is."""
    ada = await coder.user("ada")
    for name, (columns, _) in LEGACY.items():
        await coder.usage(await coder.interception(ada, client_session_id=name), **columns)
    await run_import()
    found = {
        each["id"]: tuple(each["token_usage_summary"][f"cache_{kind}_input_tokens"] for kind in ("read", "write"))
        for each in await auditor.all_sessions(limit=3)
    }
    assert found == {name: told for name, (_, told) in LEGACY.items()}
    steps = {
        row["session_id"]: tuple(row["token_usages"][0][f"cache_{kind}_input_tokens"] for kind in ("read", "write"))
        for row in (await auditor.get(f"{ROOT}/interceptions")).json()["results"]
    }
    assert steps == found


async def test_an_empty_provider_name_is_that_of_its_provider(
    coder: CoderDatabase, run_import: Import, auditor: Auditor
) -> None:
    """In menus, filters and sessions; a name that was given stays."""
    ada = await coder.user("ada")
    for session, name in (("nameless", ""), ("blank", "  "), ("named", "anthropic-eu")):
        await coder.interception(ada, client_session_id=session, provider_name=name)
    await run_import()
    assert (await auditor.get(f"{ROOT}/providers")).json() == ["anthropic", "anthropic-eu"]
    for q, ids in (
        ("provider_name:anthropic", {"nameless", "blank"}),
        ("provider_name:anthropic-eu", {"named"}),
        ("provider:anthropic", {"nameless", "blank", "named"}),
    ):
        assert {each["id"] for each in await auditor.all_sessions(q=q)} == ids


async def test_rows_of_an_unknown_initiator_are_in_no_list(
    coder: CoderDatabase, run_import: Import, auditor: Auditor
) -> None:
    """They are told of by the import; nothing counts them."""
    stranger = uuid4()
    await coder.interception(await coder.user("ada"), client_session_id="shared", model="known")
    left_out = await coder.interception(stranger, client_session_id="shared", model="unknown", client="Elsewhere")
    report = await run_import()
    tally = dict(report.tables())["interceptions"]
    assert (tally.read, tally.added) == (2, 1)
    [session] = await auditor.all_sessions()
    assert (session["id"], session["interceptions"], session["models"]) == ("shared", 1, ["known"])
    assert (await auditor.get(f"{ROOT}/models")).json() == ["known"]
    assert (await auditor.get(f"{ROOT}/clients")).json() == ["Unknown"]
    page = (await auditor.get(f"{ROOT}/interceptions", q=f"initiator:{stranger}")).json()
    assert (page["results"], page["total"]) == ([], 0)
    assert str(left_out) not in (await auditor.get(f"{ROOT}/interceptions")).text


async def test_a_client_that_was_never_noted_is_the_unknown_one(
    coder: CoderDatabase, run_import: Import, auditor: Auditor
) -> None:
    ada = await coder.user("ada")
    for session, client in (("null", None), ("unknown", "Unknown"), ("cursor", "Cursor")):
        await coder.interception(ada, client_session_id=session, client=client)
    await run_import()
    assert (await auditor.get(f"{ROOT}/clients")).json() == ["Cursor", "Unknown"]
    assert {each["id"] for each in await auditor.all_sessions(q="client:Unknown")} == {"null", "unknown"}


async def test_equal_moments_are_walked_both_ways(coder: CoderDatabase, run_import: Import, auditor: Auditor) -> None:
    """Two people who share session ids, everything at one moment: each is visited once, in one order."""
    people = [await coder.user("ada"), await coder.user("bea")]
    for number in range(12):
        await coder.interception(people[number % 2], client_session_id=f"s{number // 4}", started_at=at(0))
    await run_import()
    rows = await interceptions(auditor.get, f"{ROOT}/interceptions", step=5)
    by_offset = [
        row
        for offset in range(0, 12, 5)
        for row in (await auditor.get(f"{ROOT}/interceptions", limit=5, offset=offset)).json()["results"]
    ]
    assert rows == by_offset
    assert len({row["id"] for row in rows}) == 12
    walked = await auditor.all_sessions(limit=1)
    assert len({(each["id"], each["initiator"]["username"]) for each in walked}) == 6
    assert walked == await auditor.all_sessions(limit=100)


@pytest.mark.parametrize("hint", ["sk-ant-plain-01", "plain"])
async def test_a_hint_that_hides_nothing_is_hidden(
    coder: CoderDatabase, run_import: Import, auditor: Auditor, hint: str
) -> None:
    """What another system kept as a hint may be a piece of a secret: it is shown nowhere."""
    await coder.interception(await coder.user("ada"), client_session_id="s", credential_hint=hint)
    await run_import()
    [row] = (await auditor.get(f"{ROOT}/interceptions")).json()["results"]
    one = (await auditor.get(f"{ROOT}/interceptions/{row['id']}")).json()
    [thread] = (await auditor.get(f"{ROOT}/sessions/s")).json()["threads"]
    assert {row["credential_hint"], one["credential_hint"], thread["credential_hint"]} == {"..."}
