"""Every value becomes one that the database accepts; what had to be changed is named."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aibridge.recording import storable
from aibridge.recording.storable import Notes


def noted(notes: Notes) -> tuple[str, ...]:
    return tuple(notes)


@pytest.mark.parametrize("value", ["", "plain", "Grüße 🌍", "\ufffd", "tab\tline\n\x01\x7f"])
def test_clean_text_is_left_alone(value: str) -> None:
    notes = Notes()
    assert (storable.text(value, "x", notes), noted(notes)) == (value, ())


@pytest.mark.parametrize(
    ("value", "stored"),
    [("a\0b", "a\ufffdb"), ("\0", "\ufffd"), ("a\ud800b", "a\ufffdb"), ("ü\udfff\0", "ü\ufffd\ufffd")],
)
def test_what_text_cannot_hold_is_replaced(value: str, stored: str) -> None:
    notes = Notes()
    assert storable.text(value, "prompt", notes) == stored
    assert noted(notes) == ("prompt: unstorable characters replaced by U+FFFD",)


def test_endless_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storable, "MAX_TEXT_CHARS", 10)
    notes = Notes()
    assert storable.text("ü" * 11, "thought", notes) == "ü" * 10
    assert noted(notes) == ("thought: cut at 10 characters",)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("m" * 512, "m" * 512),
        ("m" * 513, "m" * 512),
        ("ü" * 256, "ü" * 256),
        ("ü" * 257, "ü" * 256),
        ("m" * 511 + "ü", "m" * 511),
        ("🌍" * 129, "🌍" * 128),
    ],
)
def test_indexed_text_is_cut_at_512_bytes_never_inside_of_a_character(value: str, stored: str) -> None:
    notes = Notes()
    assert storable.indexed(value, "model", notes) == stored
    assert noted(notes) == (() if value == stored else ("model: cut at 512 bytes",))


@pytest.mark.parametrize(("value", "stored"), [(None, None), ("", None), ("a", "a")])
def test_optional_text_is_there_or_not(value: str | None, stored: str | None) -> None:
    assert storable.optional_indexed(value, "x", Notes()) == stored


@pytest.mark.parametrize(
    ("value", "stored", "notes"),
    [
        (None, None, ()),
        ("  ", None, ()),
        (" a b ", "a b", ()),
        ("s" * 256, "s" * 256, ()),
        ("ü" * 257, "ü" * 256, ("client_session_id: cut at 256 characters",)),
        ("a\0", "a\ufffd", ("client_session_id: unstorable characters replaced by U+FFFD",)),
    ],
)
def test_a_session_id_is_trimmed_and_cut(value: str | None, stored: str | None, notes: tuple[str, ...]) -> None:
    found = Notes()
    assert (storable.session_id(value, found), noted(found)) == (stored, notes)


def test_an_error_message_is_cut_at_1024_bytes() -> None:
    notes = Notes()
    assert storable.error_message("x" + "ü" * 600, notes) == "x" + "ü" * 511
    assert noted(notes) == ("error_message: cut at 1024 bytes",)


@pytest.mark.parametrize(
    ("value", "stored"),
    [(None, None), (0, 0), (7, 7), (2**63 - 1, 2**63 - 1), (3.0, 3), (0.0, 0)],
)
def test_a_count_stays_what_it_is(value: Any, stored: int | None) -> None:
    """Zero is zero, unknown is unknown."""
    notes = Notes()
    found = storable.count(value, "input_tokens", notes)
    assert (found, type(found), noted(notes)) == (stored, type(stored), ())


@pytest.mark.parametrize("value", [-1, 2**63, 10**30, 1.5, float("inf"), float("nan"), True, "7", [7], 1e300])
def test_what_is_no_count_is_unknown(value: Any) -> None:
    notes = Notes()
    assert storable.count(value, "input_tokens", notes) is None
    assert noted(notes) == ("input_tokens: not a count in 0..2^63-1, dropped",)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def levels_of(value: Any) -> int:
    return 1 + max((levels_of(member) for member in value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("value", [{}, {"a": 1, "b": [True, None, 1.5, "x"], "c": {"d": "ü"}}])
def test_plain_metadata_is_left_alone(value: dict[str, Any]) -> None:
    notes = Notes()
    assert (storable.metadata(value, notes), noted(notes)) == (value, ())


@pytest.mark.parametrize(
    ("value", "stored", "note"),
    [
        ({"a\0": "b\0"}, {"a\ufffd": "b\ufffd"}, "unstorable characters replaced by U+FFFD"),
        ({"a": ["\ud800", (1, 2.0)]}, {"a": ["\ufffd", [1, 2]]}, "unstorable characters"),
        ({"a": {"b": 10**30}, "c": 1.5}, {"a": {"b": None}, "c": 1.5}, "an integer beyond 64 bits was dropped"),
        ({"a": "\0", "b": float("inf")}, {"a": "\ufffd", "b": None}, "a number that is not finite was dropped"),
        ({"a": object()}, {"a": None}, "a value of type object was dropped"),
        ({"a": "\0", "b": True, "c": None, "d": 1e300}, {"a": "\ufffd", "b": True, "c": None, "d": 1e300}, "U+FFFD"),
    ],
)
def test_a_member_that_cannot_be_stored_costs_only_itself(
    value: dict[str, Any], stored: dict[str, Any], note: str
) -> None:
    notes = Notes()
    assert storable.metadata(value, notes) == stored
    assert any(note in one for one in notes)


def test_metadata_has_at_most_32_levels() -> None:
    """Deeper down it is dropped; 20,000 levels are as good as 33."""
    for levels in (33, 5000):
        notes = Notes()
        stored = storable.metadata({"deep": nested(levels), "flat": 1}, notes)
        assert (1 + levels_of(stored["deep"]), stored["flat"]) == (32, 1)
        assert noted(notes) == ("metadata: more than 32 levels was dropped",)
    notes = Notes()
    assert storable.metadata({"wide": [[n] for n in range(40)]}, notes) == {"wide": [[n] for n in range(40)]}
    assert noted(notes) == (), "many are not deep"


def test_metadata_has_at_most_16_kib() -> None:
    """Key by key, in their order: what does not fit is dropped, what does is kept."""
    notes = Notes()
    value = {"a": list(range(3000)), "b": list(range(3000)), "c": 1}
    stored = storable.metadata(value, notes)
    assert list(stored) == ["a", "c"]
    assert noted(notes) == ("metadata.b: dropped, metadata is bounded to 16384 bytes",)


@pytest.mark.parametrize("text", ["x" * 20_000, "ü" * 20_000, "\n" * 20_000, "\x01" * 20_000, '"' * 20_000])
def test_a_text_too_long_for_metadata_is_cut(text: str) -> None:
    """It may be the prompt of a side request, which must not vanish."""
    notes = Notes()
    stored = storable.metadata({"client": "x", "side_prompt": text, "more": "x" * 9000}, notes)
    assert len(stored["side_prompt"]) > 2000
    assert text.startswith(stored["side_prompt"])
    assert len(msgspec.json.encode(stored)) <= 16 * 1024 + 64
    assert "metadata.side_prompt: cut, metadata is bounded to 16384 bytes" in noted(notes)


def test_where_nothing_is_left_a_text_is_dropped() -> None:
    notes = Notes()
    stored = storable.metadata({"a": "x" * 16_350, "b": "y" * 100}, notes)
    assert list(stored) == ["a"]
    assert noted(notes) == ("metadata.b: dropped, metadata is bounded to 16384 bytes",)


def test_notes_are_kept_once_and_in_order() -> None:
    notes = Notes(("a", "b"))
    notes.add("c")
    notes.add("a")
    assert (notes.told(), list(notes)) == (("a", "b", "c"), ["a", "b", "c"])


def test_what_msgspec_writes_itself_is_plain() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert storable.metadata({"at": moment}, Notes()) == {"at": moment}
