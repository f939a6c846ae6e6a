"""What was revealed is recorded: the start before the first byte, the facts before the last ones."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from aibridge.demo.received import Ending
from aibridge.demo.script import Answer, CallTool, Fail, Framing, Gate, Hold, Part, Raw, Text, Wire, exactly
from support import asking
from support.gateway import ROOT
from support.postgres import fresh_database
from support.raw_client import RawClient, connect, request
from support.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

MESSAGES = f"{ROOT}/anthropic/v1/messages"
DIALECTS = [
    ("anthropic", "/v1/messages", asking.messages, b"event: message_stop"),
    ("openai", "/v1/chat/completions", asking.chat, b"[DONE]"),
    ("openai", "/v1/responses", asking.responses, b"response.completed"),
]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def impatient(database_server: str, template: str) -> AsyncIterator[Stage]:
    """A gateway that waits for its database only a moment."""
    environ = {"AIBRIDGE_BEGIN_TIMEOUT": "0.3s", "AIBRIDGE_FINISH_TIMEOUT": "0.5s"}
    async with fresh_database(database_server, template) as database, open_stage(database, environ=environ) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def patient_at_the_end(database_server: str, template: str) -> AsyncIterator[Stage]:
    """A gateway that gives up on a start at once, and on an end never."""
    environ = {"AIBRIDGE_BEGIN_TIMEOUT": "0.3s", "AIBRIDGE_FINISH_TIMEOUT": "10m"}
    async with fresh_database(database_server, template) as database, open_stage(database, environ=environ) as stage:
        yield stage


async def ask(stage: Stage, client: RawClient, *, stream: bool) -> None:
    await client.send(request(MESSAGES, asking.messages(stream=stream), token=stage.gateway.user.token))


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_no_byte_comes_before_the_start_is_durable(stage: Stage, *, stream: bool) -> None:
    """The whole answer of the provider is there, and the client has not even a status line."""
    provider = stage.says(Text("hello"))
    async with connect(stage.gateway.port) as client:
        async with stage.record_held():
            await ask(stage, client, stream=stream)
            asked = await provider.received()
            assert await asked.over() is Ending.WHOLE, "the upstream call runs beside the write"
            assert await client.nothing_yet()
        assert (await client.answer()).whole
    record = await stage.gateway.only()
    assert record["outcome"] == "completed"
    assert record["user_prompts"][0]["prompt"] == "Why is the build red?"


@pytest.mark.parametrize(("name", "path", "body", "terminal"), DIALECTS, ids=[d[1] for d in DIALECTS])
async def test_the_terminal_event_waits_for_the_facts(
    stage: Stage, name: str, path: str, body: asking.Asks, terminal: bytes
) -> None:
    """All that comes before it is with the client already."""
    gate = Gate()
    stage.says([Text("hello there"), Hold(gate), CallTool("ls", {"path": "."})])
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/{name}{path}", body(stream=True), token=stage.gateway.user.token))
        await client.reader.readuntil(b"there")
        async with stage.record_held():
            gate.open()
            seen = await client.until_silent()
            assert terminal not in seen
        seen += await client.reader.readuntil(b"\r\n0\r\n\r\n")
        assert terminal in seen
    assert [tool["tool"] for tool in (await stage.gateway.only())["tool_usages"]] == ["ls"]


async def test_of_a_stream_that_ends_by_its_length_alone_the_last_bytes_wait(stage: Stage) -> None:
    """Without a terminal event the length tells the client that all is there, and the record that it is not."""
    gate = Gate()
    first, last = b'event: ping\ndata: {"type":"ping"}\n\n', b"event: ping\n\n"
    length = b"content-length: %d\r\n\r\n" % len(first + last)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + length
    stage.says(Answer(parts=[Raw(head), Raw(first), Hold(gate), Raw(last)], bare=True))
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=True)
        await client.reader.readuntil(first)
        await gate.reached.wait()
        async with stage.record_held():
            gate.open()
            assert await client.until_silent() == b""
        assert await client.reader.readexactly(len(last)) == last
        assert (await stage.gateway.only())["outcome"] == "truncated"


async def test_of_a_plain_body_the_latest_chunk_waits(stage: Stage) -> None:
    """It may be the last; the one before it goes on."""
    gates = [Gate(), Gate()]
    pieces: list[Part] = [Raw(b'{"id":"msg_1",'), Hold(gates[0]), Raw(b'"model":"m",'), Hold(gates[1]), Raw(b'"x":1}')]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 32\r\n\r\n"
    stage.says(Answer(parts=[Raw(head), *pieces], bare=True))
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=False)
        await gates[0].reached.wait()
        await client.reader.readuntil(b"\r\n\r\n")
        assert await client.nothing_yet()
        gates[0].open()
        await client.reader.readuntil(b'{"id":"msg_1",')
        await gates[1].reached.wait()
        assert await client.nothing_yet()
        async with stage.record_held():
            gates[1].open()
            assert await client.until_silent() == b'"model":"m",'
        assert await client.reader.readexactly(6) == b'"x":1}'


async def test_the_head_of_a_whole_plain_answer_comes_once_the_start_is_durable(stage: Stage) -> None:
    """Its body is also its end, and waits for the facts."""
    provider = stage.says(Text("hello"))
    async with connect(stage.gateway.port) as client, stage.record_held("aibridge_sessions"):
        await ask(stage, client, stream=False)
        await (await provider.received()).over()
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await client.until_silent() == b""


@pytest.mark.parametrize("framing", list(Framing))
async def test_of_an_empty_body_the_headers_wait(stage: Stage, framing: Framing) -> None:
    """There are no other last bytes."""
    ends = {
        Framing.LENGTH: (b"content-length: 0\r\n\r\n", b""),
        Framing.CHUNKED: (b"transfer-encoding: chunked\r\n\r\n", b"0\r\n\r\n"),
        Framing.CLOSE: (b"connection: close\r\n\r\n", b""),
    }
    gate = Gate()
    head, end = ends[framing]
    parts = [Raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + head), Hold(gate), Raw(end)]
    stage.says(Answer(parts=parts, bare=True, wire=Wire(hang_up=True)))
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=False)
        await gate.reached.wait()
        if framing is not Framing.LENGTH:
            assert await client.nothing_yet(), "nobody knows yet that the body is empty"
        async with stage.record_held():
            gate.open()
            if framing is not Framing.LENGTH:
                assert await client.until_silent() == b""
        answer = await client.answer()
        assert (answer.status, answer.body) == (200, b"")


async def test_an_error_page_is_plain_whatever_its_content_type(stage: Stage) -> None:
    """A status of 400 has no terminal event, also under `text/event-stream`."""
    gate = Gate()
    head = b"HTTP/1.1 529 Overloaded\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    error = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    parts = [Raw(head), Hold(gate), Raw(b"%x\r\n%b\r\n0\r\n\r\n" % (len(error), error))]
    stage.says(Answer(parts=parts, bare=True))
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=True)
        await gate.reached.wait()
        async with stage.record_held():
            gate.open()
            assert error not in await client.until_silent()
        assert (await client.answer()).body == error
    assert (await stage.gateway.only())["error_type"] == "overloaded"


# ------------------------------------------------------------------ a database that does not answer


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_a_start_that_cannot_be_recorded_is_answered_503(patient_at_the_end: Stage, *, stream: bool) -> None:
    """In the provider's shape, to be tried again; the upstream call is broken off. Nobody waits for the end too."""
    stage = await patient_at_the_end.visited_by()
    gate = Gate()
    provider = stage.says([Hold(gate), Text("hello")])
    async with connect(stage.gateway.port) as client, stage.record_held():
        await ask(stage, client, stream=stream)
        answer = await client.answer()
        assert answer.status == 503
        assert json.loads(answer.body)["error"]["type"] == "api_error"
        assert answer.header(b"retry-after") == b"1"
        assert answer.header(b"x-should-retry") is None
        assert answer.header(b"x-aibridge-interception-id")
        assert await (await provider.received()).over() is Ending.LEFT
    (record,) = await stage.gateway.ended()
    assert (record["outcome"], record["status_code"], record["error_type"]) == ("failed", 503, "server_error")
    assert record["user_prompts"], "it is written later all the same"


async def test_after_a_failure_the_start_comes_before_the_provider(impatient: Stage) -> None:
    """From the first failed batch until one succeeds, nothing is sent upstream that could not be recorded."""
    stage = await impatient.visited_by()
    provider = stage.says(Text("hello"))
    async with stage.record_held():
        while stage.gateway.worker.recorder.available:
            assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 503
        before = len(provider.requests)
        assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 503
        assert len(provider.requests) == before
    assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 200
    records = await stage.gateway.ended(3)
    assert {record["outcome"] for record in records} == {"failed", "completed"}, "nothing stays in flight for ever"


async def test_an_end_that_cannot_be_recorded_cuts_the_stream(impatient: Stage) -> None:
    """The terminal event is never revealed."""
    stage = await impatient.visited_by()
    gate = Gate()
    stage.says([Text("hello there"), Hold(gate)])
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=True)
        await client.reader.readuntil(b"there")
        async with stage.record_held():
            gate.open()
            rest = await client.rest()
            assert b"message_stop" not in rest
            assert not rest.endswith(b"0\r\n\r\n")
    (record,) = await stage.gateway.ended()
    assert record["outcome"] == "completed", "the recorder owns the end, and wrote it later"


async def test_an_end_that_cannot_be_recorded_keeps_a_plain_body_back(impatient: Stage) -> None:
    """The head has gone, of the body nothing: the client sees a cut, and none of what was not recorded."""
    stage = await impatient.visited_by()
    gate = Gate()
    stage.says([Hold(gate), Text("hello")])
    async with connect(stage.gateway.port) as client:
        await ask(stage, client, stream=False)
        await gate.reached.wait()
        await stage.begun()
        async with stage.record_held():
            gate.open()
            answer = await client.answer()
    assert answer.status == 200
    assert not answer.whole
    assert answer.body == b""


async def test_a_client_that_leaves_while_the_record_is_held_is_recorded(stage: Stage) -> None:
    """Cancelling a waiter never withdraws its record."""
    provider = stage.says(Text("hello"))
    async with stage.record_held(), connect(stage.gateway.port) as client:
        await ask(stage, client, stream=True)
        await provider.received()
        client.reset()
    (record,) = await stage.gateway.ended()
    assert record["user_prompts"][0]["prompt"] == "Why is the build red?"


async def test_garbage_from_the_provider_leaves_an_ended_record(stage: Stage) -> None:
    """An answer that is no HTTP is an error of the gateway's own: 502."""
    stage.says(exactly(b"SSH-2.0-OpenSSH_9.6\r\n"))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "api_error")
    record = await stage.gateway.only()
    assert (record["outcome"], record["status_code"], record["error_type"]) == ("failed", 502, "server_error")


async def test_an_error_status_is_recorded_before_it_is_seen(stage: Stage) -> None:
    """Whoever sees it finds it on the record at once."""
    stage.says(Fail(429, headers=((b"retry-after", b"7"),)))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert (await stage.gateway.only())["error_type"] == "rate_limited"
