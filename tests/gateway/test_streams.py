"""Streams as they flow: at once, once, and with figures that are counted once."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from aibridge.demo.provider import Provider
from aibridge.demo.script import Answer, CallTool, Commentary, Fail, Gate, Hold, Raw, Text, Think, Usage, exactly
from support import asking
from support.answers import event, stream
from support.gateway import ROOT
from support.raw_client import connect, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

DIALECTS = [
    ("anthropic", "/v1/messages", asking.messages),
    ("openai", "/v1/chat/completions", asking.chat),
    ("openai", "/v1/responses", asking.responses),
]
SAID = [Think("hm"), Commentary("Let me see."), Text("hello"), CallTool("ls", {"path": "."}, id="call_1")]


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
async def test_what_the_provider_said_is_with_the_client_while_it_is_silent(
    stage: Stage, *, name: str, path: str, body: asking.Asks
) -> None:
    """No buffering: each event is seen before the next one is sent."""
    gates = [Gate(), Gate()]
    stage.says([Text("first"), Hold(gates[0]), Text("second"), Hold(gates[1]), Text("third")])
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/{name}{path}", body(stream=True), token=stage.token))
        await client.reader.readuntil(b"first")
        gates[0].open()
        await client.reader.readuntil(b"second")
        gates[1].open()
        await client.reader.readuntil(b"third")
        await client.reader.readuntil(b"\r\n0\r\n\r\n")


async def test_the_head_of_a_stream_does_not_wait_for_its_first_event(stage: Stage) -> None:
    """Clients time out on silence before the head."""
    gate = Gate()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 4\r\n\r\n"
    stage.says(Answer(parts=[Raw(head), Hold(gate), Raw(b": x\n")], bare=True))
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/anthropic/v1/messages", asking.messages(stream=True), token=stage.token))
        assert (await client.head())[0] == 200
        gate.open()
        assert await client.reader.readexactly(4) == b": x\n"


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_traps_2_and_3_figures_are_counted_once(
    stage: Stage, *, name: str, path: str, body: asking.Asks, streaming: bool
) -> None:
    """Input without the cache, for every API; cumulative figures are not added up; zero is zero."""
    used = Usage(input=100, output=50, cache_read=30, cache_write=0)
    stage.says(Answer(parts=SAID, usage=used, id="resp_1", model="m-2026"))
    more: Any = {"stream_options": {"include_usage": True}} if streaming and body is asking.chat else {}
    await stage.gateway.post(path, body(stream=streaming, **more), provider=name)
    record = await stage.gateway.only()
    (usage,) = record["token_usages"]
    figures = [usage[f"{kind}_tokens"] for kind in ("input", "output", "cache_read_input", "cache_write_input")]
    assert figures == [100, 50, 30, 0 if name == "anthropic" else None]
    assert (usage["partial"], usage["provider_response_id"]) == (False, "resp_1")
    assert (record["provider_response_id"], record["response_model"]) == ("resp_1", "m-2026")
    (tool,) = record["tool_usages"]
    assert (tool["tool"], json.loads(tool["input"]), tool["provider_tool_call_id"]) == ("ls", {"path": "."}, "call_1")
    assert "hm" in [thought["content"] for thought in record["model_thoughts"]]
    assert record["time_to_first_byte_us"] > 0


async def test_a_request_begins_when_it_arrives_not_when_its_body_has(stage: Stage) -> None:
    """A large body takes its time; the duration counts it as the time to the first byte does."""
    stage.says(Text("hello"))
    whole = request(f"{ROOT}/anthropic/v1/messages", asking.messages(), token=stage.token)
    async with connect(stage.gateway.port) as client:
        await client.send(whole[:-1])
        await asyncio.sleep(0.2)
        await client.send(whole[-1:])
        assert (await client.answer()).status == 200
    record = await stage.gateway.only()
    began, ended = (datetime.fromisoformat(record[name]) for name in ("started_at", "ended_at"))
    assert 200_000 <= record["time_to_first_byte_us"] <= (ended - began) / timedelta(microseconds=1)


async def test_trap_2_all_zero_is_zero_and_absent_is_unknown(stage: Stage) -> None:
    zero = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": zero}}
    delta = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 0}}
    body = stream(start, delta, {"type": "message_stop"})
    stage.says(exactly(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + body))
    await stage.gateway.post("/v1/messages", asking.messages(stream=True))
    (usage,) = (await stage.gateway.only())["token_usages"]
    figures = [usage[f"{kind}_tokens"] for kind in ("input", "output", "cache_read_input", "cache_write_input")]
    assert figures == [0, 0, 0, None]


async def test_what_comes_after_the_terminal_event_is_carried_and_adds_nothing(stage: Stage) -> None:
    start = {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 1, "output_tokens": 1}}}
    late = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 999}}
    body = stream(start, {"type": "message_stop"}) + event(late) + b": the end\n\n"
    stage.says(exactly(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + body))
    answer = await stage.gateway.post("/v1/messages", asking.messages(stream=True))
    assert answer.content == body
    (usage,) = (await stage.gateway.only())["token_usages"]
    assert usage["output_tokens"] != 999


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
async def test_an_error_event_ends_the_record_before_it_is_seen(
    stage: Stage, *, name: str, path: str, body: asking.Asks
) -> None:
    """It is the last thing of a stream: whoever sees it finds the row."""
    gate = Gate()
    stage.says([Text("hello"), Hold(gate), Fail(message="broken down")])
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/{name}{path}", body(stream=True), token=stage.token))
        await client.reader.readuntil(b"hello")
        async with stage.record_held():
            gate.open()
            assert b"broken down" not in await client.until_silent()
        await client.reader.readuntil(b"broken down")
    assert (await stage.gateway.only())["outcome"] == "failed"


async def test_a_stream_that_was_asked_for_but_is_plain_is_read_as_plain(stage: Stage) -> None:
    """What counts is what the provider says that it sends."""
    answer = b'{"id":"msg_1","model":"m","usage":{"input_tokens":1,"output_tokens":2},"content":[]}'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
    stage.says(exactly(head % len(answer) + answer))
    assert (await stage.gateway.post("/v1/messages", asking.messages(stream=True))).content == answer
    record = await stage.gateway.only()
    assert (record["streaming"], record["outcome"], record["token_usages"][0]["output_tokens"]) == (
        True,
        "completed",
        2,
    )


async def test_answers_share_connections_and_nothing_else(stage: Stage) -> None:
    """Fifty streams in one connection's turns, each with its own facts."""
    provider = stage.says(Text("hello"))
    for number in range(50):
        await stage.gateway.post("/v1/messages", asking.messages(f"prompt {number}", stream=True))
    records = await stage.gateway.interceptions()
    assert [record["user_prompts"][0]["prompt"] for record in records] == [f"prompt {n}" for n in range(49, -1, -1)]
    assert len({record["provider_response_id"] for record in records}) == 50
    assert len({asked.connection for asked in provider.requests}) == 1


REFUSED = stream(
    {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 3}}},
    {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 0}},
    {"type": "message_stop"},
)
TOLD = {"incomplete_details": {"reason": "max_output_tokens"}, "status": "incomplete", "id": "resp_1", "output": []}
CUT_SHORT = stream({"type": "response.incomplete", "response": TOLD})
FILTERED = stream({"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}, "[DONE]")


@pytest.mark.parametrize(
    ("dialect", "answer", "reason"),
    [
        (DIALECTS[0], REFUSED, "refusal"),
        (DIALECTS[1], FILTERED, "content_filter"),
        (DIALECTS[2], CUT_SHORT, "max_output_tokens"),
    ],
)
async def test_a_model_that_did_not_simply_finish_is_on_record_with_its_reason(
    stage: Stage, dialect: tuple[str, str, asking.Asks], answer: bytes, reason: str
) -> None:
    """The answer is complete as HTTP and events go; what an audit wants to know stands in one word of it."""
    name, path, body = dialect
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(answer)
    stage.play(Provider(answers=[exactly(head + answer)]))
    await stage.gateway.post(path, body(stream=True), provider=name)
    row = await stage.gateway.only()
    assert (row["outcome"], row["metadata"]["stop_reason"]) == ("completed", reason)
