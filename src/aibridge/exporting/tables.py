"""Tables as CSV: RFC 4180, UTF-8, and nothing in them that a spreadsheet would take for a formula."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from unicodedata import category, normalize
from uuid import UUID

from aibridge.exporting.visible import visible

Cell = str | int | float | Decimal | datetime | UUID | None
"""None is an empty cell; a bool is `true` or `false`; a moment has a time zone."""

CSV_TYPE = "text/csv; charset=utf-8; header=present"

_FORMULAS = frozenset("=+-@")
_STARTS = frozenset("\t\r\n")
_PASSED_OVER = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Mn"})
"""Categories of characters that a spreadsheet may drop before it looks what a cell begins with."""


def csv_of(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Lines of a table, each ended by CR LF; the header is a row like the others."""
    lines = StringIO()
    write = csv.writer(lines, lineterminator="\r\n").writerow
    for row in rows:
        write([_shown(cell) for cell in row])
    return lines.getvalue().encode("utf-8", "replace")


def safe_text(text: str) -> str:
    """The text as a cell that no spreadsheet runs: what begins like a formula has an apostrophe before it.

    Spreadsheets read `=`, `+`, `-` and `@`, some also in full width, as the beginning of a formula, and drop tabs and
    line ends before it (<https://owasp.org/www-community/attacks/CSV_Injection>). What steers terminals is shown.
    """
    return f"'{visible(text)}" if _begins_like_a_formula(text) else visible(text)


def _begins_like_a_formula(text: str) -> bool:
    if text[:1].isalnum():
        return False  # most of them
    if text[:1] in _STARTS:
        return True
    for character in text:
        if normalize("NFKC", character)[:1] in _FORMULAS or character == "\N{MINUS SIGN}":
            return True
        if category(character) not in _PASSED_OVER:
            return False
    return False


def _shown(cell: Cell) -> str | int | float | Decimal:
    match cell:
        case str():
            return safe_text(cell)
        case bool():
            return "true" if cell else "false"
        case int() | float() | Decimal():
            return cell
        case None:
            return ""
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(cell)
