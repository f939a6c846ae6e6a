"""Connecting to a host with several addresses."""

import asyncio
import socket

import pytest

from aibridge.errors import UpstreamUnreachable
from aibridge.gateway.upstream import Target, UpstreamClient
from aibridge.gateway.upstream.eyeballs import Address, _Race, interleave
from support.wire import Peer, ask, provider

V4, V6 = socket.AF_INET, socket.AF_INET6


def address(host: str, port: int = 443) -> Address:
    where = (host, port, 0, 0) if ":" in host else (host, port)
    return (V6 if ":" in host else V4, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


def test_families_alternate() -> None:
    """Beginning with the one the resolver prefers."""
    found = [address("::1"), address("::2"), address("::3"), address("127.0.0.1")]
    assert [one[4][0] for one in interleave(found)] == ["::1", "127.0.0.1", "::2", "::3"]
    with pytest.raises(socket.gaierror):
        interleave([])


async def test_an_address_that_refuses_is_passed_over() -> None:
    """At once, not after the head start."""

    async def script(peer: Peer) -> None:
        await peer.gone()

    with socket.socket() as closed:
        closed.bind(("127.0.0.2", 0))
        async with provider(script) as it:
            race = _Race([address("127.0.0.2", closed.getsockname()[1]), address("127.0.0.1", it.port)])
            sock = await race.run()
            assert sock.getpeername() == ("127.0.0.1", it.port)
            sock.close()


async def test_an_address_that_says_nothing_is_overtaken() -> None:
    """A listener whose queue is full answers no SYN, as a dead route does."""

    async def script(peer: Peer) -> None:
        await peer.gone()

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        async with provider(script) as it:
            race = _Race([address("127.0.0.1", full.getsockname()[1]), address("127.0.0.1", it.port)])
            sock = await race.run()
            assert sock.getpeername() == ("127.0.0.1", it.port)
            sock.close()
        for filler in fillers:
            filler.close()


async def test_when_all_refuse_the_first_error_is_told() -> None:
    """It belongs to the address the resolver preferred."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        where = address("127.0.0.1", closed.getsockname()[1])
        with pytest.raises(ConnectionRefusedError):
            await _Race([where, where]).run()


async def test_cancelling_a_race_closes_its_sockets() -> None:
    """An unclosed socket would be a warning, and warnings are errors here."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        where = address("127.0.0.1", full.getsockname()[1])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await _Race([where, where]).run()
        for filler in fillers:
            filler.close()


async def test_a_refused_connection_says_so(client: UpstreamClient) -> None:
    """With the origin, so that an operator knows which provider it was."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(UpstreamUnreachable, match=rf"no connection to http://127.0.0.1:{port}: .*refused"):
            await ask(client, Target.parse(f"http://127.0.0.1:{port}"))


async def test_an_unknown_name_says_so(client: UpstreamClient) -> None:
    """`.invalid` never resolves (RFC 6761)."""
    with pytest.raises(UpstreamUnreachable, match="the name cannot be resolved"):
        await ask(client, Target.parse("http://provider.invalid"))
