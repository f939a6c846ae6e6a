"""Memory of a gateway process of its own: bounded whatever clients and providers send."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.script import Answer, Raw, Text
from aibridge.records import Role
from aibridge.store.pool import Store
from support import asking
from support.gateway import ROOT
from support.life.leftovers import swept
from support.life.processes import Served
from support.raw_client import connect, head, request
from support.tokens import token_of

pytestmark = pytest.mark.slow

MESSAGES = f"{ROOT}/anthropic/v1/messages"
MIB = 2**20


def memory(served: Served, kind: str) -> int:
    """Bytes: `VmHWM` is the most there ever was, `VmRSS` what there is."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    found = re.search(rf"{kind}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


@asynccontextmanager
async def serving(provider: Provider, root: Path, database: str) -> AsyncIterator[Served]:
    with swept(root) as home:
        async with serve_provider(provider) as upstream:
            yield await home.serving(upstream, AIBRIDGE_DATABASE_URL=database)


async def token(store: Store) -> str:
    user = await store.people.create_user("olivia", role=Role.OWNER)
    return (await token_of(store.people, user)).token


async def test_trap_11_four_bodies_of_64_mib_at_once(tmp_path: Path, database: str, store: Store) -> None:
    """They pass unchanged, and little is held beside them: one text being read, no copies. One byte more is 413."""
    provider = Provider(says=Text("hello"), keep=4)
    key = await token(store)
    small = len(asking.messages(""))

    async def one(port: int, size: int) -> int:
        async with connect(port, within=60) as client:
            await client.send(request(MESSAGES, asking.messages("x" * (size - small)), token=key))
            return (await client.answer()).status

    async with serving(provider, tmp_path / "home", database) as served:
        async with asyncio.TaskGroup() as tasks:
            answers = [tasks.create_task(one(served.port, 64 * MIB)) for _ in range(4)]
        assert [answer.result() for answer in answers] == [200] * 4
        assert {len(asked.body) for asked in provider.requests} == {64 * MIB}
        # Up to 405 MiB beside other work; one more copy of one body would be 64 MiB more.
        assert memory(served, "VmHWM") < 440 * MIB
        assert await one(served.port, 64 * MIB + 1) == 413


async def test_trap_33_a_hundred_bodies_that_nobody_may_send(tmp_path: Path, database: str) -> None:
    """Without a valid token nothing is read: memory stays where it was."""
    whole = b"x" * 8 * MIB
    fields = {"host": "x", "authorization": "Bearer nobody", "content-length": str(64 * MIB)}

    async def one(port: int) -> int:
        async with connect(port, within=60) as client:
            client.writer.write(head("POST", MESSAGES, fields) + whole)
            return (await client.answer()).status

    async with serving(Provider(), tmp_path / "home", database) as served:
        before = memory(served, "VmRSS")
        async with asyncio.TaskGroup() as tasks:
            answers = [tasks.create_task(one(served.port)) for _ in range(100)]
        assert {answer.result() for answer in answers} == {401}
        assert memory(served, "VmHWM") - before < 64 * MIB


async def test_trap_26_a_huge_answer_to_a_slow_reader(tmp_path: Path, database: str, store: Store) -> None:
    """What the client does not take, the provider cannot send; what it takes leaves nothing behind."""
    piece = b"data: " + b"x" * (64 * 1024 - 8) + b"\n\n"
    start = Raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    parts = [start, *[Raw(b"%x\r\n%b\r\n" % (len(piece), piece))] * 65536]  # 4 GiB
    provider = Provider(says=Answer(parts=parts, bare=True), keep=4)
    key = await token(store)
    async with serving(provider, tmp_path / "home", database) as served:
        before = memory(served, "VmRSS")
        async with connect(served.port, buffer=256 * 1024, within=60) as client:
            await client.send(request(MESSAGES, asking.messages(stream=True), token=key))
            await client.head()
            taken = 0
            while taken < 300 * MIB:
                taken += len(await client.reader.read(256 * 1024))
            await asyncio.sleep(0.2)
            assert provider.requests[0].ending is None
            assert memory(served, "VmHWM") - before < 24 * MIB
