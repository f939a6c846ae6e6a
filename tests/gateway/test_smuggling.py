"""One request is one request, one header one header: nothing is smuggled or split, in either direction."""

import asyncio
import logging

import pytest

from aibridge.demo.script import Answer, Gate, Hold, Raw, Text, exactly
from aibridge.gateway import server
from support import asking
from support.gateway import PROVIDER_KEY, ROOT
from support.raw_client import connect, head, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

MESSAGES = f"{ROOT}/anthropic/v1/messages"
ODD_PATHS = [
    "/v1/messages%0d%0aX-Injected:%201",
    "/v1/models/%2e%2e/messages",
    "/v1/models/../messages",
    "/v1/models/./x",
    "/v1/models//x",
    "/v1/models/%41",
    "/v1/models/a%2fb",
    "/v1/models/a\\b",
    "/v1/models/x;y=1",
    "/v1/messages/",
    "//v1/messages",
    "/../anthropic/v1/messages",
    "/V1/messages",
]


async def ask_raw(stage: Stage, *sent: bytes) -> tuple[int, bytes]:
    """Send these bytes; the first status that comes back, and everything behind it until the end."""
    async with connect(stage.gateway.port) as client:
        await client.send(*sent)
        client.half_close()
        answer = await client.rest()
    return int(answer.split(b" ", 2)[1]), answer


def chunked(stage: Stage, body: bytes, **headers: str) -> bytes:
    """A request whose framing is written by hand."""
    fields = {"host": "gateway", "authorization": f"Bearer {stage.gateway.user.token}", "transfer-encoding": "chunked"}
    return head("POST", MESSAGES, fields | {n.replace("_", "-"): v for n, v in headers.items()}) + body


def in_chunks(body: bytes, trailer: bytes = b"") -> bytes:
    return b"%x;ext=1\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailer)


@pytest.mark.parametrize("path", ODD_PATHS)
async def test_trap_30_a_path_that_can_be_read_in_two_ways_is_404(stage: Stage, path: str) -> None:
    """Percent signs, dot segments, empty segments: the provider is never asked."""
    provider = stage.says(Text("hello"))
    for method in ("GET", "POST"):
        async with connect(stage.gateway.port) as client:
            target = f"{ROOT}/anthropic{path}"
            await client.send(request(target, asking.messages(), token=stage.gateway.user.token, method=method))
            assert (await client.answer()).status == 404
    assert not provider.requests


async def test_trap_30_an_absolute_url_goes_to_the_configured_provider(stage: Stage) -> None:
    """The host that a client writes into the request line chooses nothing."""
    provider = stage.says(Text("hello"))
    target = f"http://evil.example{MESSAGES}"
    async with connect(stage.gateway.port) as client:
        await client.send(request(target, asking.messages(), token=stage.gateway.user.token))
        assert (await client.answer()).status == 200
    (asked,) = provider.requests
    assert asked.target == b"/v1/messages"
    assert (asked.header(b"host") or b"").startswith(b"127.0.0.1:")


async def test_the_query_goes_on_as_bytes(stage: Stage) -> None:
    """Escapes are neither undone nor normalised."""
    provider = stage.says(Text("hello"))
    query = "beta=true&x=%0d%0a%41&y=../..&z=a%2Fb&beta=true"
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{MESSAGES}?{query}", asking.messages(), token=stage.gateway.user.token))
        assert (await client.answer()).status == 200
    assert provider.requests[0].query == query.encode()


async def test_trap_30_trailers_are_no_headers(stage: Stage) -> None:
    """They come after the credentials were judged; none of them goes upstream."""
    provider = stage.says(Text("hello"))
    sent = chunked(stage, in_chunks(asking.messages()), trailer="x-api-key, x-injected, x-token")
    trailer = b"x-api-key: stolen\r\nx-injected: 1\r\nx-token: %b\r\n\r\n" % stage.gateway.user.token.encode()
    async with connect(stage.gateway.port) as client:
        await client.send(sent[:-2])
        await client.nothing_yet()
        await client.send(trailer)
        assert (await client.answer()).status == 200
    (asked,) = provider.requests
    assert asked.body == asking.messages()
    assert asked.all(b"x-api-key") == [PROVIDER_KEY.encode()]
    for name in (b"x-injected", b"x-token", b"trailer", b"transfer-encoding"):
        assert asked.header(name) is None
    assert asked.header(b"content-length") == str(len(asked.body)).encode()


async def test_trap_30_endless_trailers_and_chunk_extensions_end(stage: Stage) -> None:
    """Nothing of it is body, so no limit of a body would end it."""
    for endless in (b"0\r\nx: ", b"1;"):
        async with connect(stage.gateway.port) as client:
            await client.send(chunked(stage, endless))
            for _ in range(3):
                await client.send(b"y" * 40 * 1024)
                await client.nothing_yet()
            assert (await client.answer()).status == 400


async def test_trap_30_connection_cannot_name_what_the_gateway_sets(stage: Stage) -> None:
    """Headers named by `Connection` go first, then our own are set."""
    provider = stage.says(Text("hello"))
    named = "x-api-key, authorization, content-length, accept-encoding, x-gone"
    headers = {"connection": named, "x-gone": "1", "x-stays": "1"}
    answer = await stage.gateway.post("/v1/messages", asking.messages(), headers=headers)
    assert answer.status_code == 200
    (asked,) = provider.requests
    assert asked.all(b"x-api-key") == [PROVIDER_KEY.encode()]
    assert asked.all(b"accept-encoding") == [b"identity"]
    assert (asked.header(b"x-gone"), asked.header(b"x-stays")) == (None, b"1")
    assert asked.body == asking.messages()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"content-length": "5", "transfer-encoding": "chunked"}, 400),
        ({"transfer-encoding": "gzip, chunked"}, 501),
        ({"transfer-encoding": "identity"}, 501),
        ({"transfer-encoding": "chunked", "Transfer-Encoding": "chunked"}, 400),
        ({"content-length": "5", "Content-Length": "6"}, 400),
        ({"content-length": "+5"}, 400),
        ({"content-length": "-1"}, 400),
        ({"x\0y": "1", "content-length": "2"}, 400),
        ({"x-y": "a\0b", "content-length": "2"}, 400),
        ({"x y": "1", "content-length": "2"}, 400),
        ({"x-y": "a\rb", "content-length": "2"}, 400),
        ({"Host": "gateway", "content-length": "2"}, 400),
    ],
)
async def test_a_head_that_can_be_read_in_two_ways_is_refused(
    stage: Stage, fields: dict[str, str], status: int
) -> None:
    """Before anything is sent to the provider."""
    provider = stage.says(Text("hello"))
    own = {"host": "gateway", "authorization": f"Bearer {stage.gateway.user.token}"}
    got, _ = await ask_raw(stage, head("POST", MESSAGES, own | fields) + b"{}")
    assert (got, len(provider.requests)) == (status, 0)


@pytest.mark.parametrize(("version", "status"), [("1.1", 400), ("1.0", 200)])
async def test_only_http_1_0_may_leave_out_the_host(stage: Stage, version: str, status: int) -> None:
    """RFC 9112 §3.2. Health checks of old load balancers do."""
    ask = f"GET /healthz HTTP/{version}\r\nconnection: close\r\n\r\n"
    got, _ = await ask_raw(stage, ask.encode())
    assert got == status


async def test_a_folded_header_is_never_sent_on_as_two(stage: Stage) -> None:
    """A line break inside of a value is either refused or gone."""
    provider = stage.says(Text("hello"))
    own = {"host": "gateway", "authorization": f"Bearer {stage.gateway.user.token}", "content-length": "2"}
    await ask_raw(stage, head("POST", MESSAGES, own | {"x-y": "a\r\n x-injected: b"}) + b"{}")
    assert all(asked.header(b"x-injected") is None for asked in provider.requests)


async def test_pipelined_requests_are_answered_in_order(stage: Stage) -> None:
    """Two requests in one packet are two requests, each with its own answer and record."""
    provider = stage.says(Text("one"), Text("two"))
    both = b"".join(
        request(MESSAGES, asking.messages(prompt), token=stage.gateway.user.token) for prompt in ("first", "second")
    )
    async with connect(stage.gateway.port) as client:
        await client.send(both)
        answers = [(await client.answer()).body, (await client.answer()).body]
    assert [b"one" in answers[0], b"two" in answers[1]] == [True, True]
    assert [asked.json["messages"][0]["content"] for asked in provider.requests] == ["first", "second"]


async def test_a_client_that_leaves_is_noticed_behind_pipelined_requests(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The request that is being answered is told, not only the last one; the ones behind it never begin."""
    gate = Gate()
    provider = stage.says([Hold(gate), Text("late")])
    asked = request(MESSAGES, asking.messages(), token=stage.gateway.user.token)
    async with connect(stage.gateway.port) as client:
        await client.send(asked * 3)
        await gate.reached.wait()
        client.reset()
        (record,) = await stage.gateway.ended()
    gate.open()
    assert record["outcome"] == "cancelled"
    assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 200
    assert len(provider.requests) == 2
    assert [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR] == []


async def test_garbage_behind_a_request_does_not_get_into_its_answer(stage: Stage) -> None:
    """The running answer is carried to its end, then the connection closes."""
    gate = Gate()
    stage.says([Text("hello"), Hold(gate), Text("there")])
    async with connect(stage.gateway.port) as client:
        await client.send(request(MESSAGES, asking.messages(stream=True), token=stage.gateway.user.token))
        await gate.reached.wait()
        await client.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        await client.nothing_yet()
        gate.open()
        answer = await client.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert b"message_stop" in answer
    assert answer.endswith(b"\r\n0\r\n\r\n")
    assert (await stage.gateway.only())["outcome"] == "completed"


async def test_a_head_that_never_ends_behind_a_request_does_not_either(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal of the next request may not stand in the middle of this answer."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    gate = Gate()
    stage.says([Text("hello"), Hold(gate), Text("there")])
    async with connect(stage.gateway.port) as client:
        await client.send(request(MESSAGES, asking.messages(stream=True), token=stage.gateway.user.token))
        await gate.reached.wait()
        await client.send(b"POST /next HTTP/1.1\r\nhost:")
        await asyncio.sleep(0.1)
        gate.open()
        answer = await client.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert b"message_stop" in answer


async def test_a_refusal_to_one_who_asked_first_closes(stage: Stage) -> None:
    """Whether a body follows is unknown then: what comes next must not be taken for it."""
    fields = {"host": "gateway", "expect": "100-continue", "content-length": "40"}
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields))
        answer = await client.answer()
        assert (answer.status, answer.header(b"connection")) == (401, b"close")
        await client.send(request("/healthz", method="GET"))
        assert await client.rest() == b""


async def test_one_who_asked_first_is_told_to_go_on(stage: Stage) -> None:
    """`Expect` is answered here, and goes no further."""
    provider = stage.says(Text("hello"))
    body = asking.messages()
    fields = {
        "host": "gateway",
        "authorization": f"Bearer {stage.gateway.user.token}",
        "expect": "100-continue",
        "content-length": str(len(body)),
    }
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields))
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(body)
        assert (await client.answer()).status == 200
    assert provider.requests[0].header(b"expect") is None


# ------------------------------------------------------------------ from the provider


@pytest.mark.parametrize(
    "field",
    [b"x-evil: a\rb", b"x-evil: a\x00b", b"x-evil: a\x01b", b"x evil: 1", b"x-evil\x00: 1", b"x(evil): 1", b": empty"],
)
async def test_trap_30_a_providers_header_that_cannot_be_written_is_502(stage: Stage, field: bytes) -> None:
    """The client gets an answer and the record an end, whatever the header holds."""
    stage.says(exactly(b"HTTP/1.1 200 OK\r\n" + field + b"\r\ncontent-length: 2\r\n\r\n{}"))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert answer.status_code == 502
    assert "x-evil" not in answer.headers
    assert (await stage.gateway.only())["outcome"] == "failed"


async def test_trap_30_a_folded_header_of_the_provider_stays_one(stage: Stage) -> None:
    """Line folding is either refused or joined."""
    stage.says(exactly(b"HTTP/1.1 200 OK\r\nx-a: b\r\n set-cookie: c\r\ncontent-length: 2\r\n\r\n{}"))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert "set-cookie" not in answer.headers
    assert answer.status_code in {200, 502}
    assert await stage.gateway.only()


async def test_what_follows_an_answer_is_nobodys(stage: Stage) -> None:
    """Bytes behind the message close the connection; the next request gets its own answer."""
    after = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    stage.says(Answer(parts=[Raw(whole + after)], bare=True), Text("hello"))
    assert (await stage.gateway.post("/v1/messages", asking.messages())).content == b"{}"
    assert "hello" in (await stage.gateway.post("/v1/messages", asking.messages())).text
