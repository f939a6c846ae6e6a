"""Through a real proxy: CONNECT for https, absolute URLs for http."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from aibridge.errors import UpstreamTimeout, UpstreamUnreachable
from aibridge.gateway.upstream import Proxies, Timeouts, UpstreamClient
from support.wire import Peer, Provider, ask, provider, rest


async def answers(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


class ConnectProxy:
    """Grants tunnels and carries their bytes."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def __call__(self, peer: Peer) -> None:
        head = await peer.head()
        self.heads.append(head)
        host, _, port = head.split(b" ")[1].rpartition(b":")
        reader, writer = await asyncio.open_connection(host.decode(), int(port))
        await peer.say(b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(peer.reader, writer))
                group.create_task(_pump(reader, peer.writer))
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def through(
    proxy: Provider, trusting: ssl.SSLContext, *, scheme: str = "http", connect: float = 10.0
) -> AsyncIterator[UpstreamClient]:
    url = f"{scheme}://user:p%40ss@127.0.0.1:{proxy.port}"
    proxies = Proxies.from_environment({"HTTPS_PROXY": url, "HTTP_PROXY": url})
    async with UpstreamClient(proxies=proxies, ssl_context=trusting, timeouts=Timeouts(connect=connect)) as client:
        yield client


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_https_goes_through_a_tunnel(serving: ssl.SSLContext, trusting: ssl.SSLContext, scheme: str) -> None:
    """The proxy learns host and port and its own credential, and nothing of the request. It may speak TLS itself."""
    connect = ConnectProxy()
    async with (
        provider(answers, tls=serving) as it,
        provider(connect, tls=serving if scheme == "https" else None) as proxy,
        through(proxy, trusting, scheme=scheme) as client,
    ):
        for size in (10, 1 << 20):
            reply = await ask(client, it.target(scheme="https"), headers=[(b"x-api-key", b"secret")], body=bytes(size))
            assert await rest(reply) == b"hi"
            reply.close()
        assert it.connections == proxy.connections == 1
        assert connect.heads == [
            b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n" % (it.port, it.port)
        ]


async def test_http_goes_as_an_absolute_url(trusting: ssl.SSLContext) -> None:
    """The proxy reads the request itself, with its credential beside the provider's."""
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await peer.gone()

    async with provider(script) as proxy, through(proxy, trusting) as client:
        from_base = proxy.target("/base", host="provider.invalid")
        reply = await ask(client, from_base, method=b"GET", path=b"/base/v1/models?a=1", body=b"")
        assert await rest(reply) == b"hi"
        reply.close()
        host = b"provider.invalid:%d" % proxy.port
        assert seen == [
            b"GET http://%b/base/v1/models?a=1 HTTP/1.1\r\nHost: %b\r\n"
            b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n" % (host, host)
        ]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwho?", "refused with status 407"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "refused with status 502"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n", "spoke in it"),
        (b"SSH-2.0-x\r\n", "not HTTP/1.1"),
        (b"", "closed the connection before it answered"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "closed"),  # granted, and gone before or during the handshake
    ],
)
async def test_a_proxy_that_does_not_grant_a_tunnel(trusting: ssl.SSLContext, raw: bytes, says: str) -> None:
    """The error names the proxy, not its credential; nothing but CONNECT was sent to it."""
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        got.append(await peer.head())
        await peer.say(raw)

    async with provider(script) as proxy, through(proxy, trusting) as client:
        with pytest.raises(UpstreamUnreachable) as error:
            await ask(client, proxy.target(scheme="https", host="provider.invalid"))
        assert "p@ss" not in str(error.value)
        assert f"127.0.0.1:{proxy.port}" in str(error.value)
        assert says in str(error.value)
        assert client._pool is not None
        assert all(not one.usable for one in client._pool._alive)
    assert len(got) == 1


async def test_a_silent_proxy_is_a_timeout(trusting: ssl.SSLContext) -> None:
    """Tunnel and handshake share the limit for connecting."""

    async def script(peer: Peer) -> None:
        await peer.gone()

    async with provider(script) as proxy, through(proxy, trusting, connect=0.05) as client:
        with pytest.raises(UpstreamTimeout, match="through the proxy"):
            await ask(client, proxy.target(scheme="https", host="provider.invalid"))


async def test_a_wrong_certificate_behind_a_proxy_is_refused(serving: ssl.SSLContext) -> None:
    """The proxy is not believed about who the provider is, and no connection is left behind."""
    async with (
        provider(answers, tls=serving) as it,
        provider(ConnectProxy()) as proxy,
        through(proxy, ssl.create_default_context()) as client,
    ):
        with pytest.raises(UpstreamUnreachable, match="certificate is not trusted"):
            await ask(client, it.target(scheme="https"))
        assert client._pool is not None
        assert not client._pool._alive
