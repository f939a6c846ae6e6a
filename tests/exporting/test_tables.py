"""CSV that any spreadsheet opens and none obeys."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import StringIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.exporting.tables import csv_of, safe_text


def test_a_table_is_lines_of_rfc_4180() -> None:
    """Commas, quotes and line ends stand in quotes; quotes are doubled; every line ends with CR LF."""
    made = csv_of([("id", "said"), (1, 'a "word", and\nanother'), (2, "plain")])
    assert made == b'id,said\r\n1,"a ""word"", and\nanother"\r\n2,plain\r\n'


def test_values_are_written_as_what_they_are() -> None:
    """Numbers stay numbers, also below zero; unknown is empty; moments are RFC 3339 in UTC."""
    west = timezone(timedelta(hours=-5))
    row = (-5, Decimal("-0.25"), 1.5, None, True, False, UUID(int=1), datetime(2026, 1, 2, 22, 0, 0, 5, tzinfo=west))
    assert csv_of([row]) == (
        b"-5,-0.25,1.5,,true,false,00000000-0000-0000-0000-000000000001,2026-01-03T03:00:00.000005Z\r\n"
    )
    assert csv_of([(datetime(2026, 1, 2, tzinfo=UTC),)]) == b"2026-01-02T00:00:00Z\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\tx",
        "\rx",
        "\nx",
        '=HYPERLINK("http://evil.example","click")',
        "=cmd|' /C calc'!A0",
        "＝1+1",  # noqa: RUF001 - full width is the point, here and below
        "＋1",  # noqa: RUF001
        "－1",  # noqa: RUF001
        "＠SUM(A1)",  # noqa: RUF001
        "﹦1",
        "﹣1",
        "−1",  # noqa: RUF001
        "  =1+1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b=1",
        "\x00=1",
        "\u202e=1",
    ],
)
def test_what_begins_like_a_formula_becomes_text(text: str) -> None:
    """An apostrophe stands before it, whatever a spreadsheet drops or folds first."""
    assert safe_text(text).startswith("'")


@pytest.mark.parametrize("text", ["", "x", "a=b", "1-1", "'quoted", "  words", "\u05d0\u05d1", "🙂 = :)", "0"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_nothing_in_a_cell_steers_a_terminal() -> None:
    """Whoever looks at the file with `cat` sees the escape, and the override that would turn the line around."""
    made = csv_of([("\x1b]0;owned\x07", "abc\u202egnp.exe", "a\x9b31m")]).decode()
    assert made == "␛]0;owned␇,abc⟨U+202E⟩gnp.exe,a⟨U+009B⟩31m\r\n"


def test_half_a_character_is_no_failure() -> None:
    """A lone surrogate has no UTF-8."""
    assert csv_of([("a\ud800b",)]) == b"a?b\r\n"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    """No text moves into another cell or line, and none begins like a formula."""
    read = list(csv.reader(StringIO(csv_of(rows).decode(), newline="")))
    assert len(read) == len(rows)
    for texts, cells in zip(rows, read, strict=True):
        assert len(cells) == len(texts)
        assert not any(cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} for cell in cells if cell)
