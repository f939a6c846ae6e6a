"""Tokens of caches: columns first, then the greatest of what the metadata tells."""

from typing import Any

import pytest

from aibridge.importing.caches import Caches, caches
from aibridge.recording.storable import Notes


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({}, Caches(0, 0)),
        ({"cache_read_input": 7}, Caches(7, 0)),
        ({"input_cached": 7}, Caches(7, 0)),
        ({"prompt_cached": 7}, Caches(7, 0)),
        ({"cache_creation_input": 3}, Caches(0, 3)),
        ({"cache_read_input": 7, "prompt_cached": 9}, Caches(9, 0)),
        ({"cache_read_input": 9, "input_cached": 7, "prompt_cached": 8}, Caches(9, 0)),
        ({"prompt_cached": 7, "cache_creation_input": 3}, Caches(7, 3)),
        (
            {"cache_creation_input": 3, "cache_ephemeral_5m_input": 1, "cache_ephemeral_1h_input": 2},
            Caches(0, 3),
        ),
        ({"cache_read_input": "12"}, Caches(12, 0)),
        ({"cache_read_input": 12.0}, Caches(12, 0)),
        ({"cache_read_input": None}, Caches(0, 0)),
    ],
)
def test_where_both_columns_are_zero_the_metadata_tells(metadata: dict[str, Any], found: Caches) -> None:
    notes = Notes()
    assert caches(0, 0, metadata, notes) == found
    assert notes.told() == ()


@pytest.mark.parametrize(("read", "write"), [(5, 0), (0, 5), (5, 5)])
def test_a_column_that_is_not_zero_is_left_alone_and_so_is_its_neighbour(read: int, write: int) -> None:
    told = {"cache_read_input": 100, "cache_creation_input": 100}
    assert caches(read, write, told, Notes()) == Caches(read, write)


@pytest.mark.parametrize("figure", ["many", -1, True, 1.5, [1], {"a": 1}, 2**63, "9" * 19, "9" * 30])
def test_what_is_no_count_is_none_and_told(figure: Any) -> None:
    notes = Notes()
    assert caches(0, 0, {"prompt_cached": figure, "input_cached": 4}, notes) == Caches(4, 0)
    assert notes.told() == ("metadata.prompt_cached: not a count in 0..2^63-1, dropped",)


def test_a_negative_column_is_unknown() -> None:
    notes = Notes()
    assert caches(-1, 2, {}, notes) == Caches(None, 2)
    assert notes.told() == ("cache_read_input_tokens: not a count in 0..2^63-1, dropped",)
