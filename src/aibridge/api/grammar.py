r"""The grammar of `q`: terms apart by blanks, each `key:value` or a bare word.

Pure text work. Keys are read in lower case, values as they are written. What holds a blank or a colon stands in double
quotes, within which `\"` is a quote and `\\` a backslash.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

BLANKS: Final = " \t\r\n"


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with a query: a key, or `q` for the query itself, and the way out."""

    field: str
    detail: str


class QueryRefused(Exception):
    """The query cannot be understood; every reason is told."""

    def __init__(self, reasons: Iterable[Wrong]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reason.detail for reason in self.reasons))


class Bare(msgspec.Struct, frozen=True):
    """Something without a key."""

    text: str
    quoted: bool
    """It is in double quotes, all of it."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A query taken apart."""

    values: dict[str, list[str]]
    """By key, in the order of their first use."""
    bare: tuple[Bare, ...]
    """What has no key, in order."""

    @property
    def words(self) -> str:
        """What has no key, joined by single blanks; empty when there is nothing."""
        return " ".join(bare.text for bare in self.bare)


def read_terms(q: str) -> Terms:
    """Take a query apart. Raises `QueryRefused`."""
    values: dict[str, list[str]] = {}
    bare: list[Bare] = []
    wrong: list[Wrong] = []
    for written, pieces in _elements(q):
        reason = _reason(written, pieces)
        if reason is not None:
            wrong.append(reason)
        elif len(pieces) == 1:
            bare.append(Bare(pieces[0], quoted=written[0] == written[-1] == '"'))
        else:
            values.setdefault(pieces[0].lower(), []).append(pieces[1])
    if wrong:
        raise QueryRefused(wrong)
    return Terms(values=values, bare=tuple(word for word in bare if word.text))


def _reason(written: str, pieces: Sequence[str]) -> Wrong | None:
    if len(pieces) == 1:
        return None
    if written[0] == ":" or written[-1] == ":":
        return Wrong("q", f"Query element \"{written}\" cannot start or end with ':'")
    if len(pieces) > 2:  # noqa: PLR2004 - a key and a value
        return Wrong("q", f"Query element \"{written}\" can only contain 1 ':'; put the value into double quotes")
    if not pieces[0]:
        return Wrong("q", f'Query element "{written}" has an empty key')
    if not pieces[1]:
        return Wrong(pieces[0].lower(), f'Query element "{written}" has an empty value')
    return None


def _elements(q: str) -> Iterator[tuple[str, list[str]]]:
    """Each element as it is written, and its pieces between the colons, without quotes. Raises `QueryRefused`."""
    if "\0" in q:
        raise QueryRefused([Wrong("q", "Query holds U+0000, which nothing on record does")])
    start = 0
    while start < len(q):
        end, pieces = _element(q, start)
        if end > start:
            yield q[start:end], pieces
        start = end + 1


def _element(q: str, start: int) -> tuple[int, list[str]]:
    """Where the element ends that starts here, and its pieces."""
    pieces = [""]
    quoted = False
    at = start
    while at < len(q) and (quoted or q[at] not in BLANKS):
        letter = q[at]
        if quoted and letter == "\\" and q[at + 1 : at + 2] in {'"', "\\"}:
            at += 1
            pieces[-1] += q[at]
        elif letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            pieces.append("")
        else:
            pieces[-1] += letter
        at += 1
    if quoted:
        raise QueryRefused([Wrong("q", f"Query element {q[start:]} has a double quote without its end")])
    return at, pieces


def quoted(value: str) -> str:
    """A value as it may always be written: `key:` before it makes a term."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
