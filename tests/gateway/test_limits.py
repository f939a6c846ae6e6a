"""Everything has a bound, and whoever goes beyond it is told so in words it can read."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from aibridge.demo.script import Answer, Gate, Hold, Raw, Text
from aibridge.gateway import body, server
from support import asking
from support.gateway import ROOT
from support.raw_client import Answered, connect, head, request
from support.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

MESSAGES = f"{ROOT}/anthropic/v1/messages"
MAX = 64 * 2**20


def fields(stage: Stage, **more: str) -> dict[str, str]:
    own = {"host": "gateway", "authorization": f"Bearer {stage.token}"}
    return own | {name.replace("_", "-"): value for name, value in more.items()}


# ------------------------------------------------------------------ the head


@pytest.mark.parametrize(
    "endless",
    [
        b"x-long: " + b"y" * 70_000,
        b"".join(b"x-%d: y\r\n" % n for n in range(201)),
        b"".join([b"x: " + b"y" * 900 + b"\r\n"] * 80),
    ],
    ids=["one long", "201 fields", "many"],
)
@pytest.mark.parametrize("size", [300, 100_000], ids=["small pieces", "at once"])
async def test_trap_33_a_head_too_large_is_431(stage: Stage, *, endless: bytes, size: int) -> None:
    """Before anybody is asked; the refusal arrives although the client is still sending."""
    async with connect(stage.gateway.port) as client:
        await client.send(b"POST %b HTTP/1.1\r\nhost: x\r\n" % MESSAGES.encode())
        whole = endless + b"\r\n\r\n"
        for at in range(0, len(whole), size):
            await client.send(whole[at : at + size])
        answer = await client.answer()
    assert (answer.status, answer.header(b"connection")) == (431, b"close")
    assert json.loads(answer.body)["message"]


async def test_trap_33_a_request_line_without_end_is_431(stage: Stage) -> None:
    async with connect(stage.gateway.port) as client:
        for _ in range(70):
            await client.send(b"GET /" + b"x" * 1000 if _ == 0 else b"x" * 1000)
        assert (await client.answer()).status == 431


async def test_a_head_just_within_the_bounds_is_accepted(stage: Stage) -> None:
    provider = stage.says(Text("hello"))
    more = {f"x-{number}": "y" * 300 for number in range(190)}
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields(stage, content_length=str(len(asking.messages()))) | more))
        await client.send(asking.messages())
        assert (await client.answer()).status == 200
    assert provider.requests[0].header(b"x-189") == b"y" * 300


async def test_a_head_that_never_ends_is_408(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    async with connect(stage.gateway.port) as client:
        await client.send(b"POST /x HTTP/1.1\r\nhost:")
        answer = await client.answer()
        assert (answer.status, answer.header(b"connection")) == (408, b"close")
        client.half_close()
        assert await client.rest() == b""


async def test_a_silent_connection_is_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SILENT_SECONDS", 0.05)
    async with connect(stage.gateway.port) as client:
        assert await client.rest() == b""


# ------------------------------------------------------------------ the body


async def test_trap_33_a_body_that_never_comes_is_408(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.1)
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields(stage, content_length="100")) + b"{")
        answer = await client.answer()
    assert (answer.status, answer.header(b"connection")) == (408, b"close")
    assert json.loads(answer.body)["type"] == "error"


async def test_a_slow_body_is_not_a_silent_one(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte counts as progress; a machine that is busy for two seconds is no failure either."""
    monkeypatch.setattr(body, "BODY_SECONDS", 2.5)
    stage.says(Text("hello"))
    whole = asking.messages("x")
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields(stage, content_length=str(len(whole)))))
        for at in range(0, len(whole), 12):
            await client.send(whole[at : at + 12])
            await asyncio.sleep(0.4)
        assert (await client.answer()).status == 200


async def test_trap_11_one_byte_too_much_is_413_before_it_is_sent(stage: Stage) -> None:
    """Where the length is told, the body need not come at all."""
    provider = stage.says(Text("hello"))
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields(stage, content_length=str(MAX + 1))))
        answer = await client.answer()
    assert (answer.status, answer.header(b"connection")) == (413, b"close")
    assert json.loads(answer.body)["error"]["type"] == "request_too_large"
    assert not provider.requests


@pytest.fixture(scope="module")
def small_limits() -> dict[str, str]:
    return {"AIBRIDGE_MAX_BODY": "64KiB", "AIBRIDGE_BODY_MEMORY": "160KiB"}


async def send_chunks(stage: Stage, count: int, size: int) -> Answered:
    """So many chunks, of which the server may refuse any."""
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", MESSAGES, fields(stage, transfer_encoding="chunked")))
        for _ in range(count):
            await client.send(b"%x\r\n%b\r\n" % (size, b" " * size))
        return await client.answer()


async def test_trap_11_a_chunked_body_too_large_is_413_while_it_comes(
    database: str, small_limits: dict[str, str]
) -> None:
    """The client reads the refusal although it goes on sending: the connection lingers."""
    async with open_stage(database, environ=small_limits) as owner:
        answer = await send_chunks(owner, 200, 8192)
        assert (answer.status, answer.header(b"connection")) == (413, b"close")
        whole = asking.messages("x" * (64 * 1024 - len(asking.messages(""))))
        assert len(whole) == 64 * 1024
        owner.says(Text("hello"))
        assert (await owner.gateway.post("/v1/messages", whole)).status_code == 200
        assert (await owner.gateway.post("/v1/messages", whole + b" ")).status_code == 413


async def test_trap_33_bodies_together_have_a_bound(database: str, small_limits: dict[str, str]) -> None:
    """Beyond it 503; what is given back is free for others, also when a client leaves."""
    async with open_stage(database, environ=small_limits) as owner:
        owner.says(Text("hello"))
        big = head("POST", MESSAGES, fields(owner, content_length="65536")) + b"{" + b" " * 60_000
        async with connect(owner.gateway.port) as one, connect(owner.gateway.port) as two:
            await one.send(big)
            await two.send(big)
            await one.nothing_yet()
            async with connect(owner.gateway.port) as three:
                await three.send(big)
                answer = await three.answer()
            assert (answer.status, answer.header(b"retry-after")) == (503, b"1")
        async with asyncio.timeout(60):
            while (await owner.gateway.post("/v1/messages", asking.messages("x" * 60_000))).status_code != 200:
                await asyncio.sleep(0)


async def test_a_body_is_let_go_of_when_the_answer_begins(database: str, small_limits: dict[str, str]) -> None:
    """Answers take minutes: their requests must not keep others out."""
    async with open_stage(database, environ=small_limits) as owner, AsyncExitStack() as clients:
        owner.says([Text("hello"), Hold(Gate())])
        whole = asking.messages("x" * 60_000, stream=True)
        for _ in range(5):
            client = await clients.enter_async_context(connect(owner.gateway.port))
            await client.send(request(MESSAGES, whole, token=owner.token))
            assert (await client.head())[0] == 200


# ------------------------------------------------------------------ a client that does not read


def resident() -> int:
    """Bytes of memory of this process, gateway and provider included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_trap_26_a_slow_reader_of_a_huge_answer_costs_no_memory(stage: Stage) -> None:
    """Back-pressure reaches the provider: it can write only a little more than the client reads."""
    piece = b"data: " + b"x" * 65_530 + b"\n\n"

    start = Raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    parts = [start, *[Raw(b"%x\r\n%b\r\n" % (len(piece), piece))] * 4096]  # 256 MiB
    provider = stage.says(Answer(parts=parts, bare=True))
    async with connect(stage.gateway.port, buffer=64 * 1024) as client:
        before = resident()
        await client.send(request(MESSAGES, asking.messages(stream=True), token=stage.token))
        await client.head()
        for _ in range(200):
            await client.reader.read(16 * 1024)
            await asyncio.sleep(0)
        assert provider.requests[0].ending is None, "the provider could not get rid of it"
        assert resident() - before < 32 * 2**20
        client.reset()
        await provider.requests[0].over()
    assert (await stage.gateway.ended())[0]["outcome"] == "cancelled"


async def test_a_client_that_reads_nothing_counts_as_gone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STALLED_SECONDS", 0.1)
    piece = Raw(b"%x\r\n%b\r\n" % (2**20, b"x" * 2**20))
    head_of_it = Raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    provider = stage.says(Answer(parts=[head_of_it, *[piece] * 64], bare=True))
    async with connect(stage.gateway.port, buffer=8 * 1024) as client:
        await client.send(request(MESSAGES, asking.messages(stream=True), token=stage.token))
        await provider.received()
        await provider.requests[0].over()
    assert (await stage.gateway.ended())[0]["outcome"] == "cancelled"


@pytest.mark.slow
async def test_trap_11_a_body_of_64_mib_passes(stage: Stage) -> None:
    """Byte for byte."""
    provider = stage.says(Text("hello"))
    whole = asking.messages("x" * (MAX - len(asking.messages(""))))
    assert len(whole) == MAX
    answer = await stage.gateway.post("/v1/messages", whole)
    assert answer.status_code == 200
    assert provider.requests[0].body == whole
    assert (await stage.gateway.post("/v1/messages", whole + b" ")).status_code == 413
    (record,) = await stage.gateway.interceptions()
    assert record["body_sha256_received"] == record["body_sha256_sent"]
