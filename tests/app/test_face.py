"""One door for all: the data plane, the API under each of its roots, and the pages."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from aibridge.demo.script import Text
from support.stage import Stage, open_stage

ROOTS = ("/api/v2/aibridge", "/api/v2/ai-gateway", "/api/experimental/aibridge")
MESSAGES = b'{"model":"claude-test","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":true}'


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_stage(database) as opened:
        yield opened


async def ask(stage: Stage, method: str, path: str, body: bytes = b"") -> httpx.Response:
    headers = {"Authorization": f"Bearer {stage.token}"}
    return await stage.gateway.http.request(method, f"{stage.gateway.url}{path}", headers=headers, content=body)


async def test_the_record_stands_under_three_roots(stage: Stage) -> None:
    """With the same answers; the data plane below the two that are written to."""
    for number, root in enumerate(ROOTS):
        stage.says([Text("hello")])
        carried = await ask(stage, "POST", f"{root}/anthropic/v1/messages", MESSAGES)
        assert carried.status_code == (405 if number == 2 else 200)
    session = (await stage.gateway.interceptions())[0]["session_id"]
    for path in ("interceptions", "sessions", f"sessions/{session}", "models", "clients", "providers"):
        answers = [await ask(stage, "GET", f"{root}/{path}") for root in ROOTS]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len({answer.content for answer in answers}) == 1
        assert answers[0].json()


async def test_every_resource_of_the_description_is_reached(stage: Stage) -> None:
    """None is taken for a provider: the data plane would answer 404 in the shape of a provider's errors."""
    description = (await stage.gateway.http.get(f"{stage.gateway.url}/api/v2/openapi.json")).json()
    resources = {path.split("/")[2] for path in description["paths"] if path.startswith("/aibridge/")}
    assert "prices" in resources
    for resource in resources:
        answer = await ask(stage, "GET", f"{ROOTS[0]}/{resource}")
        assert answer.status_code in {200, 400}, resource
        assert "route not supported" not in answer.text


async def test_the_experimental_root_can_only_be_read(stage: Stage) -> None:
    """Whatever stands below it; neither the data plane nor accounts do."""
    provider = stage.says([Text("hello")])
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in ("sessions", "anthropic/v1/messages", "openai/v1/chat/completions", "nothing"):
            answer = await ask(stage, method, f"{ROOTS[2]}/{path}", MESSAGES)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["message"].startswith("Method Not Allowed")
    for path in ("aibridge/openai/v1/models", "aibridge/nothing", "aibridge", "users/me", "docs", "openapi.json"):
        assert (await ask(stage, "GET", f"/api/experimental/{path}")).status_code == 404
    assert (await ask(stage, "HEAD", f"{ROOTS[2]}/sessions")).status_code == 200
    assert not provider.requests


async def test_any_session_id_comes_through_the_door(stage: Stage) -> None:
    """Also one that looks like another path."""
    for name in ("a/b", "../users", "50%", "what?", "\N{ROCKET}", "a\nb", "..%2F"):
        answer = await ask(stage, "GET", f"{ROOTS[0]}/sessions/{quote(name, safe='')}")
        assert (answer.status_code, answer.json()) == (404, {"message": "Session not found."})


async def test_the_description_and_its_page(stage: Stage) -> None:
    """For anybody, with paths that begin where the API is mounted."""
    get = stage.gateway.http.get
    description = (await get(f"{stage.gateway.url}/api/v2/openapi.json")).json()
    assert description["servers"] == [{"url": "/api/v2"}]
    docs = await get(f"{stage.gateway.url}/api/docs")
    assert docs.status_code == 200
    assert "/api/v2/aibridge/sessions/{session_id}" in docs.text


async def test_what_does_not_exist(stage: Stage) -> None:
    for path in ("/api", "/api/", "/api/v1/aibridge/sessions", "/api/docs/", "/nothing"):
        answer = await ask(stage, "GET", path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"message"}
