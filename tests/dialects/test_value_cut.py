"""Texts that are cut before they are decoded: a beginning of the text, long enough, and nothing torn."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import value_cut

LETTERS = st.text(alphabet=["a", "b", "\\", '"', "\n", "é", "\U0001f600"], max_size=400)


@given(LETTERS, st.integers(10, 120), st.booleans())
def test_a_cut_text_is_a_beginning_of_it(text: str, most: int, escaped: bool) -> None:  # noqa: FBT001  hypothesis gives it
    """Wherever the cut falls: in an escape, in half of one, in a character."""
    notes = Notes()
    body = json.dumps({"x": [text, {"y": text}, 7, None]}, ensure_ascii=escaped).encode()
    found = value_cut(body, notes, most)
    for kept in (found["x"][0], found["x"][1]["y"]):
        assert text.startswith(kept)
        assert kept == text or len(kept.encode()) >= most
    assert found["x"][2:] == [7, None]
    assert notes.told() == ()


def test_what_is_nested_too_deep_to_be_a_prompt_is_left_out() -> None:
    deep = b'{"a":' * 9 + b'"' + b"x" * 50 + b'"' + b"}" * 9
    found = value_cut(deep, Notes(), 20)
    for _ in range(4):
        found = found["a"]
    assert found is None


@pytest.mark.parametrize("odd", [b"1" + b"0" * 60, b"nonsense" * 20])
def test_what_is_no_text_is_read_as_ever(odd: bytes) -> None:
    assert not isinstance(value_cut(odd, Notes(), 20), str)
