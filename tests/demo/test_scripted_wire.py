"""The provider leaves every byte to the script: framing, splits, breaks, waits, and what it remembers."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import trustme

from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.received import Ending
from aibridge.demo.script import Answer, Cut, Fail, Framing, Gate, Hold, Part, Pause, Slow, Text, Wire, exactly

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

STREAM = b'{"model":"m","stream":true}'
PLAIN = b'{"model":"m"}'


@contextlib.asynccontextmanager
async def dialled(provider: Provider) -> AsyncIterator[Streams]:
    """A bare connection to the provider."""
    async with serve_provider(provider) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def post(body: bytes = STREAM, *, path: str = "/v1/messages", headers: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def exchange(provider: Provider, request: bytes) -> bytes:
    """Everything that comes back until the provider closes."""
    async with dialled(provider) as (reader, writer):
        writer.write(request)
        return await reader.read()


# ------------------------------------------------------------------ requests


async def test_a_request_is_remembered_to_the_byte() -> None:
    """Target, order, case and repetition of headers, body."""
    request = post(b"{}", path="/v1/messages?beta=true&x=%2F", headers="X-B: 1\r\nx-a: 2\r\nX-B: 3\r\n")
    provider = Provider(Fail(400))
    async with dialled(provider) as (reader, writer):
        writer.write(request)
        await reader.readline()
        received = await provider.received()
    assert (received.method, received.target) == ("POST", b"/v1/messages?beta=true&x=%2F")
    assert (received.path, received.query) == (b"/v1/messages", b"beta=true&x=%2F")
    assert received.headers == [
        (b"Host", b"x"),
        (b"X-B", b"1"),
        (b"x-a", b"2"),
        (b"X-B", b"3"),
        (b"Content-Length", b"2"),
    ]
    assert received.all(b"x-b") == [b"1", b"3"]
    assert received.body == b"{}"


async def test_a_chunked_request_is_put_together() -> None:
    """However it arrives."""
    provider = Provider(Answer(parts=(Text("hi"),), wire=Wire(close=True)))
    request = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with dialled(provider) as (reader, writer):
        for byte in request:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await reader.read()
    assert provider.requests[0].body == b"{}"


async def test_connections_are_kept_and_counted() -> None:
    """Two requests on one connection, also when the second does not wait for the first answer."""
    provider = Provider(answers=[[Text("one")], Answer(parts=(Text("two"),), wire=Wire(close=True))])
    got = await exchange(provider, post(PLAIN) * 2)
    assert got.index(b'"one"') < got.index(b'"two"')
    assert [received.connection for received in provider.requests] == [1, 1]


async def test_what_is_no_http_is_kept_apart() -> None:
    """A smuggled request shows here."""
    provider = Provider([Text("hi")])
    async with dialled(provider) as (reader, writer):
        writer.write(b"NONSENSE\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        assert provider.server is not None
        assert provider.server.garbled == [b"NONSENSE\r\n\r\n"]


async def test_only_as_many_requests_are_kept_as_asked() -> None:
    """Under load, and in the demo."""
    provider = Provider([Text("hi")], keep=1)
    async with serve_provider(provider) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for number in range(3):
            await client.post(f"{address}/v1/messages", json={"n": number})
    assert [received.json for received in provider.requests] == [{"n": 2}]


# ------------------------------------------------------------------ framing


@pytest.mark.parametrize(
    ("body", "framing"),
    [
        (STREAM, Framing.CHUNKED),
        (STREAM, Framing.CLOSE),
        (PLAIN, Framing.CHUNKED),
        (PLAIN, Framing.LENGTH),
        (PLAIN, Framing.CLOSE),
    ],
)
async def test_every_framing_ends_where_it_says(framing: Framing, body: bytes) -> None:
    """A client of another make reads the same whatever the framing."""
    said = Answer(parts=(Text("hello"),), wire=Wire(framing=framing))
    async with serve_provider(Provider(said)) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        reply = await client.post(f"{address}/v1/messages", content=body)
    assert "hello" in reply.text
    expected = {Framing.CHUNKED: "transfer-encoding", Framing.LENGTH: "content-length", Framing.CLOSE: "connection"}
    assert expected[framing] in reply.headers


async def test_the_wire_is_split_where_asked() -> None:
    """Positions count from the status line; a client that reads at once sees the pieces."""
    said = Answer(parts=(Text("hello"),), wire=Wire(splits=(1, 9, 12, 13), close=True))
    async with dialled(Provider(said)) as (reader, writer):
        writer.write(post(PLAIN))
        pieces = [await reader.read(65536) for _ in range(4)]
    assert pieces == [b"H", b"TTP/1.1 ", b"200", b" "]


async def test_a_burst_is_one_write() -> None:
    """Head, events and end together."""
    said = Answer(parts=(Text("hello" * 50),), wire=Wire(burst=True))
    async with dialled(Provider(said)) as (reader, writer):
        writer.write(post())
        got = await reader.read(1 << 20)
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert got.endswith(b"0\r\n\r\n")


async def test_other_bytes_can_stand_around_a_message() -> None:
    """Interim responses before it, unsolicited bytes behind it."""
    wire = Wire(before=b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", after=b"HTTP/1.1 200 Smuggled", close=True)
    got = await exchange(Provider(Answer(parts=(Text("hi"),), wire=wire)), post(PLAIN))
    assert got.startswith(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert got.endswith(b"}HTTP/1.1 200 Smuggled")


async def test_an_answer_can_be_exactly_these_bytes() -> None:
    """Garbage, or a response that was recorded elsewhere."""
    assert await exchange(Provider(exactly(b"\x16\x03\x01 no http")), post()) == b"\x16\x03\x01 no http"


async def test_an_idle_connection_can_be_closed_without_a_word() -> None:
    """The answer does not say so: the race of pooled connections."""
    got = await exchange(Provider(Answer(parts=(Text("hi"),), wire=Wire(hang_up=True))), post(PLAIN))
    assert b"connection: close" not in got


# ------------------------------------------------------------------ what breaks


async def test_a_connection_can_break_before_the_status_line() -> None:
    """Nothing at all comes back."""
    provider = Provider([Cut()])
    assert await exchange(provider, post()) == b""
    assert await provider.requests[0].over() is Ending.CUT


@pytest.mark.parametrize("body", [STREAM, PLAIN])
async def test_a_connection_can_break_in_the_middle(body: bytes) -> None:
    """The head and a part of the body came; the end of the framing did not."""
    got = await exchange(Provider([Text("hello" * 20), Cut()]), post(body))
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert b"hello" in got
    assert not got.endswith((b"0\r\n\r\n", b"}"))


async def test_a_connection_can_be_reset() -> None:
    """RST instead of FIN."""
    with pytest.raises(ConnectionResetError):
        await exchange(Provider([Cut(reset=True)]), post())


async def test_the_provider_notices_that_the_client_left() -> None:
    """In the middle of an answer that never ends by itself."""
    gate = Gate()
    provider = Provider([Text("hello"), Hold(gate), Text("never")])
    async with dialled(provider) as (_, writer):
        writer.write(post())
        await gate.reached.wait()
        writer.close()
        assert await provider.requests[0].over() is Ending.LEFT


async def test_the_provider_notices_it_in_the_middle_of_a_flood() -> None:
    """It waits for a slow reader, and stops writing when that one leaves."""
    provider = Provider(Answer(parts=(Text("x" * 30_000_000),), delta=100_000))
    async with dialled(provider) as (reader, writer):
        writer.write(post())
        await reader.readexactly(1000)
        assert provider.requests[0].ending is None
        writer.transport.abort()
        assert await provider.requests[0].over() is Ending.LEFT


async def test_a_slow_reader_gets_everything() -> None:
    """Writing pauses and goes on."""
    provider = Provider(Answer(parts=(Text("x" * 8_000_000),), delta=100_000, wire=Wire(close=True)))
    got = await exchange(provider, post())
    assert got.count(b"text_delta") == 80
    assert got.endswith(b"0\r\n\r\n")


# ------------------------------------------------------------------ waits


@pytest.mark.parametrize("body", [STREAM, PLAIN])
async def test_an_answer_waits_at_a_gate(body: bytes) -> None:
    """Before the status line, and in the middle."""
    before, middle = Gate(), Gate()
    said = Answer(parts=(Hold(before), Text("hello"), Hold(middle)), wire=Wire(close=True))
    async with dialled(Provider(said)) as (reader, writer):
        writer.write(post(body))
        await before.reached.wait()
        assert not middle.reached.is_set()
        before.open()
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await middle.reached.wait()
        middle.open()
        assert (await reader.read()).endswith((b"0\r\n\r\n", b"}"))


@pytest.mark.parametrize("parts", [[Pause(0.001), Text("hi"), Pause(0.001)], [Slow(0.0001), Text("hi" * 40)]])
@pytest.mark.parametrize("body", [STREAM, PLAIN])
async def test_waiting_changes_no_byte(parts: list[Part], body: bytes) -> None:
    """Slow answers are whole answers."""
    got = await exchange(Provider(Answer(parts=parts, wire=Wire(close=True))), post(body))
    assert b"hi" in got
    assert got.endswith((b"0\r\n\r\n", b"}"))


async def test_an_early_answer_does_not_wait_for_the_body() -> None:
    """The rest of the body is read and dropped, so that the answer is not lost to a reset."""
    provider = Provider(Answer(parts=(Fail(413),), wire=Wire(early=True, close=True)))
    async with dialled(provider) as (reader, writer):
        writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.write(b"x" * 1_000_000)
        assert b"request_too_large" in await reader.read()
    assert not provider.requests[0].complete


async def test_a_provider_can_refuse_to_read() -> None:
    """Until its gate opens: what back-pressure is for."""
    gate = Gate()
    provider = Provider(Answer(parts=(Text("hi"),), wire=Wire(slow_reader=gate, close=True)))
    async with dialled(provider) as (reader, writer):
        writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        await gate.reached.wait()
        writer.write(b"x" * 20_000_000)
        assert not provider.requests[0].complete
        gate.open()
        await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert len(provider.requests[0].body) == 20_000_000


# ------------------------------------------------------------------ scripts and other routes


async def test_answers_are_given_in_order_and_then_run_out() -> None:
    """A test that asks once too often learns it."""
    provider = Provider(answers=[Text("one"), [Text("two")]])
    async with serve_provider(provider) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        replies = [await client.post(f"{address}/v1/messages", content=PLAIN) for _ in range(3)]
    assert ["one" in replies[0].text, "two" in replies[1].text, replies[2].status_code] == [True, True, 500]


async def test_a_script_that_raises_is_not_overlooked() -> None:
    """The error comes out where the provider was opened."""

    def broken(_: object) -> Text:
        raise RuntimeError("no such scene")

    with pytest.RaisesGroup(RuntimeError):
        async with (
            serve_provider(Provider(script=broken)) as address,
            httpx.AsyncClient(trust_env=False, timeout=60) as client,
        ):
            with pytest.raises(httpx.TransportError):
                await client.post(f"{address}/v1/messages", content=PLAIN)


async def test_a_wrong_key_is_refused() -> None:
    """In the envelope of whoever was asked, and clients are told not to try again."""
    async with (
        serve_provider(Provider([Text("hi")], key="sk-1")) as address,
        httpx.AsyncClient(trust_env=False, base_url=address, timeout=60) as client,
    ):
        wrong = await client.post("/v1/messages", content=PLAIN, headers={"x-api-key": "aib_x"})
        right = await client.post("/v1/messages", content=PLAIN, headers={"x-api-key": "sk-1"})
        bearer = await client.post("/v1/responses", content=PLAIN, headers={"authorization": "Bearer sk-1"})
    assert (wrong.status_code, wrong.headers["x-should-retry"]) == (401, "false")
    assert wrong.json()["error"]["type"] == "authentication_error"
    assert (right.status_code, bearer.status_code) == (200, 200)


async def test_other_routes_answer_as_the_providers_do() -> None:
    """Models of both, token counts, telemetry; everything else is 404."""
    claude = {"anthropic-version": "2023-06-01"}
    async with (
        serve_provider(Provider([Text("hi")])) as address,
        httpx.AsyncClient(trust_env=False, base_url=address, timeout=60) as client,
    ):
        gpts = (await client.get("/v1/models")).json()
        claudes = (await client.get("/v1/models", headers=claude)).json()
        one = (await client.get("/v1/models/gpt-5.5")).json()
        head = await client.head("/v1/models")
        count = (await client.post("/v1/messages/count_tokens", content=b"x" * 40)).json()
        sent = await client.post("/api/event_logging/batch", content=b"{}")
        lost = await client.get("/v1/nothing", headers=claude)
    assert (gpts["object"], claudes["has_more"], one["id"]) == ("list", False, "gpt-5.5")
    assert (head.content, int(head.headers["content-length"]) > 100) == (b"", True)
    assert (count, sent.status_code) == ({"input_tokens": 10}, 200)
    assert (lost.status_code, lost.json()["error"]["type"]) == (404, "not_found_error")


async def test_other_routes_can_be_scripted() -> None:
    """To the byte."""
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"
    async with (
        serve_provider(Provider(elsewhere=lambda _: exactly(raw))) as address,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        assert (await client.get(f"{address}/v1/models")).content == b"[]"


async def test_it_serves_tls() -> None:
    """With any certificate that the test made."""
    authority = trustme.CA()
    server, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client_side)
    async with (
        serve_provider(Provider([Text("hello")]), ssl=server) as address,
        httpx.AsyncClient(trust_env=False, verify=client_side, timeout=60) as client,
    ):
        reply = await client.post(f"{address}/v1/messages", content=STREAM)
    assert address.startswith("https://")
    assert "hello" in reply.text


async def test_many_are_served_at_the_same_time() -> None:
    """Each gets the whole of its own answer."""
    script: Callable[..., Text] = lambda request: Text(f"for {request.model}.")  # noqa: E731 - one line says it
    async with (
        serve_provider(Provider(script=script)) as address,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        asked = [client.post(f"{address}/v1/chat/completions", json={"model": f"m{n}"}) for n in range(40)]
        replies = await asyncio.gather(*asked)
    said = [reply.json()["choices"][0]["message"]["content"] for reply in replies]
    assert said == [f"for m{n}." for n in range(40)]
