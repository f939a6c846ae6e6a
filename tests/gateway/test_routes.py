"""What exists under the data plane's root, what is passed through, and that nothing else does."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from aibridge.demo.provider import Provider
from aibridge.demo.script import Answer, Gate, Hold, Text, exactly
from support import asking
from support.gateway import ROOT
from support.raw_client import connect, head, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAIN = exactly(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
OWN = {"X-AIBridge-Token": "{token}", "Authorization": "Bearer ghu_0123456789abcdefghij"}
CENTRAL = {"Authorization": "Bearer {token}"}


def echoing() -> Provider:
    """Answers everything everywhere."""

    def elsewhere(_: object) -> Answer:
        return PLAIN

    return Provider(says=PLAIN, elsewhere=elsewhere)


async def ask(stage: Stage, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    told = {name: value.format(token=stage.gateway.user.token) for name, value in headers.items()}
    url = f"{stage.gateway.url}{path}"
    answer = await stage.gateway.http.request(method, url, headers=told, content=body)
    return answer.status_code, answer.content


INTERCEPTED = [
    ("anthropic", "/v1/messages", b"/v1/messages", asking.messages, CENTRAL),
    ("openai", "/v1/chat/completions", b"/v1/chat/completions", asking.chat, CENTRAL),
    ("openai", "/v1/responses", b"/v1/responses", asking.responses, CENTRAL),
    ("openai", "/v1/responses/compact", b"/v1/responses/compact", asking.responses, CENTRAL),
    ("keyless", "/v1/messages", b"/own/path/v1/messages", asking.messages, OWN),
    ("copilot", "/chat/completions", b"/chat/completions", asking.chat, OWN),
    ("copilot", "/responses", b"/responses", asking.responses, OWN),
    ("copilot", "/v1/messages", b"/v1/messages", asking.messages, OWN),
    ("copilot-business", "/responses", b"/business/responses", asking.responses, OWN),
]


@pytest.mark.parametrize("root", ["/api/v2/aibridge", "/api/v2/ai-gateway"])
@pytest.mark.parametrize(("name", "path", "upstream", "body", "headers"), INTERCEPTED)
async def test_every_intercepted_route_under_both_roots(
    stage: Stage, *, root: str, name: str, path: str, upstream: bytes, body: asking.Asks, headers: dict[str, str]
) -> None:
    """The base URL keeps its own path; the query stays."""
    provider = stage.play(echoing())
    assert (await ask(stage, "POST", f"{root}/{name}{path}?beta=true", headers, body()))[0] == 200
    assert [asked.target for asked in provider.requests] == [upstream + b"?beta=true"]
    record = await stage.gateway.only()
    assert (record["provider_name"], record["endpoint"]) == (name, path)


PASSED = [
    ("anthropic", "POST", "/v1/messages/count_tokens", CENTRAL),
    ("anthropic", "GET", "/v1/models", CENTRAL),
    ("anthropic", "HEAD", "/v1/models", CENTRAL),
    ("anthropic", "GET", "/v1/models/claude-x@2026:1~b", CENTRAL),
    ("anthropic", "POST", "/api/event_logging/batch", CENTRAL),
    ("openai", "GET", "/v1/models", CENTRAL),
    ("openai", "GET", "/v1/models/org/model", CENTRAL),
    ("openai", "POST", "/v1/responses/input_tokens", CENTRAL),
    ("openai", "GET", "/v1/responses/resp_1", OWN),
    ("openai", "DELETE", "/v1/responses/resp_1", OWN),
    ("openai", "GET", "/v1/responses/resp_1/input_items", OWN),
    ("openai", "GET", "/v1/conversations/conv_1/items", OWN),
    ("copilot", "GET", "/models", OWN),
    ("copilot", "POST", "/agents/run", OWN),
    ("copilot", "POST", "/mcp/x", OWN),
    ("copilot", "GET", "/.well-known/oauth", OWN),
]


@pytest.mark.parametrize(("name", "method", "path", "headers"), PASSED)
async def test_what_is_passed_through_leaves_no_record(
    stage: Stage, *, name: str, method: str, path: str, headers: dict[str, str]
) -> None:
    """It is counted, and logged by user."""
    provider = stage.play(echoing())
    with capture_logs() as logged:
        assert (await ask(stage, method, f"{ROOT}/{name}{path}?limit=5", headers))[0] == 200
    (asked,) = provider.requests
    assert (asked.method, asked.target) == (method, f"{path}?limit=5".encode())
    (line,) = (line for line in logged if line["event"] == "passed through")
    assert (line["initiator"], line["provider_name"], line["path"]) == (stage.gateway.user.username, name, path)
    assert await stage.gateway.interceptions() == []


REFUSED = [
    ("anthropic", "GET", "/v1/messages"),
    ("anthropic", "POST", "/v1/models"),
    ("anthropic", "DELETE", "/v1/models/claude"),
    ("anthropic", "GET", "/v1/messages/count_tokens"),
    ("anthropic", "POST", "/v1/messages/batches"),
    ("anthropic", "POST", "/api/event_logging"),
    ("anthropic", "GET", "/v1/organizations/users"),
    ("anthropic", "POST", "/v1/modelsx"),
    ("anthropic", "GET", "/"),
    ("anthropic", "GET", ""),
    ("openai", "POST", "/chat/completions"),
    ("openai", "GET", "/v1/chat/completions"),
    ("openai", "GET", "/v1/responses"),
    ("openai", "POST", "/v1/responses/resp_1/cancel"),
    ("openai", "POST", "/v1/embeddings"),
    ("openai", "GET", "/v1/organization/admin_api_keys"),
    ("openai", "GET", "/v1/files"),
    ("openai", "PUT", "/v1/models"),
    ("copilot", "GET", "/agents"),
    ("copilot", "POST", "/v1/chat/completions"),
    ("nobody", "POST", "/v1/messages"),
    ("ANTHROPIC", "POST", "/v1/messages"),
]


@pytest.mark.parametrize(("name", "method", "path"), REFUSED)
async def test_anything_else_is_404_in_the_providers_shape(stage: Stage, *, name: str, method: str, path: str) -> None:
    """A central key may have admin rights: what is not in the table does not exist."""
    provider = stage.play(echoing())
    status, body = await ask(stage, method, f"{ROOT}/{name}{path}", CENTRAL)
    error = json.loads(body)["error"]
    assert (status, error["message"]) == (404, f"route not supported: {method} {ROOT}/{name}{path}")
    assert error["type"] == ("not_found_error" if name == "anthropic" else "invalid_request_error")
    assert not provider.requests


async def test_a_stored_response_is_for_its_owner_alone(stage: Stage) -> None:
    """With the deployment's key, which opens everybody's. `/v1/conversations` are on nobody's record."""
    provider = stage.says(Answer(parts=[Text("hello")], id="resp_mine_1"))
    assert (await ask(stage, "POST", f"{ROOT}/openai/v1/responses", CENTRAL, asking.responses()))[0] == 200
    other = await stage.visited_by()
    provider = stage.play(echoing())
    for method in ("GET", "DELETE"):
        for below in ("", "/input_items"):
            path = f"{ROOT}/openai/v1/responses/resp_mine_1{below}"
            assert (await ask(stage, method, path, CENTRAL))[0] == 200
            assert (await ask(other, method, path, CENTRAL))[0] == 404
    assert len(provider.requests) == 4
    for path in ("/v1/responses/resp_nobody", "/v1/responses/input_tokens", "/v1/conversations/resp_mine_1"):
        status, body = await ask(stage, "GET", f"{ROOT}/openai{path}", CENTRAL)
        assert (status, "on record" in json.loads(body)["error"]["message"]) == (404, True)
    assert len(provider.requests) == 4
    assert (await ask(other, "GET", f"{ROOT}/openai/v1/responses/resp_mine_1", OWN))[0] == 200, "its own key knows"


@pytest.mark.parametrize("path", ["openai/v1/responses", "openai/v1/chat/completions", "anthropic/v1/messages"])
async def test_trap_9_a_websocket_upgrade_is_426_before_anybody_is_asked(stage: Stage, path: str) -> None:
    """Codex then falls back to HTTP at once; with 401 or 404 it tries seven times, with 400 it gives up."""
    fields = {
        "host": "gateway",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "x",
        "sec-websocket-version": "13",
    }
    async with connect(stage.gateway.port) as client:
        await client.send(head("GET", f"{ROOT}/{path}", fields))
        answer = await client.answer()
        assert answer.status == 426
        assert json.loads(answer.body)["error"]["message"]
        await client.send(request(f"{ROOT}/{path}", asking.messages()))
        assert (await client.answer()).status == 401, "the connection goes on speaking HTTP"


async def test_another_upgrade_is_an_ordinary_request(stage: Stage) -> None:
    """Some HTTP libraries offer HTTP/2 this way on every request; nobody has to take the offer."""
    provider = stage.says(Text("hello"))
    body = asking.messages()
    fields = {
        "host": "gateway",
        "authorization": f"Bearer {stage.gateway.user.token}",
        "connection": "Upgrade, HTTP2-Settings",
        "upgrade": "h2c",
        "http2-settings": "AAMAAABkAAQCAAAAAAIAAAAA",
        "content-length": str(len(body)),
    }
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", f"{ROOT}/anthropic/v1/messages", fields) + body)
        assert (await client.answer()).status == 200
    (asked,) = provider.requests
    assert asked.body == body
    for name in (b"upgrade", b"http2-settings", b"connection"):
        assert asked.header(name) is None


async def test_head_has_a_length_and_no_body(stage: Stage) -> None:
    """And the connection carries the next request."""
    stage.play(Provider())
    async with connect(stage.gateway.port) as client:
        target = f"{ROOT}/anthropic/v1/models"
        await client.send(request(target, method="HEAD", token=stage.gateway.user.token))
        first = await client.answer(head_only=True)
        assert first.status == 200
        assert int(first.header(b"content-length") or 0) > 0
        await client.send(request(target, method="GET", token=stage.gateway.user.token))
        assert len((await client.answer()).body) == int(first.header(b"content-length") or 0)


async def test_trap_19_redirects_are_handed_on_not_followed(stage: Stage) -> None:
    """A key of the deployment's never goes to another host."""
    head = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    provider = stage.says(exactly(head))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:1/")
    assert len(provider.requests) == 1


@pytest.mark.parametrize("name", ["x-upstream-url", "x-forwarded-host", "forwarded", "x-base-url", "x-original-url"])
async def test_trap_19_no_header_chooses_the_upstream(stage: Stage, name: str) -> None:
    provider = stage.says(Text("hello"))
    answer = await stage.gateway.post(
        "/v1/messages", asking.messages(), headers={name: "http://127.0.0.1:1/", "host": "evil.example"}
    )
    assert answer.status_code == 200
    assert (provider.requests[0].header(b"host") or b"").startswith(b"127.0.0.1:")


async def test_refusals_and_passed_requests_are_counted(stage: Stage) -> None:
    """By reason and by provider, never by anything that a client chooses."""

    async def count(name: str) -> float:
        page = (await stage.gateway.http.get(f"{stage.gateway.url}/metrics")).text
        return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))

    stage.play(echoing())
    names = [f'aibridge_refusals_total{{reason="{reason}"}}' for reason in ("route", "unauthenticated", "request")]
    names.append('aibridge_passthrough_total{method="GET",provider="anthropic",route="/v1/models"}')
    before = [await count(name) for name in names]
    await ask(stage, "GET", f"{ROOT}/anthropic/v1/nothing", CENTRAL)
    await ask(stage, "GET", f"{ROOT}/anthropic/v1/models", {})
    await ask(stage, "POST", f"{ROOT}/anthropic/v1/messages", CENTRAL, b"[]")
    await ask(stage, "GET", f"{ROOT}/anthropic/v1/models", CENTRAL)
    assert [await count(name) for name in names] == [number + 1 for number in before]


async def test_requests_under_way_and_their_length_are_counted(stage: Stage) -> None:
    """The gauge goes up and down with each request; its duration is observed once it ends."""
    gate = Gate()
    stage.says([Hold(gate), Text("hello")])
    before = await _metric(stage, "aibridge_interceptions_inflight")
    lasted = await _metric(stage, "aibridge_interceptions_duration_seconds_count")
    async with asyncio.TaskGroup() as tasks:
        answer = tasks.create_task(stage.gateway.post("/v1/messages", asking.messages("hi")))
        await gate.reached.wait()
        assert await _metric(stage, "aibridge_interceptions_inflight") == before + 1
        gate.open()
        assert (await answer).status_code == 200
    assert await _metric(stage, "aibridge_interceptions_inflight") == before
    assert await _metric(stage, "aibridge_interceptions_duration_seconds_count") == lasted + 1


async def _metric(stage: Stage, name: str) -> float:
    page = (await stage.gateway.http.get(f"{stage.gateway.url}/metrics")).text
    lines = (line for line in page.splitlines() if line.startswith(f"{name}{{") and 'provider="anthropic"' in line)
    return sum(float(line.rpartition(" ")[2]) for line in lines)
