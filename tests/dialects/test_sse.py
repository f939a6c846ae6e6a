import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects.sse import EventReader, parse_event
from support.answers import pieces

STREAM = (
    "event: a\ndata: {}\n\n: comment\n\ndata:é1\ndata: 2\n\n\nid: 7\nretry: 5\nevent:b\ndata:  x\n\ndata: open".encode()
)
EVENTS = [(b"a", b"{}"), (b"", "é1\n2".encode()), (b"b", b" x"), (b"", b"open")]


def read(chunks: list[bytes], max_event: int = 1000) -> tuple[list[tuple[bytes, bytes]], bool]:
    reader = EventReader(max_event)
    events = [event for chunk in chunks for event in reader.events(reader.feed(chunk))]
    events += reader.events(reader.rest())
    return [parsed for parsed in map(parse_event, events) if parsed[1]], reader.overflowed


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("cut", range(len(STREAM) + 20))
def test_a_stream_cut_anywhere_is_the_same_stream(line_end: bytes, cut: int) -> None:
    whole = STREAM.replace(b"\n", line_end)
    assert read([whole[:cut], whole[cut:]]) == (EVENTS, False)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_byte_by_byte_is_the_same_stream(line_end: bytes) -> None:
    whole = STREAM.replace(b"\n", line_end)
    assert read([whole[at : at + 1] for at in range(len(whole))]) == (EVENTS, False)


def test_a_byte_order_mark_before_the_first_event_is_no_part_of_it() -> None:
    assert parse_event(b"\xef\xbb\xbfevent: a\ndata: 1") == (b"a", b"1")


def test_an_event_of_one_line_may_be_its_name_or_its_data() -> None:
    assert parse_event(b"event: a\nid: 1") == (b"a", b"")
    assert parse_event(b"data: 1\nevent: a") == (b"a", b"1")
    assert parse_event(b"data") == (b"", b"")


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("size", [30, 31, 40, 500])
def test_an_event_beyond_the_bound_costs_only_itself_however_it_is_cut(seed: int, size: int) -> None:
    large = b"data: " + b"x" * (size - 6)
    whole = b"data: 1\n\n" + large + b"\n\ndata: 2\n\n" + large + b"\n\n" + large + b"\n\ndata: 3\n\n"

    events, overflowed = read(list(pieces(whole, seed)), max_event=30)

    expected = [b"1", large[6:], b"2", large[6:], large[6:], b"3"] if size <= 30 else [b"1", b"2", b"3"]
    assert [data for _, data in events] == expected
    assert overflowed is (size > 30)


def test_an_open_event_beyond_the_bound_is_not_kept() -> None:
    reader = EventReader(30)
    for _ in range(1000):
        assert reader.feed(b"data: " + b"x" * 60) == b""
    assert reader.rest() == b""
    assert reader.overflowed
    assert reader.feed(b"\n\ndata: 1\n\n") == b"data: 1"


@given(st.lists(st.sampled_from([b"data: 1", b"\n", b"\n\n", b"\r\n", b":", b"x" * 40, b"event: e\n"])), st.integers())
def test_any_stream_reads_the_same_however_it_is_cut(parts: list[bytes], seed: int) -> None:
    whole = b"".join(parts)
    assert read(list(pieces(whole, seed)), max_event=30) == read([whole], max_event=30)
