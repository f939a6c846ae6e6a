"""What an application sees of a request, and what a client gets of its answer, through the gateway's own ASGI cycle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from aibridge.app.answering import bind
from aibridge.gateway.asgi import Application, Receive, Scope, Send
from aibridge.gateway.server import GatewayProtocol
from support.raw_client import connect

OK = [(b"content-length", b"2")]


@asynccontextmanager
async def serving(app: Application, *, keep_alive: int = 75) -> AsyncIterator[int]:
    """Serve an application through uvicorn with the gateway's protocol; yields the port."""
    config = uvicorn.Config(
        app,
        http=GatewayProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=keep_alive,
    )
    server = uvicorn.Server(config)
    with bind("127.0.0.1", 0) as listener:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server._serve([listener]))
            try:
                yield listener.getsockname()[1]
            finally:
                server.should_exit = True


async def answer(send: Send, headers: list[tuple[bytes, bytes]] = OK, body: bytes = b"ok") -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def test_after_the_body_only_the_end_is_told() -> None:
    """An application that goes on asking waits for the client to leave; it is not given the same body again."""
    told = []
    left = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        told.append(await receive())
        told.append(await receive())
        left.set()

    async with serving(app) as port:
        async with connect(port) as client:
            await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi")
        await left.wait()
    assert told == [{"type": "http.request", "body": b"hi", "more_body": False}, {"type": "http.disconnect"}]


async def test_a_body_in_pieces_wakes_the_application() -> None:
    got: list[bytes] = []
    heard = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            got.append(message["body"])
            more = message["more_body"]
            heard.set()
        await answer(send)

    async with serving(app) as port, connect(port) as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
        await heard.wait()
        await client.send(b"cd")
        assert (await client.answer()).body == b"ok"
    assert b"".join(got) == b"abcd"


async def test_a_client_that_waits_for_100_is_told_to_go_on() -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await answer(send)

    async with serving(app) as port, connect(port) as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\nhi")
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        assert (await client.answer()).body == b"ok"


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    ("headers", "body", "written"),
    [
        (OK, b"ok", b"ok"),
        ([], b"ok", b"2\r\nok\r\n0\r\n\r\n"),
        ([], b"", b"0\r\n\r\n"),
        ([(b"content-length", b"0")], b"", b""),
    ],
    ids=["length", "chunked", "chunked and empty", "empty"],
)
async def test_a_head_that_is_not_alone_goes_out_with_the_body_behind_it(
    method: bytes, headers: list[tuple[bytes, bytes]], body: bytes, written: bytes
) -> None:
    go_on = asyncio.Event()
    head_given = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers, "alone": False})
        head_given.set()
        await go_on.wait()
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async with serving(app) as port, connect(port) as client:
        await client.send(method + b" / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await head_given.wait()
        assert await client.nothing_yet()
        go_on.set()
        head, _, rest = (await client.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert rest == (written if method == b"GET" else b"")


@pytest.mark.parametrize("alone", [True, False])
async def test_a_client_of_http_1_0_is_sent_nothing_that_it_does_not_know(*, alone: bool) -> None:
    """No interim answer, and no chunks, whose sizes it would take for text: the body ends with the connection."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [], "alone": alone})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k" * 300_000, "more_body": False})

    async with serving(app) as port, connect(port) as client:
        await client.send(b"POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nhi")
        assert await client.reader.read() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\no" + b"k" * 300_000


async def test_a_client_of_http_1_0_is_told_of_a_cut_by_a_reset() -> None:
    seen = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await seen.wait()

    async with serving(app) as port, connect(port) as client:
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.reader.readuntil(b"half")).startswith(b"HTTP/1.1 200 OK\r\n")
        seen.set()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb: c", b"a\rb", b"a\0"])
@pytest.mark.filterwarnings("ignore")
async def test_a_field_that_would_be_read_as_several_is_not_written(value: bytes) -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await answer(send, [*OK, (b"x-field", value)])

    async with serving(app) as port, connect(port) as client:
        await client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"set-cookie" not in await client.rest()


@pytest.mark.parametrize("body", [b"o", b"ok!"], ids=["shorter", "longer"])
async def test_an_answer_of_another_length_than_declared_cuts_the_connection(body: bytes) -> None:
    """Whatever came would be taken for the beginning of the next answer."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await answer(send, body=body)

    async with serving(app) as port, connect(port) as client:
        await client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await client.rest()).partition(b"\r\n\r\n")[2] in {b"", b"o"}


async def test_a_connection_that_asks_no_more_is_closed() -> None:
    """Not while its answer is under way, however long that takes; then after the time for keeping it alive."""
    ask_again = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await ask_again.wait()
        await answer(send)

    async with serving(app, keep_alive=0) as port, connect(port) as client:
        await client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        ask_again.set()
        assert (await client.rest()).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%20b?c=%20", (b"/a%20b", "/a b"), b"c=%20"),
        (b"/a?", (b"/a", "/a"), b""),
        (b"/a#b?c", (b"/a", "/a"), b""),
        (b"http://elsewhere/a?b", (b"/a", "/a"), b"b"),
    ],
)
async def test_what_is_asked_for_is_told_raw_and_decoded(target: bytes, path: tuple[bytes, str], query: bytes) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answer(send)

    async with serving(app) as port, connect(port) as client:
        await client.send(b"GET " + target + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        await client.answer()
    assert (scopes[0]["raw_path"], scopes[0]["path"]) == path
    assert scopes[0]["query_string"] == query
