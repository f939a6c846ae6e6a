import pytest

from aibridge.dialects.json_scan import Member, scan


def spelled(text: bytes) -> list[tuple[bytes | None, bytes]] | None:
    members = scan(text)
    if members is None:
        return None
    return [(text[slice(*one.key)] if one.key else None, text[one.start : one.end]) for one in members]


def test_it_finds_the_outermost_members_and_leaves_the_inner_ones_alone() -> None:
    assert spelled(b' {"a": 1 ,\n"b":{"a":[2,{}]} , "c" :"x,}\\"]"}') is None  # it begins where it is told to
    assert spelled(b'{"a": 1 ,\n"b":{"a":[2,{}]} , "c" :"x,}\\"]"} \n') == [
        (b'"a"', b"1"),
        (b'"b"', b'{"a":[2,{}]}'),
        (b'"c"', b'"x,}\\"]"'),
    ]


def test_it_finds_the_elements_of_an_array() -> None:
    assert spelled(b'[1, "a,b" ,{"x":[]},[ ]]') == [(None, b"1"), (None, b'"a,b"'), (None, b'{"x":[]}'), (None, b"[ ]")]


@pytest.mark.parametrize("text", [b"{}", b"[]", b"{ \n}", b"[\t]"])
def test_empty_ones_have_no_members(text: bytes) -> None:
    assert scan(text) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"1",
        b'"{}"',
        b"{",
        b'{"a":1',
        b'{"a":1,}',
        b'{"a":}',
        b'{"a"}',
        b"{1}",
        b"{:1}{",
        b'{"a":1:2}',
        b'["a":1]',
        b"[1,]",
        b"[,1]",
        b'{"a":"never ends}',
        b'{"a":1} x',
        b'{"a":1}}',
    ],
)
def test_what_is_broken_at_its_outermost_level_is_refused(text: bytes) -> None:
    assert scan(text) is None


def test_nesting_costs_no_recursion() -> None:
    deep = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b',"b":1}'

    members = scan(deep)

    assert members is not None
    assert [deep[slice(*one.key)] for one in members if one.key] == [b'"a"', b'"b"']


def test_it_starts_where_it_is_told_and_reads_views() -> None:
    assert scan(memoryview(b'xx{"a":1}'), 2) == [Member(key=(3, 6), start=7, end=8)]
