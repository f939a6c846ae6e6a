"""A client that went away: its task is cancelled, and the provider hears of it at once."""

import asyncio

import pytest

from aibridge.errors import UpstreamCut
from aibridge.gateway.upstream import UpstreamClient
from support.wire import Peer, ask, provider, rest, until

PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"


@pytest.mark.parametrize("moment", ["before the answer", "in its body", "in the upload"])
async def test_cancelling_closes_the_connection(client: UpstreamClient, moment: str) -> None:
    """Whatever the client waits for; nothing stays pending and nothing is reused."""
    reached, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        if moment == "in its body":
            await peer.say(PARTIAL)
        if moment != "in the upload":
            await peer.reader.readexactly(2)
            reached.set()
        await leave.wait()
        await peer.gone()
        gone.set()

    async def exchange() -> None:
        reply = await ask(client, it.target(), body=bytes(32 << 20) if moment == "in the upload" else b"{}")
        try:
            await rest(reply)
        finally:
            reply.close()

    leave = asyncio.Event()
    async with provider(script) as it, asyncio.TaskGroup() as group:
        task = group.create_task(exchange())
        assert client._pool is not None
        pool = client._pool
        if moment == "in the upload":
            await until(lambda: any(one._writing_paused for one in pool._alive))
        else:
            await reached.wait()
            await until(lambda: any(one._waiter is not None for one in pool._alive))
        task.cancel()
        leave.set()
        await gone.wait()
        await until(lambda: not pool._alive)
        assert task.cancelled()


async def test_cancelling_while_connecting_leaves_no_socket(client: UpstreamClient) -> None:
    """The handshake is given up."""
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.reader.readexactly(1)
        arrived.set()
        await peer.gone()
        gone.set()

    arrived = asyncio.Event()
    async with provider(script) as it, asyncio.TaskGroup() as group:
        task = group.create_task(ask(client, it.target(scheme="https")))
        await arrived.wait()
        task.cancel()
        await gone.wait()


async def test_a_cancelled_reader_does_not_hurt_who_has_its_connection_now(client: UpstreamClient) -> None:
    """Woken by the end, its connection given back and taken again, and only then cancelled: the other goes on."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(PARTIAL)
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")

    async with provider(script) as it, asyncio.TaskGroup() as group:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        reader = group.create_task(rest(reply))
        assert client._pool is not None
        (connection,) = client._pool._alive
        await until(lambda: connection._waiter is not None)
        connection.data_received(b" there!")  # all in one turn of the loop, before the reader has its own
        reply.close()
        second = group.create_task(ask(client, it.target()))
        reader.cancel()
        other = await second
        assert await rest(other) == b"second"
        assert (reader.cancelled(), other.retried, it.connections) == (True, False, 1)
        other.close()


async def test_a_reader_learns_that_its_answer_was_closed(client: UpstreamClient) -> None:
    """Closing from elsewhere ends a read that waits."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(PARTIAL)
        await peer.gone()

    async with provider(script) as it, asyncio.TaskGroup() as group:
        reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        assert client._pool is not None
        (connection,) = client._pool._alive

        async def close() -> None:
            await until(lambda: connection._waiter is not None)
            reply.close()

        group.create_task(close())
        with pytest.raises(UpstreamCut, match="was closed"):
            await reply.read()
