"""Reading an answer, without a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.errors import UpstreamCut, UpstreamError, UpstreamProtocolError
from aibridge.gateway.upstream.answer import MAX_HEAD, MAX_OVERHEAD, Answer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes, head_only: bool = False) -> tuple[Answer, bytes]:
    answer, body = Answer(head_only=head_only), b""
    for piece in pieces:
        answer.feed(piece)
        body += answer.take() or b""
    return answer, body


EXCHANGES = [
    (OK + b"Content-Length: 11\r\nX: y\r\n\r\nhello world", b"hello world"),
    (CHUNKED + b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n", b"hello world"),
    (b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
    (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", b""),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b""),
]


@given(st.sampled_from(EXCHANGES), st.data())
def test_cut_anywhere_an_answer_is_the_same(exchange: tuple[bytes, bytes], data: st.DataObject) -> None:
    """Headers, body and end do not depend on how the network cuts the bytes, and the connection stays reusable."""
    raw, body = exchange
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=8)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    whole, _ = read(raw)
    answer, got = read(*pieces)
    assert (got, answer.complete, answer.reusable, answer.headers) == (body, True, True, whole.headers)


@given(st.binary(max_size=300))
def test_garbage_never_escapes_the_error_tree(garbage: bytes) -> None:
    """Whatever a provider sends, the reader gets bytes or an `UpstreamError`."""
    for prefix in (b"", OK, CHUNKED):
        answer = Answer()
        try:
            answer.feed(prefix)
            answer.feed(garbage)
            answer.end()
        except UpstreamError:
            pass


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 2\r\n\r\nhi!",
        OK + b"Content-Length: 2\r\n\r\nhi\r\n",
        OK + b"Content-Length: 2\r\n\r\nhi" + OK + b"\r\n",
        OK + b"Content-Length: 2\r\n\r\nhi" + OK + b"Content-Length: 3\r\n\r\nhey",
        OK + b"Content-Length: 2\r\n\r\nhiHTTP/1.",
        OK + b"Content-Length: 0\r\n\r\n\n",
        CHUNKED + b"0\r\n\r\n\r\n",
        CHUNKED + b"0\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nhi",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nhi",
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_what_follows_a_message_is_dropped_and_spoils_the_connection(raw: bytes, cut: int) -> None:
    """A second answer, garbage or stray line breaks belong to nobody."""
    pieces = [raw[: len(raw) - cut], raw[len(raw) - cut :]] if cut else [raw]
    answer, body = read(*pieces)
    assert answer.complete
    assert not answer.reusable
    assert body in {b"", b"hi"}
    assert answer.status in {200, 204, 304}


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Connection: x\r\nConnection: keep-alive, Close\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ],
)
def test_an_answer_that_closes_is_not_reusable(raw: bytes) -> None:
    """Complete, but the last on its connection."""
    answer, body = read(raw)
    assert (body, answer.complete, answer.reusable) == (b"hi", True, False)


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 0x2\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"X: a\rb\r\n",
        b"X: a\x00b\r\n",
        b"X: a\n b\r\n",
        b"X : a\r\n",
        b"X y: a\r\n",
        b": a\r\n",
        b"no colon\r\n",
    ],
)
def test_a_head_that_two_readers_would_read_differently_is_refused(fields: bytes) -> None:
    """Doubtful framing and header values with line breaks are the provider's error, whatever follows."""
    with pytest.raises(UpstreamProtocolError):
        read(OK + fields + b"\r\n" + b"2\r\nhi\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [b"000", b"099", b"600", b"999", b"99", b"0200", b"abc", b""])
def test_a_status_that_does_not_exist_is_refused(status: bytes) -> None:
    """uvicorn could not write it."""
    with pytest.raises(UpstreamProtocolError):
        read(b"HTTP/1.1 " + status + b" What\r\nContent-Length: 0\r\n\r\n")


def test_head_answers_end_at_their_head() -> None:
    """Whatever they declare; only an unambiguous one leaves the connection reusable."""
    for fields, reusable in (
        (b"Content-Length: 9\r\n", True),
        (b"Transfer-Encoding: chunked\r\n", False),
        (b"", False),
    ):
        answer, body = read(OK + fields + b"\r\n", head_only=True)
        assert (answer.complete, answer.bodyless, body, answer.reusable) == (True, True, b"", reusable)
    answer, body = read(OK + b"Content-Length: 2\r\n\r\nhi", head_only=True)
    assert (body, answer.reusable, answer.excess) == (b"", False, True)


def test_a_close_delimited_body_ends_with_an_orderly_close_only() -> None:
    """A broken connection cuts it."""
    answer, body = read(OK + b"\r\nhello")
    assert (body, answer.complete, answer.content_length) == (b"hello", False, None)
    answer.end()
    assert answer.complete
    answer, _ = read(OK + b"\r\nhello")
    with pytest.raises(UpstreamCut):
        answer.end(ConnectionResetError())


def test_interim_answers_share_the_bounds_of_the_head() -> None:
    """A provider cannot send hints for ever."""
    with pytest.raises(UpstreamProtocolError, match="64 KiB"):
        read(*[b"HTTP/1.1 103 Early Hints\r\nLink: %b\r\n\r\n" % (b"a" * 1000)] * (MAX_HEAD // 1000 + 1))


@pytest.mark.parametrize("flood", [b"5;" + b"a" * 1000, b"0\r\nX: " + b"a" * 1000])
def test_chunk_extensions_and_trailers_are_bounded(flood: bytes) -> None:
    """They are dropped, but a trailer that never ends would be held."""
    answer, body = read(CHUNKED + b"2\r\nhi\r\n")
    assert body == b"hi"
    answer.feed(flood)
    for _ in range(MAX_OVERHEAD // 1000 - 1):
        answer.feed(b"a" * 1000)
    with pytest.raises(UpstreamCut):
        answer.feed(b"a" * 1000)


def test_a_long_stream_of_small_chunks_is_no_overhead() -> None:
    """The bound is on what comes between two parts of the body, not on the sum."""
    answer, _ = read(CHUNKED)
    for _ in range(5000):
        answer.feed(b"1;ext=aaaaaaaaaaaaaaaaaaa\r\n")
        answer.feed(b"x\r\n")
    answer.feed(b"0\r\n\r\n")
    assert len(answer.take() or b"") == 5000
    assert answer.reusable
