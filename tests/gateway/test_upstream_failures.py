"""Every way in which a provider can fail, and what the client and the record make of it."""

import json
import socket
from contextlib import closing

import pytest

from aibridge.demo.provider import Provider
from aibridge.demo.script import Answer, Cut, Fail, Framing, Part, Raw, Text, Wire, exactly
from support import asking
from support.gateway import ROOT, open_gateway
from support.raw_client import Answered, connect, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

DIALECTS = [
    ("anthropic", "/v1/messages", asking.messages),
    ("openai", "/v1/chat/completions", asking.chat),
    ("openai", "/v1/responses", asking.responses),
]
STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"m","usage":'
    b'{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text"}}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":9}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
PLAIN = b'{"id":"msg_1","model":"m","usage":{"input_tokens":3,"output_tokens":9}}'


async def ask(stage: Stage, *, stream: bool) -> Answered:
    async with connect(stage.gateway.port) as client:
        body = asking.messages(stream=stream)
        await client.send(request(f"{ROOT}/anthropic/v1/messages", body, token=stage.token))
        return await client.answer()


def cut_at(body: bytes, position: int, framing: Framing, *, stream: bool, reset: bool) -> Answer:
    """An answer that breaks off behind so many bytes of its body."""
    kind = b"text/event-stream" if stream else b"application/json"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n" % kind
    if framing is Framing.LENGTH:
        told = head + b"content-length: %d\r\n\r\n" % len(body) + body[:position]
    else:
        told = head + b"transfer-encoding: chunked\r\n\r\n"
        told += b"%x\r\n%b\r\n" % (position, body[:position]) if position else b""
    parts: list[Part] = [Raw(told), Cut(reset=reset)]
    return Answer(parts=parts, bare=True)


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
@pytest.mark.parametrize("position", range(0, len(STREAM) - 1, 23))
async def test_a_stream_cut_anywhere_is_truncated_and_seen_cut(
    stage: Stage, *, position: int, framing: Framing
) -> None:
    """The client receives what came, and sees that something is missing."""
    stage.says(cut_at(STREAM, position, framing, stream=True, reset=False))
    answer = await ask(stage, stream=True)
    assert (answer.status, answer.body, answer.whole) == (200, STREAM[:position], False)
    record = await stage.gateway.only()
    assert (record["outcome"], record["partial"], record["status_code"]) == ("truncated", True, 200)
    assert all(usage["partial"] or usage["output_tokens"] == 9 for usage in record["token_usages"])


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
@pytest.mark.parametrize("position", range(0, len(PLAIN), 7))
async def test_a_plain_body_cut_anywhere_is_truncated_and_seen_cut(
    stage: Stage, *, position: int, framing: Framing
) -> None:
    stage.says(cut_at(PLAIN, position, framing, stream=False, reset=False))
    answer = await ask(stage, stream=False)
    assert (answer.status, answer.body, answer.whole) == (200, PLAIN[:position], False)
    assert (await stage.gateway.only())["outcome"] == "truncated"


async def test_a_cut_after_the_terminal_event_changes_nothing(stage: Stage) -> None:
    """The answer is complete; only its framing is not, and the client may see that."""
    stage.says(cut_at(STREAM, len(STREAM), Framing.CHUNKED, stream=True, reset=False))
    answer = await ask(stage, stream=True)
    assert (answer.body, answer.whole) == (STREAM, False)
    record = await stage.gateway.only()
    assert (record["outcome"], record["partial"]) == ("completed", False)


async def test_a_reset_is_a_cut(stage: Stage) -> None:
    stage.says([Text("hello " * 50), Cut(reset=True), Text("never")])
    answer = await ask(stage, stream=True)
    assert not answer.whole
    assert (await stage.gateway.only())["outcome"] in {"truncated", "failed"}


async def test_a_stream_without_its_terminal_event_is_truncated(stage: Stage) -> None:
    """Its framing is whole, so the client sees no cut; the record knows."""
    body = STREAM[: STREAM.index(b"event: message_stop")]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    stage.says(exactly(head + body))
    answer = await ask(stage, stream=True)
    assert (answer.body, answer.whole) == (body, True)
    record = await stage.gateway.only()
    assert (record["outcome"], record["partial"]) == ("truncated", True)


async def test_a_body_that_ends_by_closing_is_whole(stage: Stage) -> None:
    stage.says(Answer(parts=[Text("hello")], wire=Wire(framing=Framing.CLOSE, close=True)))
    for stream in (True, False):
        assert (await ask(stage, stream=stream)).whole
    assert {record["outcome"] for record in await stage.gateway.interceptions()} == {"completed"}


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
async def test_an_error_in_the_middle_of_a_stream_is_failed(
    stage: Stage, *, name: str, path: str, body: asking.Asks
) -> None:
    """Relayed as it came, and held until it is recorded; the figures are partial."""
    stage.says([Text("hello"), Fail(kind="overloaded_error", message="Overloaded by canary")])
    answer = await stage.gateway.post(path, body(stream=True), provider=name)
    assert (answer.status_code, b"Overloaded by canary" in answer.content) == (200, True)
    record = await stage.gateway.only()
    assert (record["outcome"], record["error_type"], record["status_code"]) == ("failed", "overloaded", 200)
    assert record["error_message"] == "Overloaded by canary"


STATUSES = [
    ("anthropic", 400, "bad_request"),
    ("anthropic", 401, "unauthorized"),
    ("anthropic", 403, "unauthorized"),
    ("anthropic", 404, "bad_request"),
    ("anthropic", 408, "timeout"),
    ("anthropic", 413, "bad_request"),
    ("anthropic", 418, "unknown"),
    ("anthropic", 422, "bad_request"),
    ("anthropic", 429, "rate_limited"),
    ("anthropic", 500, "server_error"),
    ("anthropic", 503, "server_error"),
    ("anthropic", 504, "timeout"),
    ("anthropic", 529, "overloaded"),
    ("anthropic", 599, "server_error"),
    ("openai", 503, "overloaded"),
    ("openai", 529, "server_error"),
]


@pytest.mark.parametrize(("name", "status", "kind"), STATUSES)
async def test_an_error_status_comes_back_and_is_named(stage: Stage, *, name: str, status: int, kind: str) -> None:
    error = b'{"error":{"type":"x","message":"no"}}'
    head = b"HTTP/1.1 %d Odd\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(error))
    stage.says(exactly(head + error))
    path = "/v1/messages" if name == "anthropic" else "/v1/chat/completions"
    answer = await stage.gateway.post(path, asking.messages(), provider=name)
    assert (answer.status_code, answer.content) == (status, error)
    record = await stage.gateway.only()
    assert (record["outcome"], record["error_type"], record["error_message"]) == ("failed", kind, "no")


async def test_an_error_without_words_gets_those_of_its_status(stage: Stage) -> None:
    stage.says(exactly(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"))
    assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 403
    assert (await stage.gateway.only())["error_message"] == "Forbidden"


async def test_a_long_error_message_is_cut(stage: Stage) -> None:
    """At 1024 bytes, never inside of a character."""
    stage.says(Fail(400, message="ü" * 2000))
    await stage.gateway.post("/v1/messages", asking.messages())
    assert (await stage.gateway.only())["error_message"] == "ü" * 512


@pytest.mark.parametrize(("name", "path", "body"), DIALECTS)
async def test_an_unreachable_provider_is_502(database: str, *, name: str, path: str, body: asking.Asks) -> None:
    """In the provider's shape; recorded with its prompt."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        async with open_gateway(database, f"http://127.0.0.1:{taken.getsockname()[1]}") as gateway:
            answer = await gateway.post(path, body(), provider=name)
            assert answer.status_code == 502
            assert answer.json()["error"]["message"]
            record = await gateway.only()
    assert (record["outcome"], record["status_code"], record["error_type"]) == ("failed", 502, "server_error")
    assert record["user_prompts"]


@pytest.mark.parametrize(
    "said",
    [
        exactly(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 300 + b"\r\n"),
        exactly(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n"),
        exactly(b"HTTP/2 200\r\n\r\n"),
        exactly(b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n"),
        exactly(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
        exactly(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        exactly(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        Answer(parts=[Cut()]),
        Answer(parts=[Cut(reset=True)]),
    ],
    ids=["fields", "head", "version", "status", "lengths", "coding", "switch", "cut", "reset"],
)
async def test_an_answer_that_is_none_is_502(stage: Stage, said: Answer) -> None:
    stage.says(said)
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, json.loads(answer.content)["error"]["type"]) == (502, "api_error")
    record = await stage.gateway.only()
    assert (record["outcome"], record["status_code"], record["time_to_first_byte_us"]) == ("failed", 502, None)


async def test_interim_answers_are_skipped(stage: Stage) -> None:
    before = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    stage.says(Answer(parts=[Text("hello")], wire=Wire(before=before)))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, "link" in answer.headers, "hello" in answer.text) == (200, False, True)


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(stage: Stage, status: int) -> None:
    stage.says(exactly(b"HTTP/1.1 %d X\r\netag: y\r\n\r\n" % status))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", "y")
    assert (await stage.gateway.only())["status_code"] == status


async def test_an_answer_before_the_body_was_read_comes_through(stage: Stage) -> None:
    """A provider may refuse a large body early, and close."""
    said = Answer(parts=[Fail(413)], wire=Wire(early=True, close=True))
    stage.says(said)
    answer = await stage.gateway.post("/v1/messages", asking.messages("x" * 3_000_000))
    assert answer.status_code == 413
    assert (await stage.gateway.only())["error_type"] == "bad_request"


async def test_a_connection_that_closed_while_idle_costs_one_more_try(stage: Stage) -> None:
    """Sent once more on a fresh one, and noted; a request that may have been paid for is not."""
    provider = stage.play(
        Provider(
            answers=[
                Answer(parts=[Text("one")]),
                Answer(parts=[Cut()]),
                Answer(parts=[Text("two")]),
            ]
        )
    )
    first = await stage.gateway.post("/v1/messages", asking.messages())
    second = await stage.gateway.post("/v1/messages", asking.messages())
    assert ["one" in first.text, "two" in second.text] == [True, True]
    assert len(provider.requests) == 3
    newest, _ = await stage.gateway.interceptions()
    assert newest["outcome"] == "completed"
    assert any("once more" in note for note in newest["notes"])
