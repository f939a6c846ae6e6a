"""Where the members of one JSON object or array stand, whatever their values hold.

The slow, patient reader: no recursion, so 20,000 nested brackets are just tokens; no copy, so spans can be edited in
place. It checks the outermost structure only; a value is judged when it is read.
"""

import re
import sys
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from aibridge.errors import TooManyMembers

Text = bytes | bytearray | memoryview

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{},:]', re.DOTALL)
"""A whole string, or one structural byte. A lone quote is a string that never ends."""
_SPACE = re.compile(rb"[ \t\r\n]*")
MOST_TOKENS = 8_000_000
"""Strings and structural bytes of a text that are looked at: seconds of work. 64 MiB of a conversation have fewer."""
_OPENING, _CLOSING, _BRACKETS = b"[{", b"]}", (b"[", b"{")
_OPENING_BRACE, _COLON, _QUOTE = ord("{"), ord(":"), ord('"')


class Member(NamedTuple):
    """Byte offsets into the scanned text. In an array `key` is None."""

    key: tuple[int, int] | None
    start: int
    end: int


def skip_space(text: Text, at: int) -> int:
    """The offset of the first byte from `at` on that is not JSON white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def scan(text: Text, start: int = 0, *, most: int | None = None) -> list[Member] | None:
    """List the outermost members of the object or array that begins at `start`; None when it is neither, or broken.

    Raises `TooManyMembers` when it has more than `most`, or more than `MOST_TOKENS` of whatever depth. With no `most`
    given, the latter is broken, too.
    """
    try:
        cuts = _outermost_cuts(text, start, most or sys.maxsize) if bytes(text[start : start + 1]) in _BRACKETS else []
    except TooManyMembers:
        if most is not None:
            raise
        return None
    if not cuts or skip_space(text, cuts[-1] + 1) < len(text):
        return None
    if len(cuts) == 2 and skip_space(text, start + 1) == cuts[1]:  # noqa: PLR2004  # nothing between the brackets
        return []
    members: list[Member] = []
    key = None
    for before, after in pairwise(cuts):
        piece = _trim(text, before + 1, after)
        if text[after] != _COLON:
            members.append(Member(key, *piece))
            key = None
        elif key is None:
            key = piece
        else:
            return None
    named = text[start] == _OPENING_BRACE
    return members if all((m.key is not None) is named and m.start < m.end for m in members) else None


def _outermost_cuts(text: Text, start: int, most: int) -> list[int]:
    """Offsets of the brackets, colons and commas of the outermost level; empty when it never closes."""
    depth = 0
    cuts: list[int] = []
    tokens = _TOKEN.finditer(text, start)
    for token in islice(tokens, MOST_TOKENS):
        at = token.start()
        mark = text[at]
        if mark == _QUOTE:
            if token.end() == at + 1:
                return []
        elif mark in _OPENING:
            depth += 1
            if depth == 1:
                cuts.append(at)
        elif mark in _CLOSING:
            depth -= 1
            if depth == 0:
                return [*cuts, at]
        elif depth == 1:
            cuts.append(at)
            if len(cuts) > 2 * most:  # a colon and a comma for each
                raise TooManyMembers
    return _never_closes(tokens)


def _never_closes(left: Iterator[re.Match[bytes]]) -> list[int]:
    if next(left, None) is not None:
        raise TooManyMembers
    return []


def _trim(text: Text, start: int, end: int) -> tuple[int, int]:
    start = skip_space(text, start)
    while end > start and text[end - 1] in b" \t\r\n":
        end -= 1
    return start, end
