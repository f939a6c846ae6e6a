"""Sums of tokens, and of whatever integers providers tell beside them."""

from typing import Any

import pytest

from aibridge.store.token_sums import Sums


def integer_leaves(metadata: object) -> dict[str, int]:
    sums = Sums()
    sums.tell(metadata)
    return sums.metadata


@pytest.mark.parametrize(
    ("metadata", "leaves"),
    [
        (None, {}),
        ({}, {}),
        ([1], {}),
        ("text", {}),
        ({"a": 1, "b": -2, "c": 0}, {"a": 1, "b": -2, "c": 0}),
        ({"cache": {"read_tokens": 10, "deep": {"er": 1}}}, {"cache.read_tokens": 10, "cache.deep.er": 1}),
        ({"a": "1", "b": True, "c": None, "d": [1, {"e": 2}], "f": 1.5, "g": 2.0, "h": {}}, {}),
        ({"a": {"b": 1}, "a.b": 2}, {"a.b": 3}),
        ({"": 1, "x": {"": 2}}, {"": 1, "x.": 2}),
        ({"a": 2**80}, {"a": 2**80}),
    ],
)
def test_integers_by_key(metadata: object, leaves: dict[str, int]) -> None:
    assert integer_leaves(metadata) == leaves


def test_metadata_may_be_nested_deeper_than_python_calls() -> None:
    metadata: dict[str, Any] = {"n": 1}
    for _ in range(5000):
        metadata = {"x": metadata}
    assert integer_leaves(metadata) == {"x." * 5000 + "n": 1}


def test_unknown_and_unknown_is_unknown_in_a_step_and_nothing_in_a_whole() -> None:
    sums = Sums()
    sums.count((None, None, 0, 5))
    sums.count((None, 7, None, None))
    sums.tell({"n": 1})
    assert sums.step().counts == (None, 7, 0, 5)
    whole = sums.whole()
    assert (whole.input_tokens, whole.output_tokens, whole.cache_read_input_tokens) == (0, 7, 0)
    assert (whole.cache_write_input_tokens, whole.metadata) == (5, {"n": 1})
