"""TLS to a provider: verified always, and a failure says what was wrong."""

import ssl
from pathlib import Path

import pytest
import trustme

from aibridge.errors import UpstreamCut, UpstreamUnreachable
from aibridge.gateway.upstream import Proxies, UpstreamClient
from support.wire import Peer, ask, provider, rest


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the authority by the usual variable."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


async def answers(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@pytest.mark.usefixtures("trusted")
async def test_a_trusted_provider_is_spoken_to_in_http_1_1(authority: trustme.CA) -> None:
    """`SSL_CERT_FILE` is honoured, ALPN asks for HTTP/1.1, SNI names the host, and the connection is reused."""
    spoken: list[str | None] = []
    asked_for: list[str | None] = []

    async def script(peer: Peer) -> None:
        spoken.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await answers(peer)

    context = server_context(authority, "localhost")
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    async with provider(script, tls=context) as it, UpstreamClient(proxies=Proxies()) as client:
        for _ in range(2):
            reply = await ask(client, it.target(scheme="https", host="localhost"), body=bytes(1 << 20))
            assert await rest(reply) == b"hi"
            reply.close()
        assert (spoken, asked_for, it.connections) == (["http/1.1"], ["localhost"], 1)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.2"])
async def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, name: str) -> None:
    """Nothing of the request is sent."""
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        got.append(await peer.reader.read())

    context = server_context(authority, name)
    async with provider(script, tls=context) as it, UpstreamClient(proxies=Proxies()) as client:
        with pytest.raises(UpstreamUnreachable, match=r"certificate is not trusted \(.*mismatch"):
            await ask(client, it.target(scheme="https"))
    assert got in ([], [b""])


async def test_a_certificate_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    """The system's trust store does not know the authority."""
    context = server_context(authority, "127.0.0.1")
    async with provider(answers, tls=context) as it, UpstreamClient(proxies=Proxies()) as client:
        with pytest.raises(UpstreamUnreachable, match=r"https://127.0.0.1:\d+: its certificate is not trusted"):
            await ask(client, it.target(scheme="https"))


@pytest.mark.usefixtures("trusted")
async def test_old_tls_is_refused(authority: trustme.CA) -> None:
    """Below 1.2 there is no privacy worth the name."""
    context = server_context(authority, "127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with provider(answers, tls=context) as it, UpstreamClient(proxies=Proxies()) as client:
        with pytest.raises(UpstreamUnreachable, match="TLS"):
            await ask(client, it.target(scheme="https"))


async def test_plain_http_where_tls_was_meant(client: UpstreamClient) -> None:
    """A wrong scheme in the base URL is told apart from a wrong certificate."""

    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with provider(script) as it:
        with pytest.raises(UpstreamUnreachable, match="TLS failed"):
            await ask(client, it.target(scheme="https"))


async def test_a_large_body_and_a_cut_over_tls(authority: trustme.CA) -> None:
    """Back-pressure and cut answers are the same inside TLS."""
    size = 8 << 20

    async def script(peer: Peer) -> None:
        asked = await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size + 1), asked.body)

    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with (
        provider(script, tls=server_context(authority, "127.0.0.1")) as it,
        UpstreamClient(proxies=Proxies(), ssl_context=context) as client,
    ):
        reply = await ask(client, it.target(scheme="https"), body=b"x" * size)
        got = 0
        while got < size:
            got += len(await reply.read() or b"")
        with pytest.raises(UpstreamCut):
            await reply.read()
        assert got == size
        reply.close()
