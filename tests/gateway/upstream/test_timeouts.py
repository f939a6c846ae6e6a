"""What happens when a provider is slow, or says nothing at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aibridge.errors import UpstreamTimeout
from aibridge.gateway.upstream import Proxies, Timeouts, UpstreamClient
from support.wire import Peer, ask, provider, rest, until

SOON = 0.05


@asynccontextmanager
async def client_with(timeouts: Timeouts) -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient(proxies=Proxies(), timeouts=timeouts) as it:
        yield it


async def test_no_answer_in_time(told: list[int]) -> None:
    """Interim answers do not extend the time, and the provider is told to stop."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 102 Processing\r\n\r\n")
        told.append(await peer.gone())

    async with provider(script) as it, client_with(Timeouts(first_byte=SOON)) as client:
        with pytest.raises(UpstreamTimeout, match="did not begin its answer"):
            await ask(client, it.target())
        await until(lambda: told == [0])


async def test_no_byte_in_the_middle_of_a_body(told: list[int]) -> None:
    """What came before is read first."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        told.append(await peer.gone())

    async with provider(script) as it, client_with(Timeouts(between_bytes=SOON)) as client:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        with pytest.raises(UpstreamTimeout, match="sent nothing more"):
            await reply.read()
        reply.close()
        await until(lambda: told == [0])


async def test_framing_without_a_byte_of_body_does_not_extend_the_time(told: list[int]) -> None:
    """A trickle of chunk extensions is no progress."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;")
        stopped = asyncio.Event()

        async def watch() -> None:
            told.append(await peer.gone())
            stopped.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            while not stopped.is_set():
                await asyncio.sleep(SOON / 10)
                peer.writer.write(b"a")

    async with provider(script) as it, client_with(Timeouts(between_bytes=SOON)) as client:
        reply = await ask(client, it.target())
        with pytest.raises(UpstreamTimeout):
            await reply.read()
        reply.close()


async def test_a_slow_but_steady_answer_is_no_timeout() -> None:
    """The time is between bytes, not for all of them; a machine that is busy for two seconds is no failure either."""
    pieces, pause = 12, 0.25

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % pieces)
        for _ in range(pieces):
            await asyncio.sleep(pause)
            await peer.say(b"x")

    async with provider(script) as it, client_with(Timeouts(between_bytes=pause * 9)) as client:
        reply = await ask(client, it.target())
        assert await rest(reply) == b"x" * pieces
        reply.close()


async def test_a_reader_that_does_not_read_is_not_the_providers_fault() -> None:
    """The clock runs only while somebody waits for the provider."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi")
        await later.wait()
        await peer.say(b"yo")

    later = asyncio.Event()
    async with provider(script) as it, client_with(Timeouts(between_bytes=SOON)) as client:
        reply = await ask(client, it.target())
        await asyncio.sleep(SOON * 3)
        later.set()
        await until(lambda: reply._answer.unread == 4)
        assert await rest(reply) == b"hiyo"
        reply.close()


async def test_a_provider_that_stops_reading_the_request() -> None:
    """A body that nobody takes ends the request, instead of holding its memory."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await over.wait()

    over = asyncio.Event()
    async with provider(script) as it, client_with(Timeouts(write_progress=SOON)) as client:
        with pytest.raises(UpstreamTimeout, match="did not take the request body"):
            await ask(client, it.target(), body=bytes(32 << 20))
        over.set()


async def test_a_tls_handshake_that_never_comes() -> None:
    """Connect and TLS share one limit."""

    async def script(peer: Peer) -> None:
        await peer.gone()

    async with provider(script) as it, client_with(Timeouts(connect=SOON)) as client:
        with pytest.raises(UpstreamTimeout, match=r"no connection to https://127.0.0.1:\d+ within 0.05 s"):
            await ask(client, it.target(scheme="https"))


def test_the_sweep_is_coarse_in_production() -> None:
    """Once a second, whatever the number of connections."""
    assert Timeouts().tick == 1.0


@pytest.fixture
def told() -> list[int]:
    """What the provider saw the client do after its request."""
    return []
