"""The upstream of recorded traffic gives back what was recorded, whatever it does to the bytes on their way."""

import random

import httpx
import pytest

from aibridge.demo.provider import serve_provider
from aibridge.demo.script import Framing
from support import replay
from support.fixtures import Recorded, Recording, every_recording, recorded, with_stream
from support.txtar import sections

ARCHIVE = b"A remark.\n\n-- request --\n{}\n\n-- streaming/tool-call --\ndata: -- no marker --\n\n\n-- empty --\n"


def test_an_archive_falls_into_its_sections() -> None:
    """Blank lines belong to the section before; a marker counts only when it is the whole line."""
    assert sections(ARCHIVE) == {
        "request": b"{}\n\n",
        "streaming/tool-call": b"data: -- no marker --\n\n\n",
        "empty": b"",
    }


def test_a_section_with_a_status_line_is_a_whole_response() -> None:
    """Its status and headers apply; the length it was recorded with does not."""
    raw = b"HTTP/2.0 429 Too Many Requests\nContent-Length: 999\nRetry-After: 20\n\n{}"
    assert recorded(raw, streaming=True) == Recorded(429, ((b"Retry-After", b"20"),), b"{}")


def test_a_section_without_one_is_a_body() -> None:
    """A stream or JSON, by the name of the section."""
    assert recorded(b"data: x\n\n", streaming=True).headers[0][1].startswith(b"text/event-stream")
    assert recorded(b"{}", streaming=False) == Recorded(200, ((b"content-type", b"application/json"),), b"{}")


def test_one_recorded_request_serves_both_forms() -> None:
    """The body is left alone where it already asks for the right one."""
    assert with_stream(b'{"stream":  true}', wanted=True) == b'{"stream":  true}'
    assert b'"stream": false' in with_stream(b'{"stream": true}', wanted=False)
    assert with_stream(b"{}", wanted=False) == b"{}"


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("seed", range(3))
async def test_an_answer_arrives_whole_however_it_is_cut(framing: Framing, seed: int) -> None:
    """Every framing, split at random places of the wire."""
    body = random.Random(seed).randbytes(5000)
    one = Recording("x:streaming", "anthropic", "/v1/messages", b"{}", Recorded(418, ((b"X-Odd", b"1"),), body))
    upstream = replay.upstream(one, one, seed=seed, framing=framing)
    async with serve_provider(upstream) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for _ in range(2):
            reply = await client.post(f"{address}/v1/messages", content=b"{}")
            assert (reply.status_code, reply.content, reply.headers["x-odd"]) == (418, body, "1")
    assert len({request.connection for request in upstream.requests}) == (2 if framing is Framing.CLOSE else 1)


@every_recording
async def test_every_recording_is_replayed(recording: Recording) -> None:
    """Status and body as recorded; the upstream keeps what it was sent."""
    upstream = replay.upstream(recording, seed=len(recording.name))
    async with serve_provider(upstream) as address, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        method = "GET" if recording.request is None else "POST"
        reply = await client.request(method, address + recording.path, content=recording.request)
    assert (reply.status_code, reply.content) == (recording.answer.status, recording.answer.body)
    assert upstream.requests[0].body == (recording.request or b"")
