"""One exchange: what is sent, and what of the answer reaches the reader."""

import asyncio

import pytest

from aibridge.errors import RequestUnwritable, UpstreamCut, UpstreamProtocolError, UpstreamUnreachable
from aibridge.gateway.upstream import Timeouts, UpstreamClient
from aibridge.gateway.upstream.connection import Connection
from aibridge.gateway.upstream.request import Request
from support.wire import Asked, Peer, ask, provider, rest, until


async def test_adds_host_and_length_and_nothing_else(client: UpstreamClient) -> None:
    """The provider receives the caller's headers verbatim and in order, framed by Host and Content-Length."""
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        asked = await peer.request()
        seen.append(asked.head + asked.body)
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with provider(script) as it:
        headers = [(b"X-B", b" two \xff words "), (b"x-a", b""), (b"x-b", b"again")]
        reply = await ask(client, it.target(), path=b"/v1/messages?beta=true&x=%0d", headers=headers, body=b"hello")
        assert await reply.read() is None
        reply.close()
    assert seen == [
        b"POST /v1/messages?beta=true&x=%%0d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        b"X-B:  two \xff words \r\nx-a: \r\nx-b: again\r\nContent-Length: 5\r\n\r\nhello" % it.port
    ]


@pytest.mark.parametrize(("method", "lengths"), [(b"GET", []), (b"DELETE", []), (b"HEAD", []), (b"POST", [b"0"])])
async def test_a_missing_body_has_no_length_unless_one_is_expected(
    client: UpstreamClient, method: bytes, lengths: list[bytes]
) -> None:
    """A POST without a body says so; a GET says nothing."""
    seen: list[Asked] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with provider(script) as it:
        reply = await ask(client, it.target(), method=method, body=b"")
        assert reply.bodyless
        reply.close()
    assert seen[0].header(b"content-length") == lengths


ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
    "closed": b"HTTP/1.1 200 OK\r\n\r\nhello world",
    "closed 1.0": b"HTTP/1.0 200 OK\r\n\r\nhello world",
    "after interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
}


@pytest.mark.parametrize("framing", ANSWERS)
@pytest.mark.parametrize("cut", ["at once", "byte by byte"])
async def test_every_framing_gives_the_same_body(client: UpstreamClient, framing: str, cut: str) -> None:
    """Length, chunks, closing and interim answers before it, however the bytes are cut."""

    async def script(peer: Peer) -> None:
        await peer.request()
        raw = ANSWERS[framing]
        await peer.say(*([raw[i : i + 1] for i in range(len(raw))] if cut == "byte by byte" else [raw]))

    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert (reply.status, await rest(reply), reply.ended) == (200, b"hello world", True)
        assert all(name != b"link" for name, _ in reply.headers)
        reply.close()


async def test_headers_come_back_lower_cased_in_order_with_repetitions(client: UpstreamClient) -> None:
    """Hop-by-hop headers too: what to drop is the relay's business."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(
            b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7 \r\nSet-Cookie: a\r\nConnection: close\r\nSET-COOKIE: b\xe9\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert reply.status == 429
        assert reply.headers == [
            (b"retry-after", b"7"),
            (b"set-cookie", b"a"),
            (b"connection", b"close"),
            (b"set-cookie", b"b\xe9"),
            (b"content-length", b"0"),
        ]
        reply.close()


async def test_head_with_a_length_ends_at_its_head(client: UpstreamClient) -> None:
    """HEAD declares the length of a body that never comes, and the connection serves the next request."""

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    async with provider(script) as it:
        for _ in range(2):
            reply = await ask(client, it.target(), method=b"HEAD", body=b"")
            assert (reply.content_length, reply.bodyless, reply.ended) == (1000, True, True)
            assert await reply.read() is None
            reply.close()
        assert it.connections == 1


async def test_the_last_chunk_is_known_to_be_the_last(client: UpstreamClient) -> None:
    """`ended` is true with the chunk that completes the message, without another read."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        assert await peer.reader.read(1) == b""

    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        assert not reply.ended
        assert reply.read_nowait() is None
        reply.close()

    async def whole(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async with provider(whole) as it:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        assert reply.ended
        reply.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!!",
    ],
    ids=["short of its length", "without its last chunk", "with a broken size", "with a broken end"],
)
async def test_a_cut_answer_gives_what_came_and_then_says_so(client: UpstreamClient, raw: bytes) -> None:
    """No byte that arrived is lost, and the end is never taken for a clean one."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(raw)

    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hello"
        with pytest.raises(UpstreamCut):
            await reply.read()
        assert not reply.ended
        reply.close()


async def test_a_reset_connection_does_not_end_a_close_delimited_body(client: UpstreamClient) -> None:
    """Closing ends such a body, breaking does not."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nhello")
        await started.wait()
        peer.reset()

    started = asyncio.Event()
    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hello"
        started.set()
        with pytest.raises(UpstreamCut):
            await reply.read()
        reply.close()


async def test_closing_before_an_answer_is_a_cut(client: UpstreamClient) -> None:
    """On a fresh connection nothing is sent twice."""

    async def script(peer: Peer) -> None:
        await peer.request()

    async with provider(script) as it:
        with pytest.raises(UpstreamCut, match="before it answered"):
            await ask(client, it.target())
        assert it.connections == 1


async def test_a_connection_closed_at_once_is_no_hang(client: UpstreamClient) -> None:
    """Also when that happens between connecting and the first write."""

    async def script(peer: Peer) -> None:
        peer.reset()

    async with provider(script) as it:
        for _ in range(20):
            with pytest.raises((UpstreamUnreachable, UpstreamCut)):
                await ask(client, it.target())
        assert client._pool is not None
        pool = client._pool
        connection = Connection(pool, it.target().origin, Timeouts(), asyncio.get_running_loop())
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", it.port)
        await until(lambda: not connection.usable)
        request = Request(method=b"GET", uri=b"/", host=b"h", headers=[], body=b"")
        with pytest.raises(UpstreamUnreachable, match="closed it at once"):
            await connection.exchange(request)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "switched protocols"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0"),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % (b"a" * 1000) * 70 + b"\r\n", "64 KiB"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "64 KiB"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 201 + b"\r\n", "200 fields"),
    ],
    ids=["another protocol", "101", "HTTP/2", "folded header", "large head", "endless header", "many fields"],
)
async def test_what_is_not_http_1_1_is_refused(client: UpstreamClient, raw: bytes, says: str) -> None:
    """The connection is closed, and the error says what was wrong."""
    closed: list[bool] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(raw)
        await peer.gone()
        closed.append(True)

    async with provider(script) as it:
        with pytest.raises(UpstreamProtocolError, match=says):
            await ask(client, it.target())
        await until(lambda: bool(closed))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("path", b"/v1\r\nX: 1"),
        ("path", b"/v1 HTTP/1.1"),
        ("path", b"http://elsewhere/"),
        ("path", b"/v1\x00"),
        ("headers", [(b"a", b"b\r\nc: d")]),
        ("headers", [(b"a", b"b\nc")]),
        ("headers", [(b"a", b"b\rc")]),
        ("headers", [(b"a", b"b\x00")]),
        ("headers", [(b"a\r\nb", b"c")]),
        ("headers", [(b"a: b", b"c")]),
        ("headers", [(b"", b"c")]),
        ("headers", [(b"a ", b"c")]),
        ("headers", [(b"Host", b"elsewhere")]),
        ("headers", [(b"Transfer-Encoding", b"chunked")]),
        ("headers", [(b"content-length", b"0")]),
        ("method", b"GET /"),
        ("method", b""),
    ],
)
async def test_what_could_be_read_in_two_ways_is_never_sent(client: UpstreamClient, part: str, value: object) -> None:
    """Line breaks, NUL, blanks in the path, false names and foreign framing stop a request before it connects."""

    async def script(peer: Peer) -> None:
        await peer.request()

    async with provider(script) as it:
        with pytest.raises(RequestUnwritable):
            await ask(client, it.target(), **{part: value})  # type: ignore[arg-type]
        assert it.connections == 0
