"""Which connections are used again, and which never."""

import asyncio

import pytest

from aibridge.errors import UpstreamCut, UpstreamUnreachable
from aibridge.gateway.upstream import Proxies, Timeouts, UpstreamClient
from support.wire import Peer, ask, provider, rest, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def keeps_answering(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(OK)


async def test_a_finished_connection_carries_the_next_request(client: UpstreamClient) -> None:
    """One connection for any number of requests in turn."""
    async with provider(keeps_answering) as it:
        for _ in range(5):
            reply = await ask(client, it.target())
            assert await rest(reply) == b"hi"
            assert not reply.retried
            reply.close()
            reply.close()
        assert it.connections == 1


async def test_an_unread_body_does_not_stop_reuse_once_it_is_all_there(client: UpstreamClient) -> None:
    """What counts is that the message is complete on the wire."""
    async with provider(keeps_answering) as it:
        for _ in range(2):
            (await ask(client, it.target())).close()
        assert it.connections == 1


async def test_an_answer_closed_early_closes_its_connection(client: UpstreamClient) -> None:
    """That is how the provider learns to stop; the next request has a connection of its own."""
    stopped = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
        await peer.gone()
        stopped.set()

    async with provider(script) as it:
        reply = await ask(client, it.target())
        reply.close()
        await stopped.wait()
        with pytest.raises(UpstreamCut):
            await rest(reply)
        (await ask(client, it.target())).close()
        assert it.connections == 2


async def test_the_connection_used_last_is_used_next(client: UpstreamClient) -> None:
    """So that the others grow old and are closed."""
    async with provider(keeps_answering) as it:
        first, second = [await ask(client, it.target()) for _ in range(2)]
        lines = [first._line, second._line]
        first.close()
        second.close()
        third = await ask(client, it.target())
        assert (third._line, it.connections) == (lines[1], 2)
        third.close()


@pytest.mark.parametrize("extra", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"\r\n", b"x"])
@pytest.mark.parametrize("when", ["with the answer", "after its end", "while idle"])
async def test_bytes_nobody_asked_for_reach_nobody(client: UpstreamClient, extra: bytes, when: str) -> None:
    """The connection is closed instead."""
    read, closed = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + extra if when == "with the answer" else OK)
        await read.wait()
        if when != "with the answer":
            await peer.say(extra)
        await peer.gone()
        closed.set()

    async with provider(script) as it:
        reply = await ask(client, it.target())
        assert await rest(reply) == b"hi"
        if when == "after its end":
            read.set()
            answer = reply._answer
            await until(lambda: answer.excess)
        reply.close()
        read.set()
        await closed.wait()
        it._script = keeps_answering
        again = await ask(client, it.target())
        assert await rest(again) == b"hi"
        assert not again.retried
        assert it.connections == 2
        again.close()


async def test_a_connection_closed_while_idle_is_dropped(client: UpstreamClient) -> None:
    """When the close was seen in time nothing needs to be sent twice."""
    close = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await close.wait()

    async with provider(script) as it:
        (await ask(client, it.target())).close()
        assert client._pool is not None
        pool = client._pool
        close.set()
        await until(lambda: not pool._alive)
        reply = await ask(client, it.target())
        assert (it.connections, reply.retried) == (2, False)
        reply.close()


async def test_the_idle_close_race_is_lost_once_and_sent_again(client: UpstreamClient) -> None:
    """A reused connection that closes before any byte of an answer: the same bytes go out once more."""
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        first = it.connections == 1
        bodies.append((await peer.request()).body)
        await peer.say(OK)
        if not first:
            await keeps_answering(peer)
        bodies.append((await peer.request()).body)

    async with provider(script) as it:
        (await ask(client, it.target(), body=b"one")).close()
        reply = await ask(client, it.target(), body=b"two")
        assert await rest(reply) == b"hi"
        assert reply.retried
        assert (bodies, it.connections) == ([b"one", b"two", b"two"], 2)
        reply.close()


async def test_a_large_body_is_sent_again_whole(client: UpstreamClient) -> None:
    """Also when the connection broke in the middle of it."""
    large = bytes(range(256)) * 8192
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        if it.connections == 1:
            await peer.request()
            await peer.say(OK)
            await peer.head()
            peer.reset()
            return
        got.append((await peer.request()).body)
        await peer.say(OK)
        await peer.gone()

    async with provider(script) as it:
        (await ask(client, it.target())).close()
        reply = await ask(client, it.target(), body=memoryview(bytearray(large)))
        assert reply.retried
        assert got == [large]
        reply.close()


async def test_a_second_loss_is_final(client: UpstreamClient) -> None:
    """The fresh connection closes too: nothing is sent a third time."""

    async def script(peer: Peer) -> None:
        await peer.request()
        if it.connections == 1:
            await peer.say(OK)
            await peer.request()

    async with provider(script) as it:
        (await ask(client, it.target())).close()
        with pytest.raises(UpstreamCut, match="before it answered"):
            await ask(client, it.target())
        assert it.connections == 2


async def test_any_byte_of_an_answer_forbids_a_retry(client: UpstreamClient) -> None:
    """Even of an interim one: the provider had the request."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await peer.say(b"HTTP/1.1 1")

    async with provider(script) as it:
        (await ask(client, it.target())).close()
        with pytest.raises(UpstreamCut):
            await ask(client, it.target())
        assert it.connections == 1


async def test_a_slow_death_is_not_retried() -> None:
    """After the time of an idle close the work may have been paid for. The body is let go of at that time."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await dead.wait()

    dead = asyncio.Event()
    timeouts = Timeouts(idle_race=0.02, first_byte=0.5)
    async with provider(script) as it, UpstreamClient(proxies=Proxies(), timeouts=timeouts) as client:
        (await ask(client, it.target())).close()
        assert client._pool is not None
        (connection,) = client._pool._alive

        async def die_slowly() -> None:
            await until(lambda: connection._request is not None)
            await until(lambda: connection._request is None)
            dead.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(die_slowly())
            with pytest.raises(UpstreamCut, match="before it answered"):
                await ask(client, it.target())
        assert it.connections == 1


async def test_idle_connections_are_closed_when_stale() -> None:
    """The sweep does it, and with the last connection gone there is no timer left."""
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.gone()
        closed.set()

    async with provider(script) as it, UpstreamClient(proxies=Proxies(), idle_seconds=0.05) as client:
        (await ask(client, it.target())).close()
        await closed.wait()
        assert client._pool is not None
        pool = client._pool
        await until(lambda: pool._timer is None)
        assert not pool._alive


async def test_idle_connections_are_limited() -> None:
    """Above the limit a finished connection is closed."""
    async with provider(keeps_answering) as it, UpstreamClient(proxies=Proxies(), max_idle_per_target=2) as client:
        replies = [await ask(client, it.target()) for _ in range(4)]
        assert it.connections == 4
        for reply in replies:
            reply.close()
        assert client._pool is not None
        pool = client._pool
        await until(lambda: len(pool._alive) == 2)


async def test_leaving_closes_everything() -> None:
    """Connections in use fail, idle ones close, later requests are refused; no socket is left."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
        left.append(await peer.gone())

    left: list[int] = []
    async with provider(script) as it:
        async with UpstreamClient(proxies=Proxies()) as client:
            reply = await ask(client, it.target())
        assert await reply.read() == b"hi"
        with pytest.raises(UpstreamCut, match="shutting down"):
            await reply.read()
        reply.close()
        with pytest.raises(UpstreamUnreachable, match="shutting down"):
            await ask(client, it.target())
        await until(lambda: bool(left))
