import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects import json_scan
from aibridge.dialects.body import COUNTED_FROM, MOST_MEMBERS, ONCE_ONLY, members, object_start, read_head
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import UNREADABLE, value
from aibridge.errors import RequestRefused

DEEP = b"[" * 20_000 + b"]" * 20_000


def head(body: bytes | bytearray | memoryview) -> dict[str, bytes] | None:
    found = read_head(body)
    return None if found is None else {key: bytes(memoryview(raw)) for key, raw in found.items()}


def refusal(body: bytes) -> RequestRefused:
    with pytest.raises(RequestRefused) as refused:
        read_head(body)
    return refused.value


@pytest.mark.parametrize("written", [{"separators": (",", ":")}, {}, {"indent": "\t"}])
def test_members_are_found_however_the_body_is_laid_out(written: dict[str, object]) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": 'a "model": {'}], "tools": [], "é": None}
    body = json.dumps(asked, ensure_ascii=False, **written).encode()  # type: ignore[arg-type]

    found = head(b" \n" + body + b"\r\n ")

    assert found is not None
    assert {key: json.loads(raw) for key, raw in found.items()} == asked


@pytest.mark.parametrize("body", [b"{}", b" { } ", b"\xef\xbb\xbf{}"])
def test_an_empty_object_has_no_members(body: bytes) -> None:
    assert head(body) == {}


@pytest.mark.parametrize("body", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    assert refusal(body).status == 400


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b" 5", b"null", b'["\\ud800"]'])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert refusal(body).status == 400


@pytest.mark.parametrize(
    "body", [b"hello", b"{", b'{"model":"m"', b'{"model":"m",}', b"[1", b"\x1f\x8b\x08", b"{}{}", DEEP]
)
def test_what_is_not_json_is_forwarded_unread(body: bytes) -> None:
    assert read_head(body) is None


@pytest.mark.parametrize("key", sorted(ONCE_ONLY))
@pytest.mark.parametrize(
    "body",
    [
        b'{"KEY":1,"x":2,"KEY":3}',
        b'{"KEY":1,"KEY":1}',
        b'{ "x" : {} , "KEY" : 1 , "KEY" : 1 }',
        b'{"KEY":"   ","KEY":","}',
        b'{"KEY":1,"ESC":3}',
        b'{"ESC":3,"KEY":1}',
        b'{"KEY":1,"x":"\\ud800","KEY":2}',
        b'{"KEY":1,"x":DEEP,"KEY":2}',
    ],
)
def test_a_repeated_member_is_refused_however_it_is_spelt(key: str, body: bytes) -> None:
    """Two parsers would read two requests: one would be recorded, the other answered."""
    escaped = f"\\u{ord(key[0]):04x}{key[1:]}".encode()
    body = body.replace(b"KEY", key.encode()).replace(b"ESC", escaped).replace(b"DEEP", DEEP)

    refused = refusal(body)

    assert refused.status == 400
    assert repr(key) in str(refused)


def test_the_same_name_further_inside_is_no_repetition() -> None:
    tools = b'[{"model":"b","input":1},{"input":{"model":"c"}}]'
    body = b'{"model":"a","tools":%b,"metadata":{"model":"d"},"s":"\\"model\\":1"}' % tools
    assert (head(body) or {})["model"] == b'"a"'


def test_other_members_may_be_repeated_and_the_last_one_counts() -> None:
    assert head(b'{"x":1,"model":"m","x":2}') == {"x": b"2", "model": b'"m"'}


@given(
    st.lists(st.tuples(st.sampled_from(["model", "stream", "x", "yy"]), st.sampled_from(["1", '" "', '","', "[]"]))),
    st.sampled_from(["", " ", "      ", "\n"]),
)
def test_no_layout_hides_a_repetition(listed: list[tuple[str, str]], space: str) -> None:
    text = "{" + ",".join(f'{space}"{key}"{space}:{space}{raw}{space}' for key, raw in listed) + "}"
    twice = any(sum(key == once for key, _ in listed) > 1 for once in ("model", "stream"))
    if twice:
        assert refusal(text.encode()).status == 400
    else:
        assert head(text.encode()) == {key: raw.encode() for key, raw in listed}


def test_escaped_names_are_found_by_what_they_spell() -> None:
    assert head(b'{"mo\\u0064el":"m"}') == {"model": b'"m"'}


def test_one_member_that_no_parser_can_read_leaves_the_others_readable() -> None:
    assert (head(b'{"model":"m","x":%b}' % DEEP) or {})["model"] == b'"m"'


@pytest.mark.parametrize(
    "body",
    [
        bytearray(b'{"model":"m"}'),
        memoryview(b'{"model":"m"}'),
        memoryview(bytearray(b'{"model":"m"}')),
        memoryview(b'xx{"model":"m"}yy')[2:-2],
    ],
)
def test_any_buffer_is_read(body: bytearray | memoryview) -> None:
    assert head(body) == {"model": b'"m"'}


def test_a_body_is_viewed_not_copied() -> None:
    body = bytearray(b'{"model":"m","messages":[]}')
    found = read_head(memoryview(body))
    assert found is not None
    body[10:11] = b"n"
    assert bytes(memoryview(found["model"])) == b'"n"'


def test_members_stand_where_they_can_be_edited() -> None:
    body = b'\xef\xbb\xbf {"a": 1, "b": null}'
    start = object_start(body)
    assert start == 4
    place = members(body, start)["b"]
    assert body[place.start : place.end] == b"null"
    assert members(b"{", 0) == {}


@pytest.mark.parametrize("odd", [b"", b'"\\ud800":0,'], ids=["plain", "read patiently"])
@pytest.mark.parametrize("count", [MOST_MEMBERS, MOST_MEMBERS + 1])
def test_a_large_body_of_too_many_members_is_refused(odd: bytes, count: int) -> None:
    """Each is held by name: 36 MB of them took 600 MB of memory."""
    names = b"".join(b'"k%d":1,' % number for number in range(count - 2 - bool(odd)))
    body = b"{" + odd + names + b'"model":"m","pad":"' + b" " * COUNTED_FROM + b'"}'
    if count > MOST_MEMBERS:
        with pytest.raises(RequestRefused, match="more than 10000 members"):
            read_head(body)
    else:
        found = head(body)
        assert found is not None
        assert (len(found), found["model"]) == (MOST_MEMBERS, b'"m"')


@pytest.mark.parametrize(
    "inside", [b"[" * 600 + b"]" * 600, b"[]," * 400 + b"1", b"[" * 1200], ids=["deep", "wide", "open"]
)
def test_a_large_body_is_not_read_patiently_without_end(monkeypatch: pytest.MonkeyPatch, inside: bytes) -> None:
    """60 MB of brackets took twenty seconds of CPU, and every other large body waited for them."""
    monkeypatch.setattr(json_scan, "MOST_TOKENS", 1000)
    body = b'{"model":"\\ud800","pad":"' + b" " * COUNTED_FROM + b'","messages":[' + inside + b"]}"
    with pytest.raises(RequestRefused, match="too many values inside"):
        read_head(body)
    monkeypatch.setattr(json_scan, "MOST_TOKENS", 10_000)
    assert (read_head(body) is None) == inside.endswith(b"[")


def test_a_value_with_too_much_inside_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scan, "MOST_TOKENS", 100)
    notes = Notes()
    assert value(b'{"odd":01,"many":[' + b"[]," * 50 + b"1]}", notes) is None
    assert notes.told() == (UNREADABLE,)


def test_a_small_body_may_have_as_many_members_as_fit() -> None:
    """What they cost is bounded by its size."""
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(MOST_MEMBERS + 1)) + b"}"
    assert len(read_head(body) or {}) == MOST_MEMBERS + 1
