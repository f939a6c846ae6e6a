"""A client that leaves, at every moment at which it can."""

import asyncio

import pytest

from aibridge.demo.received import Ending
from aibridge.demo.script import Answer, CallTool, Gate, Hold, Part, Raw, Text, Think
from support import asking
from support.answers import event
from support.gateway import ROOT
from support.raw_client import connect, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

USAGE = {"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 1}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {}}
EVENTS = [
    event({"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": USAGE}}),
    event({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
    event({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
    event({"type": "content_block_stop", "index": 0}),
    event({"type": "content_block_start", "index": 1, "content_block": TOOL}),
    event({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
    event({"type": "content_block_stop", "index": 1}),
    event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
    event({"type": "message_stop"}),
]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DIALECTS = [
    ("anthropic", "/v1/messages", asking.messages),
    ("openai", "/v1/chat/completions", asking.chat),
    ("openai", "/v1/responses", asking.responses),
]


def chunk(data: bytes) -> Raw:
    return Raw(b"%x\r\n%b\r\n" % (len(data), data))


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("seen", range(len(EVENTS)))
async def test_trap_1_leaving_after_any_event(stage: Stage, *, seen: int, how: str) -> None:
    """The upstream request is cancelled at once; the row ends `cancelled` with what is known, and `partial`."""
    parts: list[Part] = [Raw(HEAD), *map(chunk, EVENTS[:seen]), Hold(Gate())]
    provider = stage.says(Answer(parts=parts, bare=True))
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/anthropic/v1/messages", asking.messages(stream=True), token=stage.token))
        await client.head()
        if seen:
            await client.reader.readuntil(EVENTS[seen - 1])
        client.reset() if how == "reset" else client.close()
        assert await provider.requests[0].over() is Ending.LEFT
    (record,) = await stage.gateway.ended()
    assert (record["outcome"], record["error_type"], record["partial"]) == ("cancelled", "unknown", True)
    assert record["status_code"] == 200
    assert record["user_prompts"][0]["prompt"] == "Why is the build red?"
    figures = [(usage["input_tokens"], usage["output_tokens"], usage["partial"]) for usage in record["token_usages"]]
    assert figures == ([] if seen == 0 else [(25, 9, False)] if seen > 7 else [(25, 1, True)])
    assert [tool["provider_tool_call_id"] for tool in record["tool_usages"]] == (["toolu_1"] if seen > 4 else [])


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_trap_1_leaving_while_the_provider_is_silent(
    stage: Stage, *, name: str, path: str, body: asking.Asks, stream: bool
) -> None:
    """Before the head of the answer: the client received nothing."""
    provider = stage.says([Hold(gate := Gate()), Text("never")])
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/{name}{path}", body(stream=stream), token=stage.token))
        await gate.reached.wait()
        client.close()
        assert await provider.requests[0].over() is Ending.LEFT
    (record,) = await stage.gateway.ended()
    assert (record["outcome"], record["status_code"], record["token_usages"]) == ("cancelled", None, [])


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
async def test_leaving_right_after_the_terminal_event_is_completed(
    stage: Stage, *, name: str, path: str, body: asking.Asks
) -> None:
    """Codex closes the socket after `response.completed`, SDKs after `[DONE]`: the body never ends for them."""
    gate = Gate()
    stage.says([Think("hm"), Text("hello"), CallTool("ls", {}, id="call_1")])
    whole = await stage.directly(path, body(stream=True))
    content = whole.content
    parts = [Raw(HEAD), chunk(content), Hold(gate), Raw(b"0\r\n\r\n")]
    provider = stage.says(Answer(parts=parts, bare=True))
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/{name}{path}", body(stream=True), token=stage.token))
        await client.reader.readuntil(content[-40:])
        client.close()
        assert await provider.requests[0].over() is Ending.LEFT
    (record,) = await stage.gateway.ended()
    assert (record["outcome"], record["partial"], record["error_type"]) == ("completed", False, None)
    assert [tool["tool"] for tool in record["tool_usages"]] == ["ls"]


async def test_leaving_before_the_body_is_complete_leaves_no_record(stage: Stage) -> None:
    """Nobody was asked anything."""
    provider = stage.says(Text("hello"))
    async with connect(stage.gateway.port) as client:
        whole = request(f"{ROOT}/anthropic/v1/messages", asking.messages(), token=stage.token)
        await client.send(whole[:-5])
        await client.nothing_yet()
        client.close()
    assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 200
    assert len(provider.requests) == len(await stage.gateway.interceptions()) == 1


async def test_leaving_ends_nobody_elses_answer(stage: Stage) -> None:
    """Twenty at once, every other one leaves; connections to the provider are reused afterwards."""
    gate = Gate()
    stage.says([Text("hello"), Hold(gate), Text("there")])

    async def one(number: int) -> bool:
        async with connect(stage.gateway.port) as client:
            body = asking.messages(f"prompt {number}", stream=True)
            await client.send(request(f"{ROOT}/anthropic/v1/messages", body, token=stage.token))
            await client.reader.readuntil(b"hello")
            if number % 2:
                client.reset()
                return False
            return b"message_stop" in (await client.reader.readuntil(b"\r\n0\r\n\r\n"))

    async with asyncio.TaskGroup() as tasks:
        asking_now = [tasks.create_task(one(number)) for number in range(20)]
        await stage.gateway.ended(10)
        gate.open()
    assert [task.result() for task in asking_now] == [number % 2 == 0 for number in range(20)]
    records = await stage.gateway.ended(20)
    outcomes = {record["user_prompts"][0]["prompt"]: record["outcome"] for record in records}
    assert all(outcomes[f"prompt {n}"] == ("cancelled" if n % 2 else "completed") for n in range(20))


async def test_leaving_a_passed_through_request_cancels_it(stage: Stage) -> None:
    parts = [Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), Hold(gate := Gate()), Raw(b"}")]
    said = Answer(parts=parts, bare=True)
    provider = stage.elsewhere(said)
    async with connect(stage.gateway.port) as client:
        await client.send(request(f"{ROOT}/anthropic/v1/models", token=stage.token, method="GET"))
        await gate.reached.wait()
        client.close()
        assert await provider.requests[0].over() is Ending.LEFT
    assert await stage.gateway.interceptions() == []
