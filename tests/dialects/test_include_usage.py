import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects.include_usage import UsageFilter
from aibridge.dialects.registry import OPENAI_CHAT
from aibridge.dialects.sse import MAX_EVENT
from aibridge.records import RequestFacts
from support.answers import event, pieces

WISHED = {"include_usage": True}


def edited(body: bytes) -> bytes | None:
    edit = OPENAI_CHAT.include_usage(body, OPENAI_CHAT.read_request(body, {}))
    if edit is None:
        return None
    assert edit.mutations == ("include_usage",)
    assert edit.filter().flush() == b""
    return edit.body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"stream":true,"model":"m"}', b'{"stream_options":{"include_usage":true},"stream":true,"model":"m"}'),
        (b' \n{ "stream": true }\n', b' \n{"stream_options":{"include_usage":true}, "stream": true }\n'),
        (b'\xef\xbb\xbf{"stream":true}', b'\xef\xbb\xbf{"stream_options":{"include_usage":true},"stream":true}'),
        (b'{"stream":true,"stream_options":null}', b'{"stream":true,"stream_options":{"include_usage":true}}'),
        (b'{"stream_options": {} ,"stream":true}', b'{"stream_options": {"include_usage":true} ,"stream":true}'),
        (
            b'{"stream":true,"stream_options":{ "include_obfuscation" : false }}',
            b'{"stream":true,"stream_options":{"include_usage":true, "include_obfuscation" : false }}',
        ),
        (
            b'{"stream":true,"tools":[{"stream_options":{}}],"s":"\\"stream_options\\":{}"}',
            b'{"stream_options":{"include_usage":true},"stream":true,"tools":[{"stream_options":{}}],"s":"\\"stream_options\\":{}"}',
        ),
        (
            b'{"tools":[{"stream_options":{}}],"stream_options":{},"stream":true}',
            b'{"tools":[{"stream_options":{}}],"stream_options":{"include_usage":true},"stream":true}',
        ),
    ],
)
def test_the_wish_is_put_into_the_bytes_and_nothing_else_changes(body: bytes, expected: bytes) -> None:
    assert edited(body) == expected
    assert json.loads(expected)["stream_options"]["include_usage"] is True


@pytest.mark.parametrize(
    "body",
    [
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":{"include_usage":true}}',
        b'{"stream":true,"stream_options":{"include\\u005fusage":false}}',
        b'{"stream":true,"stream\\u005foptions":{"include_usage":false}}',
        b'{"stream":true,"stream_options":"all"}',
        b'{"stream":true,"stream_options":["include_usage"]}',
        b'{"stream":false}',
        b'{"model":"m"}',
        b'{"stream":true',
    ],
)
def test_what_the_client_said_itself_is_respected(body: bytes) -> None:
    assert edited(body) is None


def test_a_body_nobody_could_read_is_not_touched() -> None:
    assert OPENAI_CHAT.include_usage(b'{"stream":true}', RequestFacts(stream=True, unread=True)) is None
    assert OPENAI_CHAT.include_usage(b"not json", RequestFacts(stream=True)) is None
    assert OPENAI_CHAT.include_usage(b"{}", RequestFacts(stream=True)) is None


# ------------------------------------------------------------------ the answer


def chunk(**others: Any) -> bytes:
    return event({"id": "c", "choices": [{"index": 0, "delta": {"content": 'say "choices":[] ☃'}}], **others})


USED = event({"id": "c", "choices": [], "usage": {"prompt_tokens": 1}})
DONE = event("[DONE]")


def filtered(chunks: Any) -> tuple[bytes, tuple[str, ...]]:
    usage_filter = UsageFilter()
    let_through = b"".join([usage_filter.feed(piece) for piece in chunks])
    return let_through + usage_filter.flush(), usage_filter.mutations


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("seed", range(40))
def test_only_the_usage_event_is_kept_back(line_end: bytes, seed: int) -> None:
    parts = [chunk(), b": comment\n\n", chunk(), USED, DONE]
    whole, expected = (b"".join(some).replace(b"\n", line_end) for some in (parts, [p for p in parts if p != USED]))
    assert filtered(pieces(whole, seed)) == (expected, ("include_usage_response",))


@pytest.mark.parametrize("spelling", [b'"choices": []', b'"choices" : [ ]', b'"choices":[\t]'])
def test_it_is_known_in_any_spelling(spelling: bytes) -> None:
    strange = USED.replace(b'"choices":[]', spelling)
    assert filtered([chunk(), strange + DONE]) == (chunk() + DONE, ("include_usage_response",))


@pytest.mark.parametrize(
    "events",
    [
        [chunk(), DONE],
        [event({"choices": [], "prompt_filter_results": []}), chunk(), DONE],
        [event({"choices": [], "usage": {}}), DONE],
        [event({"choices": [{"choices": []}], "usage": {"prompt_tokens": 1}}), DONE],
        [event('{"choices":[],"usage":'), DONE],
        [b"data: open"],
        [b"\n\n\n\n"],
        [],
    ],
)
def test_any_other_event_goes_through(events: list[bytes]) -> None:
    whole = b"".join(events)
    for seed in range(10):
        assert filtered(pieces(whole, seed)) == (whole, ())


def test_a_null_usage_is_forwarded_and_named() -> None:
    assert filtered([chunk(usage=None), chunk(usage=None)]) == (chunk(usage=None) * 2, ("include_usage_response",))
    assert filtered([chunk(usage=None).replace(b":null", b": null")])[1] == ("include_usage_response",)


def test_a_usage_event_without_its_blank_line_is_kept_back_too() -> None:
    assert filtered([chunk(), USED[:-2]]) == (chunk(), ("include_usage_response",))


def test_nothing_is_held_longer_than_its_event_is_open() -> None:
    usage_filter = UsageFilter()
    assert usage_filter.feed(chunk() + b"data: {") == chunk()
    assert usage_filter.feed(b"}\n") == b""
    assert usage_filter.feed(b"\n") == b"data: {}\n\n"


def test_an_event_without_end_is_not_held_for_ever() -> None:
    usage_filter = UsageFilter()
    piece = b"x" * 2**20
    let_through = sum(len(usage_filter.feed(piece)) for _ in range(40))
    assert let_through >= 40 * 2**20 - MAX_EVENT - 2**20


@given(st.binary(max_size=80), st.integers(0, 1000))
def test_whatever_is_no_usage_event_arrives_unchanged(whole: bytes, seed: int) -> None:
    assert filtered(pieces(whole, seed))[0] == whole
