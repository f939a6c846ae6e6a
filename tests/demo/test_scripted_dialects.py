"""What is said is what a client reads: each dialect is read back by a small reader of its own."""

import json
from typing import Any

import httpx
import pytest

from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.script import Answer, CallTool, Commentary, Fail, Raw, ServerTool, Text, Think, Usage

Json = dict[str, Any]

SAID = (
    Think("The user wants the list: ü, 漢字, \U0001f6a2."),
    Commentary("I'll look."),
    CallTool("ls", {"path": ".", "all": True}, id="call_one"),
    CallTool("cat", {"path": 'a"b\n.txt'}, id="call_two"),
)
USAGE = Usage(input=24, output=61, cache_read=1843, cache_write=256, reasoning=9)
CALLS = [("call_one", "ls", {"path": ".", "all": True}), ("call_two", "cat", {"path": 'a"b\n.txt'})]


async def ask(provider: Provider, path: str, body: Json) -> httpx.Response:
    async with serve_provider(provider) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(address + path, json=body)


def events(text: str) -> list[tuple[str, Json]]:
    """Name and data of every event; a name must stand before its data."""
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines.get("event", ""), json.loads(lines["data"]) if lines["data"] != "[DONE]" else {}))
    return found


# ------------------------------------------------------------------ Anthropic Messages


def read_message(stream: list[tuple[str, Json]]) -> Json:
    """Put a message together from its stream, as the SDKs do."""
    message: Json = {}
    for name, data in stream:
        assert data["type"] == name
        match name:
            case "message_start":
                message = data["message"]
            case "content_block_start":
                assert data["index"] == len(message["content"])
                message["content"].append(data["content_block"] | {"json": ""})
            case "content_block_delta":
                block, delta = message["content"][data["index"]], data["delta"]
                for source, target in (("thinking", "thinking"), ("text", "text"), ("partial_json", "json")):
                    if source in delta:
                        block[target] += delta[source]
                block |= {"signature": delta["signature"]} if "signature" in delta else {}
            case "message_delta":
                message |= data["delta"]
                message["usage"] |= data["usage"]
    for block in message["content"]:
        text = block.pop("json")
        if "input" in block:
            block["input"] = json.loads(text)
    return message


@pytest.mark.parametrize("stream", [True, False])
async def test_messages_say_what_was_scripted(*, stream: bool) -> None:
    """Thoughts with their signature, text, parallel calls, usage: the same streamed and plain."""
    provider = Provider(Answer(parts=SAID, usage=USAGE, id="msg_1"))
    reply = await ask(provider, "/v1/messages?beta=true", {"model": "claude-x", "stream": stream})
    message = read_message(events(reply.text)) if stream else reply.json()
    thought, text, *calls = message["content"]
    assert (thought["type"], thought["thinking"], bool(thought["signature"])) == ("thinking", SAID[0].text, True)
    assert text == {"type": "text", "text": "I'll look."}
    assert [(call["id"], call["name"], call["input"]) for call in calls] == CALLS
    assert (message["id"], message["model"], message["stop_reason"]) == ("msg_1", "claude-x", "tool_use")
    usage = message["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (24, 61)
    assert (usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (1843, 256)
    assert reply.headers["request-id"].startswith("req_011")
    assert "anthropic-ratelimit-requests-remaining" in reply.headers


async def test_a_message_stream_is_in_the_provider_s_order() -> None:
    """Every block is closed before the next one opens; a ping comes after the first start."""
    reply = await ask(Provider([Text("hi"), CallTool("ls", {})]), "/v1/messages", {"model": "m", "stream": True})
    names = [name for name, _ in events(reply.text)]
    assert names == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


async def test_the_first_usage_of_a_message_is_not_the_last() -> None:
    """`output_tokens` of `message_start` is a beginning; the final figure replaces it."""
    reply = await ask(Provider([Text("hi")]), "/v1/messages", {"model": "m", "stream": True})
    stream = events(reply.text)
    assert stream[0][1]["message"]["usage"]["output_tokens"] == 1
    assert stream[-2][1]["usage"]["output_tokens"] == 61


async def test_a_hosted_tool_of_messages_brings_its_own_result() -> None:
    """`server_tool_use` and the result block, with no answer expected of the client."""
    said = [ServerTool("web_search", {"query": "tides"}), Text("High at noon.")]
    reply = await ask(Provider(said), "/v1/messages", {"model": "m", "stream": True})
    blocks = read_message(events(reply.text))["content"]
    assert [block["type"] for block in blocks] == ["server_tool_use", "web_search_tool_result", "text"]
    assert blocks[0]["input"] == {"query": "tides"}
    assert blocks[1]["tool_use_id"] == blocks[0]["id"]


# ------------------------------------------------------------------ Chat Completions


def read_completion(stream: list[tuple[str, Json]]) -> Json:
    """Put a completion together from its chunks, as the SDKs do."""
    message: Json = {"content": "", "reasoning_content": "", "tool_calls": {}}
    for _, chunk in stream[:-1]:
        message |= {"id": chunk["id"], "model": chunk["model"]}
        if chunk.get("usage"):
            message["usage"] = chunk["usage"]
        for choice in chunk["choices"]:
            delta = choice["delta"]
            message["content"] += delta.get("content") or ""
            message["reasoning_content"] += delta.get("reasoning_content", "")
            message["finish_reason"] = choice["finish_reason"]
            for call in delta.get("tool_calls", ()):
                known = message["tool_calls"].setdefault(call["index"], {"arguments": ""})
                known |= {"id": call["id"]} if "id" in call else {}
                known |= {"name": call["function"]["name"]} if "name" in call["function"] else {}
                known["arguments"] += call["function"]["arguments"]
    return message


async def test_chat_streams_say_what_was_scripted() -> None:
    """Reasoning, text, parallel calls by index, the usage where it was asked for, `[DONE]`."""
    body = {"model": "gpt-x", "stream": True, "stream_options": {"include_usage": True}}
    reply = await ask(Provider(Answer(parts=SAID, usage=USAGE)), "/v1/chat/completions", body)
    assert reply.text.endswith("data: [DONE]\n\n")
    message = read_completion(events(reply.text))
    calls = [(call["id"], call["name"], json.loads(call["arguments"])) for call in message["tool_calls"].values()]
    assert calls == CALLS
    assert (message["content"], message["reasoning_content"]) == ("I'll look.", SAID[0].text)
    assert message["finish_reason"] == "tool_calls"
    assert message["usage"]["prompt_tokens"] == 24 + 1843 + 256
    assert message["usage"]["prompt_tokens_details"]["cached_tokens"] == 1843
    assert message["usage"]["completion_tokens_details"]["reasoning_tokens"] == 9


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}, {"stream_options": None}])
async def test_a_chat_stream_has_no_usage_unless_asked(options: Json) -> None:
    """Then no chunk mentions it."""
    reply = await ask(Provider([Text("hi")]), "/v1/chat/completions", {"model": "m", "stream": True} | options)
    assert "usage" not in reply.text


async def test_a_plain_completion_says_what_was_scripted() -> None:
    """One message with everything."""
    provider = Provider(Answer(parts=SAID, usage=USAGE, stop="length"))
    completion = (await ask(provider, "/openai/v1/chat/completions", {"model": "gpt-x"})).json()
    (choice,) = completion["choices"]
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in choice["message"]["tool_calls"]
    ]
    assert (calls, choice["finish_reason"]) == (CALLS, "length")
    assert completion["usage"]["total_tokens"] == 24 + 1843 + 256 + 61


# ------------------------------------------------------------------ Responses


@pytest.mark.parametrize("stream", [True, False])
async def test_responses_say_what_was_scripted(*, stream: bool) -> None:
    """A reasoning summary, commentary, calls; everything stands in the terminal event too."""
    said = (*SAID, CallTool("exec", "print(1)\n", id="call_three", custom=True, namespace="code"))
    reply = await ask(
        Provider(Answer(parts=said, usage=USAGE, id="resp_1")), "/v1/responses", {"model": "gpt-x", "stream": stream}
    )
    if stream:
        assert [data["sequence_number"] for _, data in events(reply.text)] == list(range(len(events(reply.text))))
    response = events(reply.text)[-1][1]["response"] if stream else reply.json()
    reasoning, commentary, one, two, custom = response["output"]
    assert reasoning["summary"][0]["text"] == SAID[0].text
    assert (commentary["phase"], commentary["content"][0]["text"]) == ("commentary", "I'll look.")
    assert [(call["call_id"], call["name"], json.loads(call["arguments"])) for call in (one, two)] == CALLS
    assert (custom["type"], custom["input"], custom["namespace"]) == ("custom_tool_call", "print(1)\n", "code")
    assert (response["id"], response["status"]) == ("resp_1", "completed")
    assert response["usage"]["input_tokens_details"]["cached_tokens"] == 1843
    assert reply.headers["x-request-id"]


async def test_the_deltas_of_a_response_add_up_to_its_items() -> None:
    """A reader of deltas and a reader of the terminal event learn the same."""
    reply = await ask(Provider(SAID), "/v1/responses", {"model": "m", "stream": True})
    stream = events(reply.text)
    heard: dict[str, str] = {}
    for name, data in stream:
        if name.endswith(".delta"):
            heard[data["item_id"]] = heard.get(data["item_id"], "") + data["delta"]
    done = [data["item"] for name, data in stream if name == "response.output_item.done"]
    assert done == stream[-1][1]["response"]["output"]
    assert list(heard.values()) == [
        SAID[0].text,
        "I'll look.",
        '{"path":".","all":true}',
        '{"path":"a\\"b\\n.txt"}',
    ]


async def test_a_response_repeats_its_request() -> None:
    """Byte for byte, numbers included: what makes these events large."""
    body = b'{"model":"m","stream":true,"tools":[{"type":"x","n":1.50}],"instructions":"Be brief."}'
    async with (
        serve_provider(Provider([Text("hi")])) as address,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        reply = await client.post(f"{address}/v1/responses", content=body)
    assert reply.text.count('"tools":[{"type":"x","n":1.50}]') == 3
    assert reply.text.count('"instructions":"Be brief."') == 3


async def test_reasoning_is_sealed_where_the_client_keeps_it() -> None:
    """`include` asks for it."""
    sealed = {"model": "m", "include": ["reasoning.encrypted_content"]}
    one = await ask(Provider([Think("hm")]), "/v1/responses", sealed)
    other = await ask(Provider([Think("hm")]), "/v1/responses", {"model": "m"})
    assert "encrypted_content" in one.json()["output"][0]
    assert "encrypted_content" not in other.json()["output"][0]


async def test_an_incomplete_response_names_its_reason() -> None:
    """The terminal event is `response.incomplete`."""
    said = Answer(parts=(Text("I was about to"),), stop="max_output_tokens")
    reply = await ask(Provider(said), "/v1/responses", {"model": "m", "stream": True})
    name, data = events(reply.text)[-1]
    assert name == "response.incomplete"
    assert data["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_hosted_tools_of_responses_have_no_call_id() -> None:
    """Their item id is all there is."""
    said = [ServerTool("web_search", {"query": "tides"}), ServerTool("mcp", {"name": "ask", "server_label": "docs"})]
    search, mcp = (await ask(Provider(said), "/v1/responses", {"model": "m"})).json()["output"]
    assert search["action"] == {"type": "search", "query": "tides"}
    assert (mcp["type"], mcp["server_label"]) == ("mcp_call", "docs")
    assert "call_id" not in search | mcp


async def test_a_conversation_is_compacted_on_request() -> None:
    """`/responses/compact` is plain, whatever the body says."""
    reply = await ask(Provider([Text("x")]), "/v1/responses/compact", {"model": "m", "stream": True})
    assert reply.json()["output"][0]["type"] == "compaction"


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/v1/messages", 529, "overloaded_error"),
        ("/v1/messages", 429, "rate_limit_error"),
        ("/v1/chat/completions", 429, "rate_limit_exceeded"),
        ("/v1/responses", 503, "server_is_overloaded"),
    ],
)
async def test_an_error_status_has_the_provider_s_envelope(path: str, status: int, name: str) -> None:
    """With headers of its own, whether a stream was asked for or not."""
    failure = Fail(status, headers=((b"retry-after", b"7"),))
    for stream in (True, False):
        reply = await ask(Provider(failure), path, {"model": "m", "stream": stream})
        assert (reply.status_code, reply.headers["retry-after"]) == (status, "7")
        error = reply.json()["error"]
        assert name in (error.get("code"), error["type"])


async def test_a_stream_can_fail_in_the_middle() -> None:
    """What was said before stands; no terminal event of success follows."""
    said = [Text("I was"), Fail(message="Out of tea.")]
    last = {}
    for path in ("/v1/messages", "/v1/chat/completions", "/v1/responses"):
        reply = await ask(Provider(said), path, {"model": "m", "stream": True})
        assert reply.status_code == 200
        assert "I was" in reply.text
        assert "[DONE]" not in reply.text
        last[path] = events(reply.text)[-1]
    assert last["/v1/messages"][0] == "error"
    assert last["/v1/messages"][1]["error"] == {"type": "overloaded_error", "message": "Out of tea."}
    assert last["/v1/chat/completions"][1]["error"]["message"] == "Out of tea."
    assert last["/v1/responses"][1]["response"]["error"] == {"code": "server_error", "message": "Out of tea."}


async def test_a_response_stream_can_end_in_a_bare_error() -> None:
    """The other way in which OpenAI breaks off."""
    reply = await ask(Provider([Text("x"), Fail(kind="error")]), "/v1/responses", {"model": "m", "stream": True})
    name, data = events(reply.text)[-1]
    assert (name, data["type"], data["code"]) == ("error", "error", "server_error")


async def test_a_plain_answer_that_fails_has_a_status() -> None:
    """It has no middle to fail in."""
    reply = await ask(Provider([Text("x"), Fail()]), "/v1/messages", {"model": "m"})
    assert reply.status_code == 500


async def test_raw_bytes_go_into_the_stream_as_they_are() -> None:
    """For events that no provider has sent yet."""
    said = [Raw(b"event: novelty\ndata: {not json\n\n"), Text("hi")]
    reply = await ask(Provider(said), "/v1/messages", {"model": "m", "stream": True})
    assert "event: novelty\ndata: {not json\n\n" in reply.text


async def test_arguments_can_be_broken() -> None:
    """A string is sent as the provider would have written it."""
    reply = await ask(Provider(CallTool("ls", '{"path": ')), "/v1/chat/completions", {"model": "m"})
    assert reply.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"path": '


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"model": 7}', b'{"model": "\xff"}'])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_a_body_that_cannot_be_read_is_answered_all_the_same(path: str, body: bytes) -> None:
    """It is the gateway that is under test, not its clients."""
    async with (
        serve_provider(Provider([Think("hm"), Text("hi")])) as address,
        httpx.AsyncClient(trust_env=False, timeout=60) as c,
    ):
        assert (await c.post(address + path, content=body)).status_code == 200
