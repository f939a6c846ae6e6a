"""Large bodies in both directions: memory stays bounded, and nobody waits for bytes that no one will read."""

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Iterator

import pytest

from aibridge.gateway.upstream import Reply, Target, UpstreamClient
from aibridge.gateway.upstream.connection import HIGH_WATER
from support.wire import Peer, ask, provider, rest, until

MIB = 1 << 20
LARGE = 64 * MIB


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 262_144, 262_145, 3 * MIB + 1])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_a_body_of_any_size_and_kind_arrives_unchanged(
    client: UpstreamClient, size: int, kind: type[bytes | bytearray]
) -> None:
    """Around every limit of the slicing."""
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        got.append((await peer.request()).body)
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with provider(script) as it:
        reply = await ask(client, it.target(), body=kind(body))
        reply.close()
    assert got == [body]


@pytest.mark.usefixtures("traced")
async def test_a_64_mib_request_is_not_copied(client: UpstreamClient) -> None:
    """A provider that reads slowly holds back the writer, not memory. [traps 11]"""
    body = bytes(LARGE)
    counted: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        left = LARGE
        while left:
            left -= len(await peer.reader.read(64 * 1024))
        counted.append(LARGE)
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with provider(script) as it:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        reply = await ask(client, it.target(), body=body)
        peak = tracemalloc.get_traced_memory()[1] - before
        reply.close()
    assert counted == [LARGE]
    assert peak < 4 * MIB


@pytest.mark.usefixtures("traced")
async def test_a_large_answer_waits_for_a_slow_reader(client: UpstreamClient) -> None:
    """The provider is held back; of its answer little more than the high water is in memory. [traps 26]"""
    size = 4 * LARGE
    sent = 0
    full = asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        piece = bytes(64 * 1024)
        while sent < size:
            peer.writer.write(piece)
            sent += len(piece)
            try:
                await asyncio.wait_for(peer.writer.drain(), 0.2)
            except TimeoutError:
                full.set()
                await peer.writer.drain()

    async with provider(script) as it:
        reply = await ask(client, it.target())
        await full.wait()
        assert sent < 32 * MIB  # what the sockets' own buffers take
        assert reply._answer.unread < 4 * HIGH_WATER
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        read = 0
        while (chunk := await reply.read()) is not None:
            read += len(chunk)
        assert read == size
        assert tracemalloc.get_traced_memory()[1] - before < 8 * MIB
        assert reply.ended
        reply.close()


@pytest.mark.parametrize("close", ["lingers", "closes at once"])
async def test_an_answer_before_the_body_was_read(client: UpstreamClient, close: str) -> None:
    """A 413 in the middle of an upload is returned, the upload stops, and the connection is not used again."""
    taken: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nsorry")
        if close == "lingers":
            taken.append(await peer.gone())

    async with provider(script) as it:
        reply = await ask(client, it.target(), body=bytes(LARGE))
        assert (reply.status, await rest(reply)) == (413, b"sorry")
        reply.close()
        if close == "lingers":
            await until(lambda: bool(taken))
            assert taken[0] < LARGE
        (await ask(client, it.target())).close()
        assert it.connections == 2


async def test_a_good_answer_that_begins_early_does_not_stop_the_upload(client: UpstreamClient) -> None:
    """A provider may send its head, and even a first event, before it has read the request that it answers."""
    size = 4 * MIB + 1
    taken: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
        await begun.wait()
        left = size
        while left and (chunk := await peer.reader.read(64 * 1024)):
            left -= len(chunk)
        taken.append(size - left)
        await peer.say(b"5\r\nended\r\n0\r\n\r\n")
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    begun = asyncio.Event()
    async with provider(script) as it:
        reply = await ask(client, it.target(), body=bytes(size))
        assert await reply.read() == b"begun"
        begun.set()
        assert await rest(reply) == b"ended"
        reply.close()
        assert taken == [size]
        (await ask(client, it.target())).close()
        assert it.connections == 1


class Body(bytearray):
    """A body whose end can be watched."""


async def test_the_body_is_let_go_of_when_it_was_written(client: UpstreamClient) -> None:
    """While the provider thinks, only the bytes in flight are held."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await gone.wait()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    gone = asyncio.Event()
    watched: list[weakref.ref[Body]] = []

    async def send(target: Target) -> None:
        body = Body(2 * MIB)
        watched.append(weakref.ref(body))
        sending = client.send(target, method=b"POST", path=b"/", headers=[], body=body)
        del body
        (await sending).close()

    async with provider(script) as it, asyncio.TaskGroup() as group:
        group.create_task(send(it.target()))
        await until(lambda: bool(watched) and watched[0]() is None)
        gone.set()


async def test_the_body_is_let_go_of_when_the_answer_begins(client: UpstreamClient) -> None:
    """The upload stops, however long the answer takes and however willingly the rest would be read."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\n")
        taken.append(await peer.gone())

    async def send(target: Target) -> tuple[Reply, weakref.ref[Body]]:
        body = Body(LARGE)
        sending = client.send(target, method=b"POST", path=b"/", headers=[], body=body)
        watch = weakref.ref(body)
        del body
        return await sending, watch

    taken: list[int] = []
    async with provider(script) as it:
        reply, watch = await send(it.target())
        await until(lambda: watch() is None)  # the slice in flight goes out first
        assert not reply.ended
        reply.close()
        await until(lambda: bool(taken))
        assert taken[0] < LARGE // 2


async def test_a_finished_exchange_leaves_no_cycles(client: UpstreamClient) -> None:
    """Memory is freed by counting, not by the collector: it would pause every stream of the worker."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async with provider(script) as it:
        (await ask(client, it.target())).close()
        gc.collect()
        gc.disable()
        try:
            reply = await ask(client, it.target())
            answer = reply._answer
            assert await rest(reply) == b"hi"
            reply.close()
            assert [type(one).__name__ for one in gc.get_referrers(answer) if not isinstance(one, type(gc))] in (
                ["Reply"],
                ["Reply", "coroutine"],
            )
        finally:
            gc.enable()
