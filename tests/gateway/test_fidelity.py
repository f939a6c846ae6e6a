"""The bytes are the provider's and the client's own."""

import gzip
import hashlib
import json
import sys
import threading
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest

from aibridge.demo.provider import Provider
from aibridge.demo.script import Answer, CallTool, Fail, Framing, Gate, Hold, Raw, Text, Think, Wire, exactly
from aibridge.demo.wire import framed
from aibridge.demo.wire import head as wire_head
from aibridge.gateway import application, reading
from aibridge.gateway.reading import THREAD_FROM
from support import answers, asking
from support.gateway import ROOT
from support.raw_client import connect, request
from support.stage import Stage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.asyncio(loop_scope="session")

ODD_BODY = (
    b'{ "model" : "claude-test",\r\n\t"max_tokens":64.0, "unknown_field": {"b":1,"a":2,"a":3},  "x":1e2,'
    b' "messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"  h\\u006d\\/ \\n",'
    b'"signature":"EqQB+/=="}]},{"role":"user","content":"caf\\u00e9 \xc3\xa9 \\ud83d\\ude00"}] }\n'
)
"""Odd blanks, escapes, numbers and keys: whoever parses and writes it again changes it."""


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


Packs = Callable[[bytes], bytes]
ENCODINGS: list[tuple[str, Packs]] = [
    ("gzip", gzip.compress),
    ("br", lambda data: brotli.compress(data, quality=1)),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstd.compress),
]


async def test_traps_4_and_5_the_body_goes_on_byte_for_byte(stage: Stage) -> None:
    """Provable: both hashes are kept, and no mutation is named."""
    provider = stage.says(Text("hello"))
    await stage.gateway.post("/v1/messages", ODD_BODY)
    assert provider.requests[0].body == ODD_BODY
    record = await stage.gateway.only()
    digest = hashlib.sha256(ODD_BODY).hexdigest()
    assert (record["body_sha256_received"], record["body_sha256_sent"], record["mutations"]) == (digest, digest, [])
    assert record["user_prompts"][0]["prompt"] == "café é 😀"


async def test_trap_6_headers_reach_the_provider_as_they_came(stage: Stage) -> None:
    """Every flag of `anthropic-beta`, known or not; a header nobody knows fails nothing."""
    provider = stage.says(Text("hello"))
    beta = "interleaved-thinking-2025-05-14,  unknown-2031-01-01 ,x"
    headers = {
        "anthropic-beta": beta,
        "anthropic-version": "2023-06-01",
        "user-agent": "claude-cli/2.1.330 (external, cli)",
        "x-app": "cli",
        "x-stainless-retry-count": "0",
        "openai-organization": "org",
        "session-id": "s",
        "originator": "o",
        "traceparent": "00-1-2-01",
        "x-never-heard-of": "\x7e yes",
        "accept": "application/json",
    }
    await stage.gateway.post("/v1/messages", asking.messages(), headers=headers)
    (asked,) = provider.requests
    assert {name: (asked.header(name.encode()) or b"").decode() for name in headers} == headers
    assert asked.header(b"accept-encoding") == b"identity"


async def test_repeated_headers_stay_repeated_and_in_order(stage: Stage) -> None:
    provider = stage.says(Text("hello"))
    repeated = b"anthropic-beta: one\r\nx-b: 1\r\nanthropic-beta: two\r\nX-B: 2\r\n"
    whole = request("/api/v2/aibridge/anthropic/v1/messages", asking.messages(), token=stage.gateway.user.token)
    line, _, rest = whole.partition(b"\r\n")
    async with connect(stage.gateway.port) as client:
        await client.send(line + b"\r\n" + repeated + rest)
        assert (await client.answer()).status == 200
    (asked,) = provider.requests
    assert [pair for pair in asked.headers if pair[0].lower() in (b"anthropic-beta", b"x-b")] == [
        (b"anthropic-beta", b"one"),
        (b"x-b", b"1"),
        (b"anthropic-beta", b"two"),
        (b"x-b", b"2"),
    ]


async def test_hop_by_hop_and_forwarding_headers_end_here(stage: Stage) -> None:
    provider = stage.says(Text("hello"))
    gone = {
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "keep-alive": "timeout=5",
        "te": "trailers",
        "proxy-connection": "keep-alive",
        "proxy-anything": "1",
        "forwarded": "for=1.2.3.4",
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-proto": "https",
        "cookie": "session=secret",
        "expect": "",
    }
    await stage.gateway.post("/v1/messages", asking.messages(), headers=gone)
    (asked,) = provider.requests
    assert [name for name in gone if asked.header(name.encode()) is not None] == []


async def test_trap_10_the_providers_headers_come_back(stage: Stage) -> None:
    """What a client waits by, what support asks for; not what would land on the origin of the pages."""
    kept = [
        (b"retry-after", b"12"),
        (b"request-id", b"req_011CTest"),
        (b"anthropic-ratelimit-requests-remaining", b"0"),
        (b"x-ratelimit-reset-tokens", b"6m0s"),
        (b"x-should-retry", b"true"),
        (b"x-multi", b"1"),
        (b"x-multi", b"2"),
        (b"date", b"Mon, 01 Jun 2026 12:00:00 GMT"),
        (b"server", b"cloudflare"),
        (b"content-type", b"application/json"),
    ]
    gone = [
        (b"set-cookie", b"a=b"),
        (b"alt-svc", b"h3"),
        (b"strict-transport-security", b"max-age=1"),
        (b"clear-site-data", b'"*"'),
        (b"connection", b"keep-alive, x-hop"),
        (b"keep-alive", b"timeout=5"),
        (b"x-hop", b"1"),
        (b"proxy-authenticate", b"Basic"),
        (b"x-aibridge-interception-id", b"forged"),
    ]
    lines = b"".join(b"%b: %b\r\n" % pair for pair in kept + gone)
    stage.says(exactly(b"HTTP/1.1 529 Overloaded\r\n" + lines + b"content-length: 2\r\n\r\n{}"))
    async with connect(stage.gateway.port) as client:
        await client.send(
            request("/api/v2/aibridge/anthropic/v1/messages", asking.messages(), token=stage.gateway.user.token)
        )
        answer = await client.answer()
    record = await stage.gateway.only()
    ours = [(b"content-length", b"2"), (b"x-aibridge-interception-id", record["id"].encode())]
    assert (answer.status, list(answer.headers), answer.body) == (529, kept + ours, b"{}")
    assert (record["outcome"], record["status_code"], record["error_type"]) == ("failed", 529, "overloaded")


async def test_nothing_is_added_but_the_id(stage: Stage) -> None:
    """No `server`, no `date` of our own; pass-through adds nothing at all."""
    stage.says(exactly(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert [name for name, _ in answer.headers.raw] == [b"content-length", b"x-aibridge-interception-id"]
    assert answer.headers["x-aibridge-interception-id"] == (await stage.gateway.only())["id"]


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("step", [1, 7, 100_000], ids=["every byte", "sevens", "whole"])
async def test_trap_7_a_stream_cut_at_any_byte_is_the_same(stage: Stage, framing: Framing, step: int) -> None:
    """The client's bytes and the record's facts, with characters, line ends and events torn anywhere."""
    said = [Think("häßlich 🙂"), Text("Grüße 🌍"), CallTool("ls", {"path": "ö"}, id="toolu_1")]
    stage.says(Answer(parts=said, id="msg_1"))
    body = (await stage.directly("/v1/messages", asking.messages(stream=True))).content
    wire = Wire(framing=framing, splits=range(step, 6000, step), close=framing is Framing.CLOSE)
    pieces = (body[at : at + 11] for at in range(0, len(body), 11))
    sent = b"".join(piece for piece in framed(pieces, framing) if isinstance(piece, bytes))
    stage.says(exactly(wire_head(200, [(b"content-type", b"text/event-stream")], wire, len(body)) + sent, wire=wire))
    answer = await stage.gateway.post("/v1/messages", asking.messages(stream=True))
    assert answer.content == body
    record = await stage.gateway.only()
    assert [thought["content"] for thought in record["model_thoughts"]] == ["häßlich 🙂"]
    assert json.loads(record["tool_usages"][0]["input"]) == {"path": "ö"}
    (usage,) = record["token_usages"]
    assert (record["outcome"], usage["input_tokens"], usage["output_tokens"]) == ("completed", 24, 61)


async def test_line_ends_of_both_kinds_pass_unchanged(stage: Stage) -> None:
    body = (
        b'event: message_start\r\ndata: {"type":"message_start","message":{"id":"msg_1","model":"m","usage":'
        b'{"input_tokens":3,"output_tokens":1}}}\r\n\r\n: a comment\r\n\r\ndata:{"type":"message_delta","usage":'
        b'{"output_tokens":9}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\r\n\r\n: bye\n\n'
    )
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    stage.says(exactly(head + body))
    answer = await stage.gateway.post("/v1/messages", asking.messages(stream=True))
    assert answer.content == body
    (usage,) = (await stage.gateway.only())["token_usages"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (3, 9)


# ------------------------------------------------------------------ compressed


@pytest.mark.parametrize(("encoding", "pack"), ENCODINGS)
async def test_a_compressed_request_is_read_and_sent_as_it_came(stage: Stage, encoding: str, pack: Packs) -> None:
    provider = stage.says(Text("hello"))
    packed = pack(asking.messages())
    answer = await stage.gateway.post("/v1/messages", packed, headers={"content-encoding": encoding})
    assert answer.status_code == 200
    (asked,) = provider.requests
    assert (asked.body, asked.header(b"content-encoding")) == (packed, encoding.encode())
    record = await stage.gateway.only()
    assert (record["model"], record["user_prompts"][0]["prompt"]) == ("claude-test", "Why is the build red?")
    assert record["body_sha256_received"] == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(("size", "aside"), [(1000, False), (THREAD_FROM, True)])
async def test_a_body_that_is_large_once_decoded_is_read_aside(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, size: int, aside: bool
) -> None:
    """A few kilobytes may hold 64 MiB: read on the event loop they would hold up everybody else."""
    provider = stage.says(Text("hello"))
    read_by: list[threading.Thread] = []

    def read_request(*args: Any, **kwargs: Any) -> reading.Reading:
        done = reading.read_request(*args, **kwargs)
        read_by.append(threading.current_thread())
        return done

    monkeypatch.setattr(application, "read_request", read_request)
    packed = gzip.compress(asking.messages("why" * size))
    assert len(packed) < THREAD_FROM
    answer = await stage.gateway.post("/v1/messages", packed, headers={"content-encoding": "gzip"})
    assert (answer.status_code, [asked.body for asked in provider.requests]) == (200, [packed])
    assert [thread is not threading.current_thread() for thread in read_by] == [aside]


@pytest.mark.parametrize("encoding", ["lz4", "gzip, br", "gzip,gzip", "gzip;q=1"])
async def test_an_unknown_or_stacked_encoding_is_415(stage: Stage, encoding: str) -> None:
    """Nothing is sent that could not be read."""
    provider = stage.says(Text("hello"))
    answer = await stage.gateway.post("/v1/messages", b"xxxx", headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["type"]) == (415, "error")
    assert not provider.requests


async def test_encodings_stacked_in_two_headers_are_415_too(stage: Stage) -> None:
    """The provider would see both."""
    provider = stage.says(Text("hello"))
    packed = gzip.compress(asking.messages())
    whole = request("/api/v2/aibridge/anthropic/v1/messages", packed, token=stage.gateway.user.token)
    line, _, rest = whole.partition(b"\r\n")
    async with connect(stage.gateway.port) as client:
        await client.send(line + b"\r\ncontent-encoding: gzip\r\ncontent-encoding: br\r\n" + rest)
        assert (await client.answer()).status == 415
    assert not provider.requests


@pytest.mark.parametrize(("encoding", "pack"), ENCODINGS)
async def test_a_bomb_is_413(stage: Stage, encoding: str, pack: Packs) -> None:
    """A few kilobytes that claim to be 65 MiB."""
    provider = stage.says(Text("hello"))
    bomb = BOMBS.setdefault((encoding, pack), pack(bytes(65 * 2**20)))
    answer = await stage.gateway.post("/v1/messages", bomb, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "request_too_large")
    assert not provider.requests


BOMBS: dict[tuple[str, Packs], bytes] = {}


async def test_a_broken_compressed_body_is_400(stage: Stage) -> None:
    answer = await stage.gateway.post("/v1/messages", b"not gzip", headers={"content-encoding": "gzip"})
    assert answer.status_code == 400


@pytest.mark.parametrize(("encoding", "pack"), ENCODINGS)
async def test_a_compressed_answer_is_relayed_as_it_is_and_read(stage: Stage, encoding: str, pack: Packs) -> None:
    """A provider may compress although it was asked not to."""
    body = pack(json.dumps({"id": "msg_9", "model": "m", "usage": {"input_tokens": 3, "output_tokens": 0}}).encode())
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: %b\r\ncontent-length: %d\r\n\r\n"
    stage.says(exactly(head % (encoding.encode(), len(body)) + body))
    async with connect(stage.gateway.port) as client:
        await client.send(
            request("/api/v2/aibridge/anthropic/v1/messages", asking.messages(), token=stage.gateway.user.token)
        )
        answer = await client.answer()
    assert (answer.body, answer.header(b"content-encoding")) == (body, encoding.encode())
    record = await stage.gateway.only()
    assert (record["provider_response_id"], record["unread"], record["outcome"]) == ("msg_9", False, "completed")
    (usage,) = record["token_usages"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == (3, 0, None), "trap 2"


async def test_an_answer_of_an_unknown_encoding_is_relayed_and_marked(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: lz4\r\ncontent-length: 4\r\n\r\n"
    stage.says(exactly(head + b"\x00\xff\x01\x02"))
    async with connect(stage.gateway.port) as client:
        await client.send(
            request("/api/v2/aibridge/anthropic/v1/messages", asking.messages(), token=stage.gateway.user.token)
        )
        assert (await client.answer()).body == b"\x00\xff\x01\x02"
    record = await stage.gateway.only()
    assert (record["outcome"], record["unread"], record["token_usages"]) == ("completed", True, [])
    assert any("lz4" in note for note in record["notes"])


# ------------------------------------------------------------------ the one mutation


async def test_usage_is_asked_for_and_kept_from_the_client(stage: Stage) -> None:
    """By inserting bytes; what changed in either direction is named, and the hashes differ."""
    provider = stage.says(Answer(parts=[Text("hello")], id="chatcmpl-1", model="m"))
    body = b'{ "model":"gpt-test",  "stream":true, "messages":[{"role":"user","content":"hi"}]}'
    answer = await stage.gateway.post("/v1/chat/completions", body, provider="openai-usage")
    (asked,) = provider.requests
    assert asked.body == b'{"stream_options":{"include_usage":true},' + body[1:]
    assert b'"choices":[]' not in answer.content
    assert answer.content.endswith(b"data: [DONE]\n\n")
    record = await stage.gateway.only()
    assert record["mutations"] == ["include_usage", "include_usage_response"]
    assert record["body_sha256_received"] == hashlib.sha256(body).hexdigest()
    assert record["body_sha256_sent"] == hashlib.sha256(asked.body).hexdigest()
    (usage,) = record["token_usages"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (280, 1843, 61), (
        "trap 3"
    )


async def test_a_compressed_stream_flows_although_its_usage_cannot_be_kept_back(stage: Stage) -> None:
    """Its events cannot be told apart on the way: it goes on as it comes, and the record says what the client saw."""
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(answers.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "hi"}}]}))
    first += packer.flush(zlib.Z_SYNC_FLUSH)
    ending = [{"choices": [{"index": 0, "finish_reason": "stop"}]}, {"choices": [], "usage": {"completion_tokens": 5}}]
    last = packer.compress(answers.stream(*ending, "[DONE]")) + packer.flush()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    gate = Gate()
    said = (Raw(head % len(first + last) + first), Hold(gate), Raw(last))
    stage.play(Provider(answers=[Answer(parts=said, bare=True)]))
    async with connect(stage.gateway.port) as client:
        target = f"{ROOT}/openai-usage/v1/chat/completions"
        await client.send(request(target, asking.chat(stream=True), token=stage.token))
        await client.head()
        assert await client.reader.readexactly(len(first)) == first
        gate.open()
        assert await client.reader.readexactly(len(last)) == last
    record = await stage.gateway.only()
    assert record["mutations"] == ["include_usage"]
    assert record["notes"][0].startswith("the answer was compressed")
    assert record["token_usages"][0]["output_tokens"] == 5


@pytest.mark.parametrize(
    ("more", "stream"),
    [
        ({"stream_options": {"include_usage": False}}, True),
        ({"stream_options": {"include_usage": True}}, True),
        ({}, False),
    ],
    ids=["refused", "asked", "plain"],
)
async def test_a_wish_that_is_there_is_respected(stage: Stage, more: dict[str, Any], *, stream: bool) -> None:
    """An explicit `false` stays: usage is then unknown, not zero."""
    provider = stage.says(Text("hello"))
    body = asking.chat(stream=stream, **more)
    answer = await stage.gateway.post("/v1/chat/completions", body, provider="openai-usage")
    assert provider.requests[0].body == body
    direct = await stage.directly("/v1/chat/completions", body)
    assert len(answer.content) == len(direct.content)
    record = await stage.gateway.only()
    assert record["mutations"] == []
    told = not stream or more["stream_options"]["include_usage"]
    assert [usage["output_tokens"] for usage in record["token_usages"]] == ([61] if told else [])


async def test_compressed_and_unreadable_bodies_are_never_changed(stage: Stage) -> None:
    provider = stage.says(Text("hello"))
    packed = gzip.compress(asking.chat(stream=True))
    await stage.gateway.post(
        "/v1/chat/completions", packed, provider="openai-usage", headers={"content-encoding": "gzip"}
    )
    await stage.gateway.post("/v1/chat/completions", b'{"stream":true,', provider="openai-usage")
    assert [asked.body for asked in provider.requests] == [packed, b'{"stream":true,']
    assert [record["mutations"] for record in await stage.gateway.interceptions()] == [[], []]


# ------------------------------------------------------------------ odd requests


@pytest.mark.parametrize("body", [b"", b"  ", b"[]", b'"x"', b"1", b"null"])
async def test_a_body_that_is_no_object_is_400(stage: Stage, body: bytes) -> None:
    provider = stage.says(Text("hello"))
    answer = await stage.gateway.post("/v1/messages", body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert not provider.requests


@pytest.mark.parametrize("key", ["model", "stream", "background", "input", "stream_options", "previous_response_id"])
async def test_a_member_that_stands_twice_is_400(stage: Stage, key: str) -> None:
    """Two parsers would read two requests, also where one of the names is escaped."""
    provider = stage.says(Text("hello"))
    escaped = f"\\u{ord(key[0]):04x}{key[1:]}"
    for second in (key, escaped):
        body = f'{{"model":"m","input":"x","{key}":true,"{second}":false}}'.encode()
        answer = await stage.gateway.post("/v1/responses", body, provider="openai")
        assert (answer.status_code, key in answer.json()["error"]["message"]) == (400, True)
    assert not provider.requests


async def test_work_in_the_background_is_501(stage: Stage) -> None:
    """Its result would escape the audit."""
    provider = stage.says(Text("hello"))
    answer = await stage.gateway.post("/v1/responses", asking.responses(background=True), provider="openai")
    assert (answer.status_code, answer.headers["x-should-retry"]) == (501, "false")
    assert not provider.requests


async def test_broken_json_is_the_providers_to_answer(stage: Stage) -> None:
    """If it answers well all the same, the row says that nothing could be read."""
    provider = stage.says(Fail(400), Text("hello"))
    for status in (400, 200):
        answer = await stage.gateway.post("/v1/messages", b'{"model": "claude", ')
        assert answer.status_code == status
    assert [asked.body for asked in provider.requests] == [b'{"model": "claude", '] * 2
    good, bad = await stage.gateway.interceptions()
    assert (good["unread"], good["outcome"], bad["error_type"]) == (True, "completed", "bad_request")
