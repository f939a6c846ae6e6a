import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects.notes import MAX_NOTES, Notes
from aibridge.dialects.payload import (
    UNREADABLE,
    as_json,
    decoded,
    fields,
    items,
    key_text,
    list_of,
    object_of,
    parse,
    string,
    text_of,
    truth,
    value,
)

DEEP = b"[" * 20_000 + b"]" * 20_000

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_good_json_is_read_as_python_reads_it(found: object) -> None:
    text = json.dumps(found).encode()
    assert parse(text) == json.loads(text)
    assert value(text, Notes()) == json.loads(text)


@given(st.binary())
def test_no_bytes_whatever_make_it_raise(text: bytes) -> None:
    value(text, Notes())
    fields(text)
    items(text)
    string(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'"\\ud800"', "\ud800"),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1e400}', {"a": math.inf}),
        (b'"\xff"', "\ufffd"),
        (b'"line\nbreak"', "line\nbreak"),
        (b"9" * 5000, math.inf),
        (b"9" * 40, int("9" * 40)),
    ],
)
def test_what_providers_accept_is_read(text: bytes, found: object) -> None:
    assert parse(text) == found


def test_nan_is_a_number_to_python() -> None:
    assert math.isnan(parse(b"[NaN]")[0])


def test_one_unreadable_value_costs_only_itself() -> None:
    notes = Notes()
    text = b'{"a":1,"deep":%b,"list":[1,{"deep":%b,"b":2}],"c":3}' % (DEEP, DEEP)

    found = value(text, notes)

    assert (found["a"], found["list"][0], found["list"][1]["b"], found["c"]) == (1, 1, 2, 3)
    assert notes.told() == (UNREADABLE,)


def test_patience_ends_somewhere() -> None:
    text = b'{"a":{"a":{"a":{"a":{"a":{"x":1,"deep":%b}}}}}}' % DEEP
    assert value(text, Notes()) == {"a": {"a": {"a": {}}}}  # the fifth level was not taken apart


def test_broken_json_has_no_value() -> None:
    notes = Notes()
    assert value(b'{"a":', notes) is None
    assert value(None, notes) is None
    assert notes.told() == (UNREADABLE,)


def test_members_are_found_where_a_strict_parser_gives_up() -> None:
    text = b'{"a":"\\ud800","\\u0062":[%b],"a":2}' % DEEP
    assert {key: len(memoryview(raw)) for key, raw in fields(text).items()} == {"a": 1, "b": len(DEEP) + 2}
    assert fields(None) == fields(b"[1]") == fields(b"nonsense") == fields(b"{nonsense") == {}


def test_elements_are_found_where_a_strict_parser_gives_up() -> None:
    assert [bytes(raw) for raw in items(b'[1,"\\ud800"]')] == [b"1", b'"\\ud800"']
    assert [bytes(raw) for raw in items(b"[1, 2]")] == [b"1", b"2"]
    assert items(None) == items(b"{}") == items(b"[nonsense") == []


def test_a_key_that_is_no_string_stands_for_itself() -> None:
    assert key_text(b'"mo\\u0064el"') == "model"
    assert key_text(b"model") == "model"


def test_values_of_a_wrong_type_are_absent() -> None:
    assert [string(raw) for raw in (b'"x"', b"1", b"null", b'["x"]', None)] == ["x", "", "", "", ""]
    assert [truth(raw) for raw in (b"true", b"false", b"1", b'"true"', None)] == [True, False, False, False, False]
    assert (text_of(1), object_of([]), list_of({})) == ("", {}, [])


def test_text_is_given_as_it_was_sent() -> None:
    assert decoded(b'\xef\xbb\xbf{ "a" : 1 }') == '{ "a" : 1 }'
    assert (as_json("raw"), as_json({"a": [1, "é"]})) == ("raw", '{"a":[1,"é"]}')


def test_remarks_are_kept_once_and_not_without_end() -> None:
    notes = Notes()
    for number in range(100):
        notes.add("the same")
        notes.add(f"remark {number}")
    assert len(notes.told()) == MAX_NOTES
    assert notes.told()[:3] == ("the same", "remark 0", "remark 1")


def test_what_is_nested_too_deeply_to_be_written_is_left_out() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert as_json(deep) == ""
    assert as_json([[1]]) == "[[1]]"
