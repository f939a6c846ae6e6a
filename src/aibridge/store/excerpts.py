"""Where in a text something was found: the words around it, with what was found marked. No I/O.

Finds what the database's index finds, in the text as it was written; `aibridge.texts` says what a word is.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from aibridge.texts import BLANKS, IDEOGRAPHS, MAX_WORD, Text

WIDTH = 240
"""Characters of an excerpt."""
BEFORE = 80
"""Characters before the first match."""

_LETTER = f"[^{BLANKS}{IDEOGRAPHS}]"
_ALONE = re.compile(f"[{IDEOGRAPHS}]")
_ESCAPES = re.compile(r"\\[\\bfnrt]")


class Piece(msgspec.Struct, frozen=True):
    """A stretch of an excerpt."""

    text: str
    match: bool
    """It is what was searched for."""


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a text around its first match."""

    pieces: list[Piece]
    """Put together, they are that part as it was written."""
    cut_before: bool
    """The text begins before it."""
    cut_after: bool


def pattern_of(text: Sequence[Text]) -> re.Pattern[str]:
    """What finds any of these in a text as it was written."""
    return re.compile("|".join(map(_pattern, text)), re.IGNORECASE)


def _pattern(text: Text) -> str:
    """There is at least one blank between two words, unless one of them is an ideograph."""
    first, *rest = text.words
    found = re.escape(first) if _ALONE.match(first) else f"(?<!{_LETTER}){re.escape(first)}"
    for before, word in zip(text.words, rest, strict=False):
        gap = "*" if _ALONE.match(before) or _ALONE.match(word) else "+"
        found += f"{_unread(before)}[{BLANKS}]{gap}{re.escape(word)}"
    last = text.words[-1]
    return found if text.beginning or _ALONE.match(last) or _unread(last) else f"{found}(?!{_LETTER})"


def _unread(word: str) -> str:
    """What may follow the part of a long word that is indexed."""
    return f"{_LETTER}*" if len(word) == MAX_WORD else ""


def excerpt(said: str, pattern: re.Pattern[str], *, escaped: bool = False) -> Excerpt | None:
    r"""The part around the first match; None where there is none. `escaped`: it is JSON, where `\n` is a line break."""
    read = without_escapes(said) if escaped else said
    first = pattern.search(read)
    if first is None:
        return None
    start = _beginning(read, first.start())
    return Excerpt(
        pieces=list(_pieces(said, read, pattern, start)), cut_before=start > 0, cut_after=start + WIDTH < len(said)
    )


def without_escapes(json: str) -> str:
    r"""JSON with blanks for its escapes, each character in its place: the `n` of `\n` begins no word."""
    return _ESCAPES.sub("  ", json)


def _beginning(read: str, found: int) -> int:
    """Some way before what was found, at the beginning of a word."""
    start = max(0, found - BEFORE)
    blank = read.find(" ", start, found)
    return blank + 1 if start and blank >= 0 else start


def _pieces(said: str, read: str, pattern: re.Pattern[str], start: int) -> Iterator[Piece]:
    at, end = start, min(start + WIDTH, len(said))
    for match in pattern.finditer(read, start):
        if match.start() >= end:
            break
        if match.start() > at:
            yield Piece(said[at : match.start()], match=False)
        at = min(match.end(), end)
        yield Piece(said[match.start() : at], match=True)
    if at < end:
        yield Piece(said[at:end], match=False)
